package reports

import (
	"slices"
	"strings"
	"time"

	"lastmile/reports/document"
)

// methodTitle is the title of the section that other parts refer to.
const methodTitle = "How it was made"

// methodSection says how the numbers came about, and what they cover.
func (b *builder) methodSection() []document.Block {
	var blocks []document.Block
	if b.options.Command != "" {
		blocks = append(blocks, document.CodeBlock{Text: b.options.Command})
	}
	facts := document.Table{Header: document.Row("", "")}
	facts.Add("sweep file", document.Code(b.sweep.File))
	for _, v := range b.options.Versions {
		facts.Add(v.Name, v.Version)
	}
	if first, last := b.span(); !first.IsZero() {
		facts.Add("stages begun", first.Format(time.DateTime)+" to "+last.Format(time.DateTime)+" UTC")
	}
	for _, c := range b.table.Columns {
		for _, signature := range c.Signatures {
			facts.Add(c.Metric, document.Code(signature))
		}
	}
	r := b.statistics.resampling
	facts.Add("resampling", document.Format("%s, seed %d", counted(r.Resamples, "resample"), r.Seed))
	comparisons := 0
	for _, byMetric := range b.table.differences {
		comparisons += len(byMetric)
	}
	blocks = append(blocks, facts,
		paragraph("Intervals are %g %% intervals of a bootstrap. %s", 100*r.Confidence, b.coverage()),
		paragraph("Differences are paired: the same examples, and the same training seeds where two systems share them. p values are those of approximate randomisation over examples, two-sided, after Holm's correction for the %s of the main table and, apart from them, the %s of the controls. A difference is called significant where the corrected p is at most %g. \"Not significantly different\" does not mean equal: the interval says how large a difference may be.",
			counted(comparisons, "comparison"), counted(len(b.controls), "comparison"), significant),
		paragraph("Raw outputs are as the model gave them, cut at the longest response where no end token came; post-processed ones went through the chain above."))
	return append(blocks, b.kinship()...)
}

// kinship warns where a scorer of ours judges what a reward model trained.
func (b *builder) kinship() []document.Block {
	for _, c := range b.table.Columns {
		if slices.ContainsFunc(c.Signatures, func(s string) bool { return strings.HasPrefix(s, "bleurt|model:lastmile-") }) {
			return []document.Block{paragraph("The reward model and the learned scorer learn from the same kinds of negatives, loops, shuffled words and other examples' texts among them: " +
				"what the one rewards by mistake the other may score too well. scorer.exclude leaves kinds out of the scorer's training.")}
		}
	}
	return nil
}

// coverage says what the intervals cover, which depends on the seeds.
func (b *builder) coverage() string {
	fewest := 0
	for _, row := range b.table.Rows {
		if n := len(row.Seeds); fewest == 0 || n < fewest {
			fewest = n
		}
	}
	switch {
	case fewest <= 1:
		return "Where a system has one seed, the bootstrap (BCa) is over examples: the interval covers other examples for this very model, and says nothing of other training seeds."
	case fewest == 2:
		return "The bootstrap is hierarchical, over examples and training seeds: the interval covers other examples, and the difference between the two seeds seen, but not reliably a third seed."
	}
	return "The bootstrap is hierarchical, over examples and training seeds: the interval covers other examples and other training seeds."
}

// span returns when the first and the last stage were begun.
func (b *builder) span() (first, last time.Time) {
	for _, c := range b.costs {
		if first.IsZero() || c.Started.Before(first) {
			first = c.Started
		}
		if c.Started.After(last) {
			last = c.Started
		}
	}
	return first, last
}
