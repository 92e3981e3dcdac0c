package progress

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/vbauerster/mpb/v8"

	"lastmile/harness/stage"
)

func TestLinesSayRateAndTimeLeftAtMostEveryFiveSeconds(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	since := time.Date(2026, 3, 1, 10, 0, 5, 0, time.Local)
	l := newLines(&out, func() time.Time { return clock })
	rl := &stage.Stage{Kind: "rl", Name: "ppo, seed 2"}
	l.Report(stage.Event{Stage: rl, State: stage.Running})
	// Resumed at step 20: those steps say nothing about the rate.
	for step := 20; step <= 30; step++ {
		l.Report(stage.Event{Stage: rl, State: stage.Running, Done: step, Total: 100, Note: "reward 0.71"})
		clock = clock.Add(2 * time.Second)
	}
	l.Report(stage.Event{Stage: rl, State: stage.Running, Said: "judge: a warning"})
	l.Report(stage.Event{Stage: rl, State: stage.Computed})
	l.Report(stage.Event{Stage: rl, State: stage.Failed, Err: errors.New("the loss is NaN")})
	l.Report(stage.Event{Stage: rl, State: stage.Waiting, Holder: stage.Owner{Host: "here", Process: 12, Since: since}})
	want := `rl          ppo, seed 2: 23/100  2.0 s/step  reward 0.71  2:34 left
rl          ppo, seed 2: 26/100  2.0 s/step  reward 0.71  2:28 left
rl          ppo, seed 2: 29/100  2.0 s/step  reward 0.71  2:22 left
rl          ppo, seed 2: judge: a warning
rl          ppo, seed 2: done in 22 s
rl          ppo, seed 2: failed: the loss is NaN
rl          ppo, seed 2: waiting for process 12 on here since 2026-03-01 10:00:05
`
	if got := out.String(); got != want {
		t.Errorf("got\n%sexpected\n%s", got, want)
	}
}

func TestBarsEndWithWhatHappened(t *testing.T) {
	var out bytes.Buffer
	b := newBars(&out, mpb.ForceAutoRefresh())
	for _, kind := range []string{"mle", "rl"} {
		s := &stage.Stage{Kind: kind, Name: "seed 1"}
		for step := range 50 {
			b.Report(stage.Event{Stage: s, State: stage.Running, Done: step, Total: 49})
		}
		b.Report(stage.Event{Stage: s, State: stage.Running, Said: "judge: \x1b[2J"})
		b.Report(stage.Event{Stage: s, State: stage.Computed})
	}
	left := &stage.Stage{Kind: "decode", Name: "seed 1"}
	b.Report(stage.Event{Stage: left, State: stage.Running})
	b.Close()
	for _, want := range []string{"mle         seed 1: done in 0.0 s\n", "rl          seed 1: done in 0.0 s\n", "rl          seed 1: judge: \u241b[2J\n"} {
		if !bytes.Contains(out.Bytes(), []byte(want)) {
			t.Errorf("no line %q in %q", want, out.String())
		}
	}
}

func TestDurations(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		400 * time.Millisecond:    {"0.4 s", "0:00"},
		48 * time.Second:          {"48 s", "0:48"},
		24 * time.Minute:          {"24 min", "24:00"},
		3*time.Hour + time.Second: {"3.0 h", "3:00:01"},
	} {
		if got := [2]string{About(d), clock(d)}; got != want {
			t.Errorf("%v: %q, expected %q", d, got, want)
		}
	}
}
