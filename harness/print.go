package harness

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

// Summary says in one line how many runs and stages there are, what is done,
// what is shared and how long the rest will take: "demo: 9 runs, 21 stages: 4
// done, 17 to do, about 24 min (shared: mle 3, base 1)".
func (s Status) Summary() string {
	done := 0
	shared := map[string]int{}
	var kinds []string
	for _, st := range s.Stages {
		if st.Status == "done" {
			done++
		}
		if st.Runs > 1 {
			if shared[st.Kind] == 0 {
				kinds = append(kinds, st.Kind)
			}
			shared[st.Kind]++
		}
	}
	line := fmt.Sprintf("%s: %s, %s: %d done, %d to do", s.Sweep, plural(len(s.Runs), "run"), plural(len(s.Stages), "stage"), done, len(s.Stages)-done)
	switch todo := len(s.Stages) - done; {
	case todo == 0:
	case s.Unknown == todo:
		line += ", no telling how long"
	default:
		line += ", about " + progress.About(seconds(s.Seconds))
		if s.Unknown > 0 {
			line += fmt.Sprintf(" and %s of unknown length", plural(s.Unknown, "stage"))
		}
	}
	if len(kinds) > 0 {
		for i, kind := range kinds {
			kinds[i] = fmt.Sprintf("%s %d", kind, shared[kind])
		}
		line += " (shared: " + strings.Join(kinds, ", ") + ")"
	}
	return line
}

// Print writes the summary, and how far each run and each stage is.
func (s Status) Print(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", s.Summary())
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RUN\tLABEL\tSEED\tSTATUS\tSTAGES")
	for _, r := range s.Runs {
		status := r.Status
		if r.Reason != "" {
			status += ": " + firstLine(r.Reason)
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d of %d\n", r.ID, r.Label, r.Seed, status, r.StagesDone, r.Stages)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t, "\nSTAGE\tOF\tRUNS\tSTATUS\tTIME")
	for _, st := range s.Stages {
		status, took := st.Status, ""
		switch {
		case st.Process != 0:
			status += fmt.Sprintf(" in process %d", st.Process)
		case st.Reason != "":
			status += ": " + firstLine(st.Reason)
		}
		switch {
		case st.Status == "done":
			took = progress.About(seconds(st.Seconds))
		case st.Estimate > 0:
			took = "about " + progress.About(seconds(st.Estimate))
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", st.Kind, st.Name, st.Runs, status, took)
	}
	return t.Flush()
}

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
		fmt.Fprintf(t, "%s\t%s\t%s\n", strings.TrimSpace(st.Kind+" "+st.Name), progress.About(seconds(st.Seconds)), st.Folder)
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
			fmt.Fprintf(w, "reference: %s\n", oneLine(reference))
		}
		for _, decode := range slices.Sorted(maps.Keys(e.Outputs)) {
			fmt.Fprintf(w, "%s: %s\n", decode, oneLine(e.Outputs[decode]))
		}
	}
	return nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// oneLine shows a text that may have several lines in one.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "⏎") }

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
