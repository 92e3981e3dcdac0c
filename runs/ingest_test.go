package runs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestAStageIsThereWholeOrNotAtAll(t *testing.T) {
	ctx := context.Background()
	scores := func(signature string, all ...Scored) func(*Writer) error {
		return func(w *Writer) error { return w.Scores(map[string]string{signature: "s"}, all) }
	}
	outputs := func(ids ...string) func(*Writer) error {
		return func(w *Writer) error {
			var all []Output
			for _, id := range ids {
				all = append(all, Output{ID: id})
			}
			return w.Outputs(Raw, all)
		}
	}
	rouge := func(value float64) Scored { return Scored{"e0", Raw, map[string]float64{"rouge1": value}} }
	for name, broken := range map[string]struct {
		task, split string
		write       func(*Writer) error
		want        string
	}{
		"an unknown example": {"p", "test", outputs("e0", "e99"), `example "e99"`},
		"another split":      {"p", "dev", outputs("e0"), `the split "dev"`},
		"no prepare stage":   {"q", "test", outputs("e0"), `no prepare stage "q"`},
		"no task":            {"", "", outputs("e0"), `no prepare stage ""`},
		"an example twice":   {"p", "test", outputs("e0", "e0"), "UNIQUE"},
		"no signature":       {"p", "test", scores("rouge2", rouge(1)), "rouge1 has scores and no signature"},
		"not a number":       {"p", "test", scores("rouge1", rouge(math.NaN())), "not a number"},
		"a score twice":      {"p", "test", scores("rouge1", rouge(1), rouge(2)), "there twice"},
		"an unknown form":    {"p", "test", scores("rouge1", Scored{"e0", "cooked", map[string]float64{"rouge1": 1}}), "CHECK"},
		"two forms": {"p", "test", func(w *Writer) error {
			return errors.Join(w.Outputs(Raw, []Output{{ID: "e0"}}), w.Outputs(Post, []Output{{ID: "e0"}}))
		}, "a stage makes one"},
		"a curve that is not a number": {"", "", func(w *Writer) error {
			return w.Curves([]CurvePoint{{7, "train", "loss", math.NaN()}})
		}, "step 7"},
		"a point twice": {"", "", func(w *Writer) error {
			return w.Curves([]CurvePoint{{1, "train", "loss", 1}, {1, "train", "loss", 2}})
		}, "UNIQUE"},
		"examples twice": {"", "", func(w *Writer) error {
			w.Examples([]Example{{Split: "dev", ID: "a"}, {Split: "dev", ID: "a"}})
			return nil
		}, `two examples "a"`},
		"a file that is not there": {"", "", func(*Writer) error { return errors.New("no such file") }, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			ingestSweep(t, s, 2)
			before := dump(t, s)
			err := add(t, s, func(in *Ingest) error {
				st := stage("decode", "new", 500)
				st.Task, st.Split = broken.task, broken.split
				return in.Stage(ctx, st, func(w *Writer) error {
					return errors.Join(w.Curves([]CurvePoint{{1, "dev", "loss", 1}}), broken.write(w))
				})
			})
			if err == nil || !strings.Contains(err.Error(), broken.want) || !strings.Contains(err.Error(), "stage new") {
				t.Errorf("error %v, want one about %q", err, broken.want)
			}
			if dump(t, s) != before {
				t.Error("something of the stage stayed behind")
			}
		})
	}
}

func TestAnIngestGoesOnAfterAStageThatCannotBeRead(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	must(t, add(t, s, func(in *Ingest) error {
		must(t, in.Stage(ctx, stage("mle", "one", 1), nil))
		if err := in.Stage(ctx, stage("rl", "two", 2), func(*Writer) error { return errors.New("cut off") }); err == nil {
			t.Error("no error")
		}
		if in.HasStage("two") || !in.HasStage("one") {
			t.Error("the store is to have the first stage and not the second")
		}
		return in.Stage(ctx, stage("rl", "two", 2), nil)
	}))
	if n := count(t, s, `SELECT count(*) FROM stages`); n != 2 {
		t.Errorf("%d stages, want 2", n)
	}
}

func TestAFailedWriteIsToldByAllThatComes(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	before := dump(t, s)
	in, err := s.Ingest(ctx)
	must(t, err)
	twice := func(w *Writer) error {
		return w.Curves([]CurvePoint{{1, "train", "loss", 1}, {1, "train", "loss", 2}})
	}
	must(t, in.Stage(ctx, stage("mle", "fine", 1), nil))
	must(t, in.Stage(ctx, stage("mle", "twice", 1), twice))
	err = in.Sweep(ctx, Sweep{Name: "other"})
	if err == nil || !strings.Contains(err.Error(), "stage twice") {
		t.Fatalf("the sweep after it: %v", err)
	}
	if again := in.Stage(ctx, stage("mle", "next", 1), nil); !errors.Is(again, err) {
		t.Errorf("the stage after it: %v", again)
	}
	must(t, in.Close())
	if dump(t, s) != before {
		t.Error("something stayed behind")
	}
	ingestSweep(t, s, 1)
}

// A transaction takes what fills it; what comes later is not there before its
// own.
func TestManyTransactions(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	in, err := s.Ingest(ctx)
	must(t, err)
	points := make([]CurvePoint, pendingRows)
	for i := range points {
		points[i] = CurvePoint{Step: i, Split: "train", Name: "loss"}
	}
	must(t, in.Stage(ctx, stage("mle", "long", 1), func(w *Writer) error { return w.Curves(points) }))
	must(t, in.Run(ctx, Run{Name: "r", Config: []byte("{}")}, State{Status: Done}, []Link{{"", "long"}}))
	if n := count(t, s, `SELECT count(*) FROM curves`); n != pendingRows {
		t.Errorf("%d points, want %d", n, pendingRows)
	}
	if n := count(t, s, `SELECT count(*) FROM runs`); n != 0 {
		t.Error("the run is there before its transaction")
	}
	must(t, in.Close())
	if n := count(t, s, `SELECT count(*) FROM run_stages`); n != 1 {
		t.Errorf("%d links, want 1", n)
	}
}

func TestWhatIsThereIsNotReadOrWrittenAgain(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 3)
	other, err := s.db.Conn(context.Background())
	must(t, err)
	defer other.Close()
	var before, after int
	must(t, other.QueryRowContext(context.Background(), `PRAGMA data_version`).Scan(&before))
	ingestSweep(t, s, 3)
	must(t, other.QueryRowContext(context.Background(), `PRAGMA data_version`).Scan(&after))
	if before != after {
		t.Error("the second ingest wrote")
	}
	must(t, add(t, s, func(in *Ingest) error {
		return in.Stage(context.Background(), stage("decode", "mle-1/decode", 0), func(*Writer) error {
			t.Error("a stage that is there is read again")
			return nil
		})
	}))
}

func TestSettings(t *testing.T) {
	config := []byte(`{"seed":1,"rl":{"kl":{"coefficient":0.1,"estimator":"k3"}},"chain":["a","b"],"stem":true,"rewards":[{"name":"x"}]}`)
	got, err := Settings(config)
	must(t, err)
	want := []Setting{{"chain", `["a","b"]`}, {"rewards", `[{"name":"x"}]`}, {"rl.kl.coefficient", "0.1"}, {"rl.kl.estimator", "k3"}, {"seed", "1"}, {"stem", "true"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("settings %v, want %v", got, want)
	}
	s := openStore(t)
	must(t, add(t, s, func(in *Ingest) error {
		return in.Run(context.Background(), Run{Name: "r", Config: config}, State{Status: Planned}, nil)
	}))
	var listed []Setting
	var of Setting
	must(t, s.read(context.Background(), "", `SELECT key, value FROM run_settings ORDER BY key`, nil, []any{&of.Key, &of.Value}, func() error {
		listed = append(listed, of)
		return nil
	}))
	if fmt.Sprint(listed) != fmt.Sprint(want) {
		t.Errorf("settings in SQL %v, want %v", listed, want)
	}
}

func TestStatus(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	mark := func(run string, state State) error {
		return add(t, s, func(in *Ingest) error { return in.Run(ctx, Run{Name: run}, state, nil) })
	}
	status := func() string {
		run, err := s.Run(ctx, "ppo-1")
		must(t, err)
		return run.Status + " " + run.Reason
	}
	must(t, mark("ppo-1", State{Failed, "rl: the loss is not a number at update 3"}))
	if got := status(); got != "failed rl: the loss is not a number at update 3" {
		t.Error(got)
	}
	must(t, mark("ppo-1", State{Status: Failed}))
	if got := status(); got != "failed no reason given" {
		t.Error(got)
	}
	progress, err := s.Progress(ctx)
	must(t, err)
	if got := fmt.Sprint(progress); got != "[{tiny tiny.toml 4 3 1}]" {
		t.Errorf("progress %s", got)
	}
	must(t, mark("ppo-1", State{Status: Planned}))
	if got := status(); got != "planned " {
		t.Error(got)
	}
	run, err := s.Run(ctx, "ppo-1")
	must(t, err)
	if len(run.Stages) != 7 {
		t.Errorf("%d stages, want the 7 that it had", len(run.Stages))
	}
	if err := mark("nobody", State{Status: Done}); err == nil || !strings.Contains(err.Error(), "run nobody: it has no configuration") {
		t.Errorf("marking a run that is not there: %v", err)
	}
	err = add(t, s, func(in *Ingest) error {
		return in.Run(ctx, Run{Name: "ppo-1"}, State{Status: Done}, []Link{{"", "nothing"}})
	})
	if err == nil || !strings.Contains(err.Error(), `no stage "nothing"`) {
		t.Errorf("a link to a stage that is not there: %v", err)
	}
}

func TestASweepListsWhatItsFileListsNow(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	list := func(sweep Sweep) error { return add(t, s, func(in *Ingest) error { return in.Sweep(ctx, sweep) }) }
	must(t, list(Sweep{Name: "tiny", File: "other.toml", Runs: []SweepRun{{Run: "mle-2", Label: "baseline", Seed: 2}}}))
	sweep, err := s.Listing(ctx, "tiny")
	must(t, err)
	if len(sweep.Runs) != 1 || sweep.Runs[0].Label != "baseline" || sweep.File != "other.toml" {
		t.Errorf("the sweep is %+v", sweep)
	}
	for want, wrong := range map[string][]SweepRun{
		`no run "nobody"`: {{Run: "nobody", Label: "x"}},
		"there twice":     {{Run: "mle-1", Label: "x"}, {Run: "mle-2", Label: "x"}},
	} {
		if err := list(Sweep{Name: "bad", Runs: wrong}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a wrong sweep: %v, want %q", err, want)
		}
	}
	_, err = s.Listing(ctx, "bad")
	if err == nil || !strings.Contains(err.Error(), "it has tiny") {
		t.Errorf("an unknown sweep: %v", err)
	}
}

// A sweep of the size that is usual here has to go in within seconds.
func TestIngestingManyScoresIsFast(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	const examples, stages, metrics = 1000, 10, 8
	signatures := map[string]string{}
	var scored []Scored
	for i := range examples {
		for _, form := range []string{Raw, Post} {
			of := Scored{fmt.Sprint(i), form, map[string]float64{}}
			for m := range metrics {
				name := fmt.Sprint("m", m)
				signatures[name] = name
				of.Scores[name] = 1 / float64(i+m+1)
			}
			scored = append(scored, of)
		}
	}
	begin := time.Now()
	must(t, add(t, s, func(in *Ingest) error {
		must(t, in.Stage(ctx, stage("prepare", "p", 0), func(w *Writer) error {
			for i := range examples {
				w.Examples([]Example{{Split: "test", ID: fmt.Sprint(i), Input: "in", References: []string{"r"}}})
			}
			return nil
		}))
		for i := range stages {
			must(t, in.Stage(ctx, stage("score", fmt.Sprint("s", i), i), func(w *Writer) error { return w.Scores(signatures, scored) }))
		}
		return nil
	}))
	n := stages * 2 * examples * metrics
	rate := float64(n) / time.Since(begin).Seconds()
	t.Logf("%d scores, %.0f a second", n, rate)
	if rate < 200_000 {
		t.Errorf("%.0f scores a second, want 200,000 even on a busy machine", rate)
	}
}
