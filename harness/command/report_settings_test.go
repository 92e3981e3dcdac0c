package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/experiments"
)

// reportedBy loads a sweep of two variants with that line in [report].
func reportedBy(t *testing.T, line string) (ReportSettings, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.toml")
	text := `name = "s"
task = { data = "debian-descriptions" }
model = { path = "builtin" }
metrics.names = ["rougeL", "ended"]
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "ppo"
[report]
` + line + "\n"
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	sweep, err := schema().Load(path, experiments.LoadOptions{})
	if err != nil {
		return ReportSettings{}, err
	}
	return ReportOf(sweep), nil
}

func TestThePrimaryComparisonOfASweepFile(t *testing.T) {
	got, err := reportedBy(t, `primary = { metric = "ended", treatment = "ppo", control = "mle", decode = "greedy" }`)
	if err != nil || got.Primary != (PrimarySettings{"ended", "ppo", "mle", "greedy"}) {
		t.Errorf("got %+v, %v", got.Primary, err)
	}
	if got, err = reportedBy(t, ""); err != nil || got.Primary != (PrimarySettings{Control: "best"}) {
		t.Errorf("by default: got %+v, %v", got.Primary, err)
	}
	for line, says := range map[string]string{
		`primary.treatment = "rl"`: `report.primary.treatment: there is no variant or label "rl"; one of mle; ppo`,
		`primary.control = "sft"`:  `report.primary.control: there is no variant or label "sft"; one of best; mle; ppo`,
		`primary.decode = "beam"`:  `report.primary.decode: there is no decoding "beam"; one of `,
		`primary.metric = "chrf"`:  `report.primary.metric: no run scores "chrf"; metrics.names has rougeL, ended`,
		`primary.contrl = "mle"`:   `report.primary.contrl: unknown key; did you mean "report.primary.control"?`,
	} {
		if _, err := reportedBy(t, line); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, expected an error that says %s", line, err, says)
		}
	}
}

// A sweep can have a thousand labels: a complaint names some.
func TestAComplaintNamesSomeOfManyLabels(t *testing.T) {
	var names []string
	for i := range 25 {
		names = append(names, fmt.Sprint("run ", i))
	}
	if got := someNames(names[:20]); got != strings.Join(names[:20], "; ") {
		t.Errorf("of 20 names: %s", got)
	}
	if got := someNames(names); !strings.HasPrefix(got, "run 0; run 1; ") || !strings.HasSuffix(got, "run 19; and 5 more") {
		t.Errorf("of 25 names: %s", got)
	}
}
