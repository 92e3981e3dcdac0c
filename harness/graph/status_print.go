package graph

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize/english"

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
	line := fmt.Sprintf("%s: %s, %s: %d done, %d to do", s.Sweep, english.Plural(len(s.Runs), "run", ""), english.Plural(len(s.Stages), "stage", ""), done, len(s.Stages)-done)
	switch todo := len(s.Stages) - done; {
	case todo == 0:
	case s.Unknown == todo:
		line += ", no telling how long"
	default:
		line += ", about " + progress.About(seconds(s.Seconds))
		if s.Unknown > 0 {
			line += fmt.Sprintf(" and %s of unknown length", english.Plural(s.Unknown, "stage", ""))
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
			status += ": " + progress.FirstLine(r.Reason)
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
		case st.Owner != nil:
			status += " by " + st.Owner.String()
		case st.Reason != "":
			status += ": " + progress.FirstLine(st.Reason)
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

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
