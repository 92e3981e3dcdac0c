package graph

import (
	"strings"
	"testing"

	"lastmile/harness/stage"
)

func TestTheTreeOfStages(t *testing.T) {
	s := Status{Sweep: "demo", Stages: []StageStatus{
		{Kind: "prepare", Name: "all runs", Key: "p", Status: "done"},
		{Kind: "base", Name: "all runs", Key: "b", Status: "done", Under: "p"},
		{Kind: "mle", Name: "seed 1", Key: "m", Status: "running", Under: "b", Owner: &stage.Owner{Host: "here"},
			Pace: &stage.Pace{Progress: stage.Progress{Done: 30, Total: 90}, Rate: 0.5}},
		{Kind: "reward", Name: "seed 1", Key: "r", Status: "failed", Reason: "the loss is NaN\nat step 3", Under: "b"},
		{Kind: "policy", Name: "seed 1", Key: "l", Status: "to do", Estimate: 60, Under: "m"},
		{Kind: "scorer", Name: "all runs", Key: "s", Status: "done", Under: "b"},
	}}
	const head = `demo: 0 runs, 6 stages: 3 done, 3 to do, about 0.0 s

STAGE         OF        STATE    PROGRESS         RATE        LEFT        HOST
prepare       all runs  done
  base        all runs  done
    mle       seed 1    running  30/90            2.0 s/step  2 min       here
      policy  seed 1    to do                                 about 60 s
    reward    seed 1    failed   the loss is NaN
`
	for most, want := range map[int]string{
		0: head + "    scorer    all runs  done\n",
		5: head + "and 1 that are done\n",
	} {
		var out strings.Builder
		if err := s.Tree(&out, most); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		if got := strings.Join(lines, "\n") + "\n"; got != want {
			t.Errorf("%d lines at most:\n%s\nexpected\n%s", most, got, want)
		}
	}
}
