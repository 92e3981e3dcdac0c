package results

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"lastmile/harness/progress"
)

// Print writes all about a run.
func (r Report) Print(w io.Writer) error {
	fmt.Fprintf(w, "run %s: %s, seed %d: %s\n", r.ID, r.Label, r.Seed, r.Status)
	if r.Reason != "" {
		fmt.Fprintf(w, "%s\n", r.Reason)
	}
	fmt.Fprintf(w, "in %s\n", strings.Join(r.Sweeps, ", "))

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nSETTING\tVALUE\tDEFAULT")
	for _, s := range r.Settings {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Key, s.Value, s.Default)
	}
	fmt.Fprintln(t, "\nSTAGE\tTIME\tFOLDER")
	for _, st := range r.Computed {
		fmt.Fprintf(t, "%s\t%s\t%s\n", strings.TrimSpace(st.Kind+" "+st.Name), progress.About(time.Duration(st.Seconds*float64(time.Second))), st.Folder)
	}
	if len(r.Scores) > 0 {
		metrics := map[string]bool{}
		for _, s := range r.Scores {
			for metric := range s.Means {
				metrics[metric] = true
			}
		}
		columns := slices.Sorted(maps.Keys(metrics))
		fmt.Fprintf(t, "\nOUTPUTS\t%s\n", strings.Join(columns, "\t"))
		for _, s := range r.Scores {
			cells := []string{s.Decode + ", " + s.Form}
			for _, metric := range columns {
				cell := "–"
				if mean, ok := s.Means[metric]; ok {
					cell = fmt.Sprintf("%.3f", mean)
				}
				cells = append(cells, cell)
			}
			fmt.Fprintln(t, strings.Join(cells, "\t"))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, e := range r.Examples {
		fmt.Fprintf(w, "\nEXAMPLE %s\n%s\n", e.ID, indent(e.Input))
		for _, reference := range e.References {
			fmt.Fprintf(w, "reference: %s\n", progress.OneLine(reference))
		}
		for _, decode := range slices.Sorted(maps.Keys(e.Outputs)) {
			fmt.Fprintf(w, "%s: %s\n", decode, progress.OneLine(e.Outputs[decode]))
		}
	}
	return nil
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
