package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lastmile/metrics"
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
	blocks = append(blocks, facts,
		paragraph("%s", b.coverage()),
		paragraph("%s", b.testing()),
		paragraph("Shares have Wilson's intervals. Length ratios are told by their median, with Woodruff's interval, and compared by the mean of |ln ratio|: less is closer to 1."),
		paragraph("Raw outputs are as the model gave them, cut at the longest response where no end token came; post-processed ones went through the chain above."))
	return slices.Concat(blocks, b.vouching(), b.kinship())
}

// testing says how differences are tested.
func (b *builder) testing() string {
	text := "Differences are paired: the same examples, and the same training seeds. "
	if b.family == 0 && (b.primary == nil || !b.primary.difference.Tested) {
		return text + fmt.Sprintf("With fewer than %d seeds none is tested.", metrics.FewestSeeds)
	}
	text += "Where systems have three or more seeds, seeds and examples are counted as crossed random draws: SE² is the variance that the seeds contribute and that which the examples contribute, its quantile lies between Student's of the two (Cochran and Cox 1950), and p belongs to that interval. "
	text += fmt.Sprintf("p values are two-sided, after Holm's correction for %s: those of the main table, of the controls, of the parts of the gain and of its other metrics. %sA difference is called significant where the corrected p is below %g; intervals are not corrected. ",
		counted(b.family, "comparison"), b.primaryMethod(), metrics.Level)
	if b.gain != nil && len(b.gain.byMetric) > 0 {
		text += "By the gain's other metrics too the p value of a loss is multiplied by the number of controls of which the best was taken. "
	}
	return text + "With one or two seeds nothing is tested. \"Not significantly different\" does not mean equal: the interval says how large a difference may be."
}

// kinship warns where a scorer of ours judges what a reward model trained.
func (b *builder) kinship() []document.Block {
	for _, c := range b.table.Columns {
		if slices.ContainsFunc(c.Signatures, func(s string) bool { return strings.HasPrefix(s, ownScorer) }) {
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
	text := fmt.Sprintf("Intervals are %g %% intervals. ", 100*metrics.Confidence)
	if fewest < metrics.FewestSeeds {
		return text + "Where a system has one or two seeds, they are for these models, over examples, and say nothing of other training seeds."
	}
	return text + "They cover other examples and other training seeds."
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
