package reports

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/readmetest"
)

const readme = "../README.md"

// TestReadmeTables keeps README.md to what the kept reports say.
func TestReadmeTables(t *testing.T) {
	for name, table := range map[string]func(*testing.T) string{
		"truth":          func(t *testing.T) string { return gainInWords(keptSummary(t, "truth")) },
		"stacked":        func(t *testing.T) string { return gainInWords(keptSummary(t, "stacked")) },
		"demo sentences": func(t *testing.T) string { return findings(t, "demo") },
		"demo": func(t *testing.T) string {
			return scoresInWords(keptSummary(t, "demo"), "greedy", "tempered", "sample")
		},
		"negatives":     func(t *testing.T) string { return negativesInWords(keptSummary(t, "negatives")) },
		"reward models": func(t *testing.T) string { return rewardModelsInWords(t, keptSummary(t, "stacked")) },
	} {
		t.Run(name, func(t *testing.T) {
			readmetest.Keep(t, readme, name+", by go test ./reports -run TestReadmeTables -update", table(t), *update)
		})
	}
}

// Figures that README.md's text has of kept reports are theirs: each difference with its
// interval, and each pair of scores, stands in one of the reports that its section is
// about. Single numbers are in every long report by chance.
func TestReadmeFigures(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	figure := regexp.MustCompile(`\d+\.\d{3} (\[−?\d+\.\d{3}, −?\d+\.\d{3}\]|against \d+\.\d{3})`)
	for title, names := range map[string][]string{
		"## What reinforcement learning adds": {"truth", "stacked", "learned"},
		"## What the demo shows":              {"demo"},
		"### Which negatives matter":          {"negatives"},
		"## Your own data and model":          {"paper/debian-descriptions", "paper/first-sentences", "dialogsum"},
	} {
		_, section, found := strings.Cut(string(text), title+"\n")
		if !found {
			t.Fatalf("README.md has no section %q", title)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		said := map[string]bool{}
		for _, name := range names {
			report, err := os.ReadFile(filepath.Join("examples", name, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range figure.FindAllString(string(report), -1) {
				said[f] = true
			}
		}
		for line := range strings.Lines(section) {
			for _, f := range figure.FindAllString(line, -1) {
				if !said[f] {
					t.Errorf("%s: no report of %s has %s: %s", title, strings.Join(names, ", "), f, line)
				}
			}
		}
	}
}

// keptSummary is the summary of a kept report.
func keptSummary(t *testing.T, name string) Summary {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", name, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s Summary
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// findings are the sentences with which a kept report begins.
func findings(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("examples", name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\n\n")
	list, _, found := strings.Cut(list, "\n\n")
	if !found {
		t.Fatalf("the report %s has no sentences", name)
	}
	return list + "\n"
}

// cells is a line of a Markdown table.
func cells(texts ...string) string { return "| " + strings.Join(texts, " | ") + " |\n" }

// versus is the size and the corrected p of a comparison, which may be none.
func versus(v *Versus) (size, p string) {
	if v == nil {
		return "", ""
	}
	size = string(signed(v.Difference) + " " + interval(v.Low, v.High))
	if v.PHolm == nil {
		return size, "–"
	}
	return size, string(probabilityValue(*v.PHolm))
}

// gainInWords is the table of what a gain is made of.
func gainInWords(s Summary) string {
	g := s.Gain
	lines := cells("part of the gain", "control that has it", title(g.Metric)+" over MLE", "RLOO over it", "p") + "|---|---|---:|---:|---:|\n"
	size, p := versus(g.Whole)
	lines += cells("the whole gain", called(g.Baseline.Label), "", size, p)
	for _, part := range g.Parts {
		for _, c := range part.Controls {
			over, _ := versus(c.OverBaseline)
			size, p := versus(c.Treatment)
			name := called(c.Label)
			if c.Kind != byRule && !strings.HasSuffix(name, c.Kind) {
				name += ": " + c.Kind
			}
			lines += cells(part.Part, name, over, size, p)
		}
	}
	return lines
}

// called is how README.md calls the systems of a label.
func called(label string) string {
	for _, name := range []string{"mle", "raft", "rloo"} {
		if rest, ok := strings.CutPrefix(label, name); ok && (rest == "" || rest[0] == ' ' || rest[0] == ',') {
			return strings.ToUpper(name) + rest
		}
	}
	return label
}

// scoresInWords is the main table, of the decodings that are named.
func scoresInWords(s Summary, decodings ...string) string {
	header, rule := []string{"decoding", "outputs", "system"}, "|---|---|---|"
	for _, c := range s.Table.Columns {
		header = append(header, strings.TrimPrefix(title(c.Metric), "the ")+strings.TrimPrefix(c.heading(), c.Metric))
		rule += "---:|"
	}
	lines := cells(header...) + rule + "\n"
	for _, decode := range decodings {
		for _, form := range []string{"raw", "post"} {
			for _, row := range s.Table.Rows {
				if row.Decode != decode || row.Form != form {
					continue
				}
				line := []string{decode, form, called(row.Label)}
				for _, c := range row.Cells {
					line = append(line, string(number(c.Score.Value)))
				}
				lines += cells(line...)
			}
		}
	}
	return lines
}

// negativesInWords has a row for each reward model that policies learned from.
func negativesInWords(s Summary) string {
	columns := []string{"rougeL", "repetition", "length_ratio"}
	lines := cells("system", "ROUGE-L", "over MLE", "p", "repetition", "length ratio (median)") + "|---|---:|---:|---:|---:|---:|\n"
	for _, row := range s.Table.Rows {
		if row.Decode != "greedy" || row.Form != "raw" {
			continue
		}
		var of []Cell
		for _, name := range columns {
			of = append(of, row.Cells[slices.IndexFunc(s.Table.Columns, func(c Column) bool { return c.Metric == name })])
		}
		over, p := versus(of[0].Versus)
		lines += cells(called(row.Label), string(number(of[0].Score.Value)), over, p, string(number(of[1].Score.Value)), string(number(of[2].Score.Value)))
	}
	return lines
}

// rewardModelsInWords is what stacking adds to the reward model of a sweep.
func rewardModelsInWords(t *testing.T, s Summary) string {
	var models []RewardModel
	header := ""
	for _, column := range []struct{ label, name string }{{"rloo", "stacked"}, {"rloo, network alone", "network alone"}, {"rloo, trivial scorers alone", "trivial scorers alone"}} {
		i := slices.IndexFunc(s.RewardModels, func(m RewardModel) bool { return slices.Contains(m.Labels, column.label) })
		if i < 0 {
			t.Fatalf("no reward model of %s", column.label)
		}
		m := s.RewardModels[i]
		m.Samples = slices.DeleteFunc(slices.Clone(m.Samples), func(o RewardSamples) bool { return o.Label != column.label })
		models = append(models, m)
		header += " | " + column.name
	}
	lines := "|" + header + " |\n|---|---:|---:|---:|\n"
	row := func(name, format string, value func(RewardModel) float64) {
		line := []string{name}
		for _, m := range models {
			line = append(line, fmt.Sprintf(format, value(m)))
		}
		lines += cells(line...)
	}
	share := func(value func(RewardModel) float64) func(RewardModel) float64 {
		return func(m RewardModel) float64 { return 100 * value(m) }
	}
	sampled := func(policy, statistic, metric string) func(RewardModel) float64 {
		return func(m RewardModel) float64 {
			return m.Samples[slices.IndexFunc(m.Samples, func(o RewardSamples) bool {
				return o.Policy == policy && o.Statistic == statistic && o.Metric == metric
			})].Value
		}
	}
	row("orders two samples of the MLE policy as la-ROUGE-L does", "%.1f %%", share(sampled(beforeRL, "ranked", rankedBy)))
	row("the same of two samples of the policy that learned from it", "%.1f %%", share(sampled(afterRL, "ranked", rankedBy)))
	row("Pearson's r with la-ROUGE-L within a prompt, MLE's samples", "%.2f", sampled(beforeRL, "pearson", rankedBy))
	row("truth above the MLE policy's samples", "%.1f %%", share(sampled(beforeRL, "truth above", "")))
	for _, kind := range []string{"repetitive", "irrelevant", "shuffled", "copy", "near-miss", "truncated"} {
		of := func(m RewardModel) RewardKind {
			return m.Kinds[slices.IndexFunc(m.Kinds, func(k RewardKind) bool { return k.Kind == kind && k.Ended })]
		}
		best := of(models[0])
		name := fmt.Sprintf("%s (best trivial scorer, “%s”: %.1f %%)", kind, best.Trivial, 100*best.Reaches)
		if !best.Trained {
			name = strings.Replace(name, " (", ", not learned from (", 1)
		}
		row(name, "%.1f %%", share(func(m RewardModel) float64 { return of(m).Accuracy }))
	}
	count := func(is func(RewardKind) bool) func(RewardModel) float64 {
		return func(m RewardModel) (n float64) {
			for _, k := range m.Kinds {
				if k.isSpokenOf() && is(k) {
					n++
				}
			}
			return n
		}
	}
	all := count(func(RewardKind) bool { return true })(models[0])
	row(fmt.Sprintf("kinds of %.0f on which one trivial scorer reaches more", all), "%.0f", count(RewardKind.isBeaten))
	return lines
}
