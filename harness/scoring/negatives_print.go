package scoring

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/mattn/go-runewidth"

	"lastmile/harness/progress"
)

// label names a kind, and that its negatives do not end.
func (k KindSeen) label() string {
	if k.Ended {
		return k.Kind
	}
	return k.Kind + ", without end"
}

// Print writes the examples of each kind, shortened to the terminal's width, and the
// table of what the trivial scorers reach.
func (seen NegativesSeen) Print(w io.Writer) error {
	width := progress.Width(w)
	if width == 0 {
		width = plainWidth
	}
	const margin = len("negative") + 2
	for _, k := range seen.Kinds {
		for _, e := range k.Examples {
			fmt.Fprintf(w, "%s  (%s)\n", k.label(), e.ID)
			for _, l := range []struct{ name, text string }{{"input", e.Input}, {"truth", e.Truth}, {"negative", e.Negative}} {
				name := l.name
				for _, part := range shorten(l.text, max(width-margin, 20), textLines) {
					fmt.Fprintf(w, "%s%s\n", runewidth.FillRight(name, margin), part)
					name = ""
				}
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "%s: how often trivial scorers put the truth above the negative made from it, in %%\n\n", seen.Task)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "kind\texamples\t")
	for _, s := range seen.Scorers {
		fmt.Fprintf(t, "%s\t", s)
	}
	fmt.Fprintln(t)
	for _, k := range seen.Kinds {
		fmt.Fprintf(t, "%s\t%d\t", k.label(), k.N)
		for _, a := range k.Accuracies {
			fmt.Fprintf(t, "%.1f\t", 100*a)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nexamples: those of %d of which the kind can make one. A tie counts as half, 50 is chance, 100 less a value is what the opposite reaches.\n", seen.N)
	for i, s := range seen.Scorers {
		fmt.Fprintf(w, "%s: %s.\n", s, seen.About[i])
	}
	_, err := fmt.Fprintf(w, "What is usual, and trigrams, are those of the truths of %d other examples.\n", seen.Truths)
	return err
}
