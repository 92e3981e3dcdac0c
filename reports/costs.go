package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"lastmile/reports/document"
)

// Stage is what a report has to know of a kind of stage.
type Stage struct {
	Kind string
	// Improves marks a kind that is part of what a run spends beyond MLE.
	Improves bool
}

// stageRank is the place of a kind in the order of a run, the last for one that is
// not listed.
func (b *builder) stageRank(kind string) int {
	for i, s := range b.options.Stages {
		if s.Kind == kind {
			return i
		}
	}
	return len(b.options.Stages)
}

// improves tells whether a kind is part of what a run spends beyond MLE.
func (b *builder) improves(kind string) bool {
	return slices.Contains(b.options.Stages, Stage{kind, true})
}

// costGroup is the stages of a kind that the same labels use.
type costGroup struct {
	kind           string
	labels         []string
	stages, runs   int // runs is how many share one of them, at most
	fewest         int // and at least
	seconds        float64
	tokens, memory int64
}

// costSection is the table of costs.
func (b *builder) costSection() []document.Block {
	if len(b.costs) == 0 {
		return nil
	}
	table := document.Table{
		Header: document.Row("stage", "systems", "stages", "runs sharing one", "time", "tokens", "tokens/s", "peak memory"),
		Align:  []document.Alignment{2: document.Right, 3: document.Right, 4: document.Right, 5: document.Right, 6: document.Right, 7: document.Right},
	}
	total, peak := 0.0, int64(0)
	for _, g := range b.costGroups() {
		total += g.seconds
		peak = max(peak, g.memory)
		labels := "all"
		if len(g.labels) < len(b.labels) {
			labels = strings.Join(g.labels, "; ")
		}
		sharing := fmt.Sprint(g.runs)
		if g.fewest < g.runs {
			sharing = fmt.Sprintf("%d to %d", g.fewest, g.runs)
		}
		tokens, rate := "", ""
		if g.tokens > 0 {
			tokens = humanize.Comma(g.tokens)
			if g.seconds > 0 {
				rate = humanize.Comma(int64(float64(g.tokens) / g.seconds))
			}
		}
		table.Add(g.kind, labels, fmt.Sprint(g.stages), sharing, duration(g.seconds), tokens, rate, memory(g.memory))
	}
	table.Add("total", "", fmt.Sprint(len(b.costs)), "", duration(total), "", "", memory(peak))
	return append([]document.Block{table}, b.budget()...)
}

// costGroups groups the stages by kind and by the labels that use them.
func (b *builder) costGroups() []costGroup {
	var groups []costGroup
	for _, c := range b.costs {
		i := slices.IndexFunc(groups, func(g costGroup) bool { return g.kind == c.Kind && slices.Equal(g.labels, c.Labels) })
		if i < 0 {
			i = len(groups)
			groups = append(groups, costGroup{kind: c.Kind, labels: c.Labels, fewest: c.Runs})
		}
		g := &groups[i]
		g.stages++
		g.runs = max(g.runs, c.Runs)
		g.fewest = min(g.fewest, c.Runs)
		g.seconds += c.Seconds
		g.tokens += int64(c.Tokens)
		g.memory = max(g.memory, c.PeakMemoryBytes)
	}
	slices.SortStableFunc(groups, func(x, y costGroup) int {
		return b.stageRank(x.kind) - b.stageRank(y.kind)
	})
	return groups
}

// budget says what each label's runs spent after MLE, which is what a fair
// control has to match.
func (b *builder) budget() []document.Block {
	var parts []string
	for _, l := range b.labels {
		runs := 0
		for _, run := range b.sweep.Runs {
			if run.Label == l.name && run.Status == "done" {
				runs++
			}
		}
		seconds := 0.0
		var kinds []string
		for _, c := range b.costs {
			if !b.improves(c.Kind) || !slices.Contains(c.Labels, l.name) {
				continue
			}
			seconds += c.Seconds
			if !slices.Contains(kinds, c.Kind) {
				kinds = append(kinds, c.Kind)
			}
		}
		if runs > 0 && seconds > 0 {
			slices.SortStableFunc(kinds, func(x, y string) int { return b.stageRank(x) - b.stageRank(y) })
			parts = append(parts, fmt.Sprintf("%s %s (%s)", l.name, duration(seconds/float64(runs)), strings.Join(kinds, ", ")))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []document.Block{paragraph("After MLE, a run of each system took, stages that it shares counted in full: %s.", strings.Join(parts, "; "))}
}
