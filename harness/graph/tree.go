package graph

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"lastmile/harness/progress"
	"lastmile/harness/stage"
)

// Tree writes the summary and the stages as a tree, each under that of its inputs which
// is computed last: its state, progress, rate, time left and host. With more than most
// stages, 0 for any number, those that are done and have nothing left below them are
// counted and left out.
func (s Status) Tree(w io.Writer, most int) error {
	fmt.Fprintf(w, "%s\n\n", s.Summary())
	children := map[string][]int{}
	for i, st := range s.Stages {
		children[st.Under] = append(children[st.Under], i)
	}
	open := map[int]bool{} // those with something left, or above such
	var look func(i int) bool
	look = func(i int) bool {
		open[i] = s.Stages[i].Status != "done"
		for _, child := range children[s.Stages[i].Key] {
			if look(child) {
				open[i] = true
			}
		}
		return open[i]
	}
	for _, i := range children[""] {
		look(i)
	}
	all := most == 0 || len(s.Stages) <= most
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STAGE\tOF\tSTATE\tPROGRESS\tRATE\tLEFT\tHOST")
	left := 0
	var print func(i, depth int)
	print = func(i, depth int) {
		st := s.Stages[i]
		if !all && !open[i] {
			left++
		} else {
			fmt.Fprintln(t, strings.Join(append([]string{strings.Repeat("  ", depth) + st.Kind, progress.Visible(st.Name), st.Status}, st.cells()...), "\t"))
		}
		for _, child := range children[st.Key] {
			print(child, depth+1)
		}
	}
	for _, i := range children[""] {
		print(i, 0)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if left > 0 {
		_, err := fmt.Fprintf(w, "and %d that are done\n", left)
		return err
	}
	return nil
}

// paceWords are how far a stage is, and how fast.
func paceWords(p stage.Pace) (far, rate string) {
	switch {
	case p.Total > 0:
		far = fmt.Sprintf("%d/%d", p.Done, p.Total)
	case p.Done > 0:
		far = fmt.Sprint(p.Done)
	}
	switch {
	case p.Rate >= 1:
		rate = fmt.Sprintf("%.3g steps/s", p.Rate)
	case p.Rate > 0:
		rate = fmt.Sprintf("%.1f s/step", 1/p.Rate)
	}
	return far, rate
}

// cells are progress, rate, time left and host of a stage.
func (st StageStatus) cells() []string {
	var far, rate, left, host string
	if st.Owner != nil {
		host = st.Owner.Host
	}
	if p := st.Pace; st.Owner != nil && p != nil {
		far, rate = paceWords(*p)
		if p.Rate > 0 && p.Total > p.Done {
			left = progress.About(seconds(float64(p.Total-p.Done) / p.Rate))
		}
	}
	switch {
	case st.Reason != "":
		far = progress.FirstLine(st.Reason)
	case st.Status != "done" && left == "" && st.Estimate > 0:
		left = "about " + progress.About(seconds(st.Estimate))
	}
	return []string{far, rate, left, host}
}
