package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEachDataSetHasAReportOfItsOwn(t *testing.T) {
	s := demo()
	s.examples, s.seeds = 20, []int{1, 2, 3}
	s.labels = []syntheticLabel{
		{name: "plain", algorithm: "none"},
		{name: "ppo", algorithm: "ppo", gain: map[string]float64{"greedy": 0.3}},
		{name: "mle, yours", algorithm: "none", file: "/home/you/news/test.jsonl.gz"},
		{name: "ppo, yours", algorithm: "ppo", file: "/home/you/news/test.jsonl.gz", gain: map[string]float64{"greedy": -0.1}},
	}
	o := options(t.TempDir())
	o.Examples, o.Baseline, o.Treatment, o.Primary.Treatment = 2, "plain", "ppo", "ppo"
	o.Published = filepath.Join(t.TempDir(), "published.toml")
	values := "source = 'Somebody'\n[[value]]\nsystem = 'ppo, yours'\ndecode = 'greedy'\nform = 'raw'\nmetric = 'rougeL'\nvalue = 0.31\n"
	if err := os.WriteFile(o.Published, []byte(values), 0o644); err != nil {
		t.Fatal(err)
	}
	summary, page := write(t, s.store(t), o)
	contains(t, page, "The sweep has 2 data sets.", "## debian-descriptions", "## news", "(news/README.md)", "| published |", "0.310", "Published values: Somebody.",
		"PPO decoded greedily is better than the best control, post-processed outputs of plain decoded greedily,", "“PPO, yours”'s raw outputs decoded greedily are worse than “MLE, yours”'s")

	if len(summary.Data) != 2 || summary.Data[1].Name != "news" {
		t.Fatalf("data sets: %+v", summary.Data)
	}
	for i, own := range [][]string{{"plain", "ppo"}, {"mle, yours", "ppo, yours"}} {
		d := summary.Data[i]
		if got := strings.Join(d.Table.Baselines, "; "); got != own[0] {
			t.Errorf("%s: baselines %s, want %s", d.Name, got, own[0])
		}
		if d.Primary == nil || d.Primary.Treatment.Label != own[1] || d.Primary.Control.Label != own[0] || d.Primary.BestOf != 3 {
			t.Errorf("%s: the primary comparison is %+v, want %s", d.Name, d.Primary, own)
		}
		for _, row := range d.Table.Rows {
			if row.Label != own[0] && row.Label != own[1] {
				t.Errorf("%s: a row of %s", d.Name, row.Label)
			}
		}
		report, err := os.ReadFile(filepath.Join(o.Dir, d.Name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		other := summary.Data[1-i].Table.Baselines[0]
		contains(t, string(report), "# demo: "+d.Name, "20 examples of test")
		if strings.Contains(string(report), other) || strings.Contains(string(report), "has no place") {
			t.Errorf("the report on %s shows what belongs to another:\n%s", d.Name, report)
		}
	}
	// The examples have the same ids in both data sets; each report shows its own texts.
	input := func(name string) bool {
		report, err := os.ReadFile(filepath.Join(o.Dir, name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(report), "News: ")
	}
	if input("debian-descriptions") || !input("news") {
		t.Error("an input of the other data set is shown")
	}
	contains(t, summary.Text(0), "debian-descriptions: ", "news: ", "\nnews\n")
}

func TestDataIsCalledByItsFile(t *testing.T) {
	taken := []dataset{{name: "news"}}
	for file, want := range map[string]string{
		"":                         "files",
		"/data/news/test.jsonl.gz": "news-2",
		"/data/mails.jsonl":        "mails",
		"test.jsonl":               "files",
	} {
		if got := unusedName("files", file, taken); got != want {
			t.Errorf("%q is called %s, want %s", file, got, want)
		}
	}
}
