package scoring

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/dustin/go-humanize/english"

	"github.com/mattn/go-runewidth"

	"lastmile/harness/progress"
)

// Print writes a comparison: the systems, a table of metrics, notes, and the
// examples where the systems differ most, shortened to the terminal's width.
func (r Compared) Print(w io.Writer) error {
	fmt.Fprintf(w, "A: %s\nB: %s\n%s\n\n", r.A, r.B, english.Plural(r.Examples, "example", ""))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tA\tB\tA − B\t95 % INTERVAL\tp\tp (HOLM)\tWINS/TIES/LOSSES\tIN WORDS")
	for _, m := range r.Metrics {
		counts := "–"
		if m.Counts != nil {
			counts = fmt.Sprintf("%d/%d/%d", m.Counts.Wins, m.Counts.Ties, m.Counts.Losses)
		}
		fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%+.4f\t[%+.4f, %+.4f]\t%s\t%s\t%s\t%s\n",
			named(m.Metric, m.Level), m.A, m.B, m.Difference, m.Low, m.High, probability(m.P), probability(m.Holm), counts, m.Verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, m := range r.Metrics {
		fmt.Fprintf(w, "%s\n", m.Signature)
	}
	fmt.Fprintf(w, "\nA difference is called significant where p (Holm) is below %g. Intervals are not corrected.\n", r.Level)
	for _, note := range r.Notes {
		fmt.Fprintf(w, "%s.\n", capital(note))
	}
	r.printExamples(w)
	return nil
}

// probability writes a p value, where there is one.
func probability(p *float64) string {
	if p == nil {
		return "–"
	}
	return fmt.Sprintf("%.4f", *p)
}

// capital makes a sentence's first letter large.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// printExamples writes the examples where the systems differ most.
func (r Compared) printExamples(w io.Writer) {
	width := progress.Width(w)
	if width == 0 {
		width = plainWidth
	}
	for _, e := range r.Differing {
		fmt.Fprintf(w, "\nEXAMPLE %s  %s %+.4f\n", e.ID, r.By, e.Difference)
		type line struct{ name, text string }
		var lines []line
		for _, reference := range e.References {
			lines = append(lines, line{"reference", reference})
		}
		lines = append(lines, line{e.OutputA.called("A", r.A), e.OutputA.Text}, line{e.OutputB.called("B", r.B), e.OutputB.Text})
		margin := 0
		for _, l := range lines {
			margin = max(margin, runewidth.StringWidth(l.name)+2)
		}
		for _, l := range lines {
			name := l.name
			for _, part := range shorten(l.text, max(width-margin, 20), textLines) {
				fmt.Fprintf(w, "%s%s\n", runewidth.FillRight(name, margin), part)
				name = ""
			}
		}
	}
}

// What of a text is shown: so many lines, of so many columns where the output
// is no terminal.
const (
	textLines  = 3
	plainWidth = 100
)

// called names a system's text: "A, seed 2 (0.3000)".
func (o ScoredOutput) called(system string, of System) string {
	if len(of.Seeds) > 1 {
		system += fmt.Sprintf(", seed %d", *o.Seed)
	}
	return fmt.Sprintf("%s (%.4f)", system, o.Score)
}

// shorten breaks a text into lines of at most width columns, between words
// where it can, and cuts it with an ellipsis after so many lines.
func shorten(text string, width, most int) []string {
	var lines []string
	plain := func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return -1
		}
		return r
	}
	for _, word := range strings.Fields(strings.Map(plain, progress.OneLine(text))) {
		for _, part := range strings.Split(runewidth.Wrap(word, width), "\n") {
			last := len(lines) - 1
			if last >= 0 && runewidth.StringWidth(lines[last])+1+runewidth.StringWidth(part) <= width {
				lines[last] += " " + part
			} else {
				lines = append(lines, part)
			}
		}
	}
	if len(lines) == 0 {
		return []string{"(empty)"}
	}
	if len(lines) > most {
		last := runewidth.Truncate(lines[most-1], width-1, "")
		lines = append(slices.Clone(lines[:most-1]), last+"…")
	}
	return lines
}
