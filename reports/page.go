package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// page is the report's README.md.
func (b *builder) page(figures []figure) (string, error) {
	var page strings.Builder
	fmt.Fprintf(&page, "# %s\n\n", inline(b.sweep.Name))
	page.WriteString(b.opening())

	picture := func(name string) {
		for _, f := range figures {
			if f.name == name {
				fmt.Fprintf(&page, "![%s](plots/%s.svg)\n\n", f.caption, name)
				page.WriteString(f.caption + "\n\n")
			}
		}
	}
	section := func(title, text string, names ...string) {
		drawn := slices.ContainsFunc(figures, func(f figure) bool { return slices.Contains(names, f.name) })
		if text == "" && !drawn {
			return
		}
		fmt.Fprintf(&page, "## %s\n\n%s", title, text)
		for _, name := range names {
			picture(name)
		}
	}
	section("Scores", b.scoreSection(), "scores")
	section("Reward models", b.rewardSection(), "reward-accuracy")
	section("Training", "", "learning-curves", "losses")
	section("Lengths", "", "lengths")
	section("Examples", b.exampleSection())
	settings, err := b.whatWasRun()
	if err != nil {
		return "", err
	}
	section("What was run", settings)
	section("Cost", b.costSection())
	section("How it was made", b.method())
	return strings.TrimRight(page.String(), "\n") + "\n", nil
}

// opening is the findings, and what is not in the numbers.
func (b *builder) opening() string {
	s := speaker{b, inline}
	var text strings.Builder
	for _, f := range s.findings() {
		fmt.Fprintf(&text, "- **%s**%s\n", f.head, f.rest)
		for _, detail := range f.details {
			fmt.Fprintf(&text, "  - %s\n", detail)
		}
	}
	text.WriteString("\n")
	if missing := s.unfinished(); len(missing) > 0 {
		text.WriteString("Not in the numbers:\n\n")
		for _, line := range missing {
			fmt.Fprintf(&text, "- %s\n", line)
		}
		text.WriteString("\n")
	}
	fmt.Fprintf(&text, "p values are corrected for all comparisons of their table; see [how it was made](#how-it-was-made).\n\n")
	return text.String()
}

// scoreSection is the main table, decoding by decoding, and that of the
// controls.
func (b *builder) scoreSection() string {
	if len(b.table.Rows) == 0 {
		return "No run has scores yet.\n\n"
	}
	var text strings.Builder
	var names []string
	for _, l := range b.baselines {
		names = append(names, inline(l))
	}
	fmt.Fprintf(&text, "Means over examples and seeds, below them %g %% intervals. ▲ and ▼ mark systems that are significantly above or below %s of the same decoding and form (p ≤ %g). Arrows in the head show where better scores are. The same numbers with all differences and p values are in [table.csv](table.csv) and [report.json](report.json).\n\n",
		100*b.table.Confidence, enumerate(names), significant)
	for _, d := range b.decodings {
		table := b.decodingTable(d)
		if len(table.rows) > 0 {
			fmt.Fprintf(&text, "### %s: %s\n\n%s\n", inline(d.name), b.manner(b.baselines[0], d), table.String())
		}
	}
	if sources := b.sources(); len(sources) > 0 {
		text.WriteString("Published values: " + strings.Join(sources, "; ") + ".\n\n")
	}
	if table := b.controlTable(); len(table.rows) > 0 {
		fmt.Fprintf(&text, "### Controls\n\nWhat else gives the baseline a better %s, against raw outputs: its best temperature on dev; training on by maximum likelihood; post-processing.\n\n%s\n", title(b.headline), table.String())
	}
	for _, note := range append(slices.Clone(b.notes), b.ambiguous()...) {
		text.WriteString("- " + note + "\n")
	}
	for _, note := range b.statistics.notes() {
		text.WriteString("- " + note + "\n")
	}
	if !strings.HasSuffix(text.String(), "\n\n") {
		text.WriteString("\n")
	}
	return text.String()
}

// decodingTable is the rows of the main table of one decoding: means, below
// them intervals, below these published values where there are any.
func (b *builder) decodingTable(d decoding) grid {
	table := grid{header: []string{"outputs", "system"}, right: []bool{false, false}}
	for _, c := range b.table.Columns {
		table.header = append(table.header, inline(c.Metric)+arrow(direction(c.Metric)))
		table.right = append(table.right, true)
	}
	form := ""
	for _, r := range b.table.Rows {
		if r.Decode != d.name {
			continue
		}
		means, ranges, published := []string{"", inline(r.Label)}, []string{"", ""}, []string{"", "published"}
		if r.Form != form {
			means[0], form = formName(r.Form), r.Form
		}
		hasPublished := false
		for _, cell := range r.Cells {
			mean, bounds, other := "–", "", ""
			if cell.Score != nil {
				mean, bounds = number(cell.Score.Mean)+" "+cell.Versus.mark(), interval(cell.Score.Low, cell.Score.High)
			}
			if len(cell.Published) > 0 {
				hasPublished = true
				var values []string
				for _, p := range cell.Published {
					values = append(values, number(p.Value))
				}
				other = strings.Join(values, " / ")
			}
			means, ranges, published = append(means, strings.TrimSpace(mean)), append(ranges, bounds), append(published, other)
		}
		table.add(means...)
		table.add(ranges...)
		if hasPublished {
			table.add(published...)
		}
	}
	return table
}

// controlTable compares treatments with controls.
func (b *builder) controlTable() grid {
	table := grid{
		header: []string{"raw outputs of", "control", "decoding of the control", inline(b.headline), "of the control", "difference", "p"},
		right:  []bool{false, false, false, true, true, true, true},
	}
	for _, c := range b.controls {
		d := c.difference
		control := inline(c.other.Label) + ", " + c.kind
		table.add(inline(c.treatment.Label)+", "+inline(c.treatment.Decode), control, inline(c.other.Decode), number(d.MeanA), number(d.MeanB),
			signed(d.Difference)+" "+interval(d.Low, d.High), strings.TrimPrefix(strings.TrimPrefix(probability(d.holm), "p "), "= "))
	}
	return table
}

// sources lists where published values are from.
func (b *builder) sources() []string {
	var sources []string
	for _, r := range b.table.Rows {
		for _, cell := range r.Cells {
			for _, p := range cell.Published {
				if source := inline(p.Source); !slices.Contains(sources, source) {
					sources = append(sources, source)
				}
			}
		}
	}
	return sources
}

// ambiguous notes metrics that runs computed in different ways.
func (b *builder) ambiguous() []string {
	var notes []string
	for _, c := range b.table.Columns {
		switch {
		case len(c.Signatures) > 1:
			notes = append(notes, fmt.Sprintf("%s was computed in %d ways (see its signatures below): its numbers are not all comparable.", inline(c.Metric), len(c.Signatures)))
		case len(c.Signatures) == 0:
			notes = append(notes, inline(c.Metric)+" was asked for, and no run has scored it.")
		}
	}
	return notes
}

// method says how the numbers came about, and what they cover.
func (b *builder) method() string {
	var text strings.Builder
	if b.options.Command != "" {
		text.WriteString(block(b.options.Command) + "\n")
	}
	facts := grid{header: []string{"", ""}}
	facts.add("sweep file", code(b.sweep.File))
	for _, v := range b.options.Versions {
		facts.add(inline(v.Name), inline(v.Version))
	}
	if first, last := b.span(); !first.IsZero() {
		facts.add("stages begun", first.Format(time.DateTime)+" to "+last.Format(time.DateTime)+" UTC")
	}
	for _, c := range b.table.Columns {
		for _, signature := range c.Signatures {
			facts.add(inline(c.Metric), code(signature))
		}
	}
	r := b.statistics.resampling
	facts.add("resampling", fmt.Sprintf("%s, seed %d", counted(r.Resamples, "resample"), r.Seed))
	text.WriteString(facts.String() + "\n")

	fmt.Fprintf(&text, "Intervals are %g %% intervals of a bootstrap. %s\n\n", 100*r.Confidence, b.coverage())
	comparisons := 0
	for _, byMetric := range b.table.differences {
		comparisons += len(byMetric)
	}
	fmt.Fprintf(&text, "Differences are paired: the same examples, and the same training seeds where two systems share them. p values are those of approximate randomisation over examples, two-sided, after Holm's correction for the %s of the main table and, apart from them, the %s of the controls. A difference is called significant where the corrected p is at most %g. \"Not significantly different\" does not mean equal: the interval says how large a difference may be.\n\n",
		counted(comparisons, "comparison"), counted(len(b.controls), "comparison"), significant)
	fmt.Fprintf(&text, "Raw outputs are as the model gave them, cut at the longest response where no end token came; post-processed ones went through the chain above.\n\n")
	text.WriteString(b.kinship())
	return text.String()
}

// kinship warns where a scorer of ours judges what a reward model trained.
func (b *builder) kinship() string {
	for _, c := range b.table.Columns {
		if slices.ContainsFunc(c.Signatures, func(s string) bool { return strings.HasPrefix(s, "bleurt|model:lastmile-") }) {
			return "The reward model and the learned scorer learn from the same kinds of negatives, loops, shuffled words and other examples' texts among them: " +
				"what the one rewards by mistake the other may score too well. scorer.exclude leaves kinds out of the scorer's training.\n\n"
		}
	}
	return ""
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
