package runs

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestAStageIsThereWholeOrNotAtAll(t *testing.T) {
	ctx := context.Background()
	for name, broken := range map[string]struct {
		content Content
		want    string
	}{
		"an unknown example": {Content{Task: "p", Split: "test", Outputs: []Output{{ID: "e0"}, {ID: "e99"}}}, `example "e99"`},
		"another split":      {Content{Task: "p", Split: "dev", Outputs: []Output{{ID: "e0"}}}, `the split "dev"`},
		"no prepare stage":   {Content{Task: "q", Split: "test", Outputs: []Output{{ID: "e0"}}}, `no prepare stage "q"`},
		"no signature":       {Content{Task: "p", Split: "test", Scores: []Score{{"e0", "raw", "rouge1", 1}}}, "rouge1 has scores and no signature"},
		"not a number": {Content{Task: "p", Split: "test", Signatures: map[string]string{"rouge1": "s"},
			Scores: []Score{{"e0", "raw", "rouge1", math.NaN()}}}, "not a number"},
		"a curve that is not a number": {Content{Curves: []CurvePoint{{7, "train", "loss", math.NaN()}}}, "step 7"},
		"a point twice":                {Content{Curves: []CurvePoint{{1, "train", "loss", 1}, {1, "train", "loss", 2}}}, "UNIQUE"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			ingestSweep(t, s, 2)
			before := dump(t, s)
			err := s.AddStage(ctx, stage("decode", "new", 500), broken.content)
			if err == nil || !strings.Contains(err.Error(), broken.want) || !strings.Contains(err.Error(), "stage new") {
				t.Errorf("error %v, want one about %q", err, broken.want)
			}
			if dump(t, s) != before {
				t.Error("something of the stage stayed behind")
			}
		})
	}
}

func TestSettings(t *testing.T) {
	got, err := Settings([]byte(`{"seed":1,"rl":{"kl":{"coefficient":0.1,"estimator":"k3"}},"chain":["a","b"],"stem":true}`))
	must(t, err)
	want := []Setting{{"chain", `["a","b"]`}, {"rl.kl.coefficient", "0.1"}, {"rl.kl.estimator", "k3"}, {"seed", "1"}, {"stem", "true"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("settings %v, want %v", got, want)
	}
}

func TestStatus(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	status := func() string {
		run, err := s.Run(ctx, "ppo-1")
		must(t, err)
		return run.Status + " " + run.Reason
	}
	must(t, s.MarkFailed(ctx, "ppo-1", "rl: the loss is not a number at update 3"))
	if got := status(); got != "failed rl: the loss is not a number at update 3" {
		t.Error(got)
	}
	must(t, s.MarkPlanned(ctx, "ppo-1"))
	if got := status(); got != "planned " {
		t.Error(got)
	}
	if err := s.MarkDone(ctx, "nobody"); err == nil || !strings.Contains(err.Error(), `no run "nobody"`) {
		t.Errorf("marking a run that is not there: %v", err)
	}
}

func TestASweepListsWhatItsFileListsNow(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	must(t, s.AddSweep(ctx, Sweep{Name: "tiny", File: "other.toml", Runs: []SweepRun{{Run: "mle-2", Label: "baseline", Seed: 2}}}))
	sweep, err := s.Sweep(ctx, "tiny")
	must(t, err)
	if len(sweep.Runs) != 1 || sweep.Runs[0].Label != "baseline" || sweep.File != "other.toml" {
		t.Errorf("the sweep is %+v", sweep)
	}
	err = s.AddSweep(ctx, Sweep{Name: "bad", Runs: []SweepRun{{Run: "nobody", Label: "x"}}})
	if err == nil || !strings.Contains(err.Error(), `no run "nobody"`) {
		t.Errorf("a sweep of an unknown run: %v", err)
	}
	_, err = s.Sweep(ctx, "bad")
	if err == nil || !strings.Contains(err.Error(), "it has tiny") {
		t.Errorf("an unknown sweep: %v", err)
	}
}

// A sweep of the size that is usual here has to go in within seconds.
func TestIngestingManyScoresIsFast(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	const examples = 1000
	prepare := Content{}
	for i := range examples {
		prepare.Examples = append(prepare.Examples, Example{Split: "test", ID: fmt.Sprint(i), Input: "in", References: []string{"r"}})
	}
	must(t, s.AddStage(ctx, stage("prepare", "p", 0), prepare))
	content := Content{Task: "p", Split: "test", Signatures: map[string]string{}}
	for m := range 8 {
		name := fmt.Sprint("m", m)
		content.Signatures[name] = name
		for i := range examples {
			for _, form := range []string{"raw", "post"} {
				content.Scores = append(content.Scores, Score{fmt.Sprint(i), form, name, 1 / float64(i+m+1)})
			}
		}
	}
	begin := time.Now()
	const stages = 10
	for i := range stages {
		must(t, s.AddStage(ctx, stage("score", fmt.Sprint("s", i), i), content))
	}
	rows := stages * len(content.Scores)
	rate := float64(rows) / time.Since(begin).Seconds()
	t.Logf("%d rows, %.0f a second", rows, rate)
	if rate < 20_000 {
		t.Errorf("%.0f rows a second, want 20,000 even on a busy machine", rate)
	}
}
