package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// clockLibrary builds the library that gives a program another time of day.
func clockLibrary(t *testing.T) string {
	t.Helper()
	library := filepath.Join(t.TempDir(), "clock.so")
	out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", library, filepath.Join(root, "testdata/clock/clock.c")).CombinedOutput()
	if err != nil {
		t.Fatalf("building %s: %v\n%s", library, err, out)
	}
	return library
}

// withClock is a process of lastmile that sees such a clock, as all that it begins do.
func withClock(library, clock, dir string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	c, said := program(dir, "lastmile", arguments...)
	c.Env = append(os.Environ(), "LD_PRELOAD="+library, "LASTMILE_TEST_CLOCK="+clock)
	return c, said
}

// begun are the moments at which the stages of a work folder began, by their clocks.
func begun(t *testing.T, work string) []time.Time {
	t.Helper()
	var all []time.Time
	files, err := filepath.Glob(filepath.Join(work, "stages", "*", "*", "stage.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var record struct {
			Started time.Time
			Seconds float64
		}
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &record)
		}
		if err != nil {
			t.Fatal(err)
		}
		if record.Seconds < 0 || record.Seconds > 600 {
			t.Errorf("%s: it took %g s", file, record.Seconds)
		}
		all = append(all, record.Started)
	}
	return all
}

// strange is a duration that no clock should lead to: a negative one, or one of many
// hours.
var strange = regexp.MustCompile(`-[0-9.:]+ ?(s|min|h|left)\b|[0-9]{3,}\.[0-9] h|NaN|Inf`)

// TestNoClockChangesWhatASweepComesTo has processes compute sweeps together whose clocks
// jump by hours and decades, each of them by its own; stand still; or are years apart.
// Nothing waits for long, nothing is computed twice, and what comes out is the same.
func TestNoClockChangesWhatASweepComesTo(t *testing.T) {
	library := clockLibrary(t)
	folders, wants := map[string]string{}, map[string]map[string]string{}
	for _, sweep := range []string{everyKind, noModel} {
		folders[sweep] = faultFolder(t, sweep)
		undisturbed(t, folders[sweep], "whole")
		wants[sweep] = outcomeOf(t, filepath.Join(folders[sweep], "whole"))
	}
	for name, clocks := range map[string][]string{"jumping": {"jumps", "jumps"}, "still": {"stands"}, "apart": {"behind", "ahead"}} {
		sweep := noModel
		if name == "jumping" {
			sweep = everyKind
		}
		dir, want := folders[sweep], wants[sweep]
		var all []*exec.Cmd
		var said []*bytes.Buffer
		for i, clock := range clocks {
			// Of two processes one computes each stage in a process of its own.
			c, out := withClock(library, clock, dir, "run", "sweep.toml", "--work", name, "--jobs", fmt.Sprint(1+i))
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			all, said = append(all, c), append(said, out)
		}
		for i, c := range all {
			if err := c.Wait(); err != nil || strange.MatchString(said[i].String()) {
				t.Errorf("%s: %v\n%s", name, err, said[i])
			}
		}
		compareOutcomes(t, want, outcomeOf(t, filepath.Join(dir, name)))
		years := map[int]bool{}
		for _, at := range begun(t, filepath.Join(dir, name)) {
			years[at.Year()] = true
		}
		now := time.Now().Year()
		switch {
		case name == "jumping" && len(years) < 2, name == "still" && (len(years) > 1 || !years[2001]), name == "apart" && (years[now] || len(years) > 2):
			t.Errorf("%s: the stages began in the years %v: the clock was not what it was to be", name, years)
		}
		for _, words := range [][]string{{"status", "sweep.toml"}, {"report", "sweep.toml"}, {"gc", "--dry-run"}} {
			c, out := withClock(library, clocks[0], dir, append(words, "--work", name)...)
			if err := c.Run(); err != nil || strange.MatchString(out.String()) {
				t.Errorf("%s %v: %v\n%s", name, words, err, out)
			}
		}
	}
}

// TestFilesOfAnyTimeAreFound gives all files of a work folder, and those that the sweep
// reads, times of long ago and of the far future: nothing is computed again.
func TestFilesOfAnyTimeAreFound(t *testing.T) {
	dir := faultFolder(t, noModel)
	undisturbed(t, dir, "work")
	want := outcomeOf(t, filepath.Join(dir, "work"))
	for _, year := range []int{1970, 2099} {
		at := time.Date(year, 1, 2, 0, 0, 0, 0, time.UTC)
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Chtimes(path, at, at)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, words := range [][]string{{"run", "sweep.toml", "--verify"}, {"verify"}, {"gc", "--dry-run"}} {
			c, said := program(dir, "lastmile", append(words, "--work", "work")...)
			if err := c.Run(); err != nil || strings.Contains(said.String(), "done in") || strings.Contains(said.String(), "is damaged") {
				t.Errorf("%d: %v: %v\n%s", year, words, err, said)
			}
		}
		compareOutcomes(t, want, outcomeOf(t, filepath.Join(dir, "work")))
	}
}

// TestCancelStopsNoProcessOfBeforeARestart has a work folder in which a process computed
// when the machine was started anew: another process has its number now.
func TestCancelStopsNoProcessOfBeforeARestart(t *testing.T) {
	dir := faultFolder(t, noModel)
	undisturbed(t, dir, "work")
	other := exec.Command("sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	defer func() { other.Process.Kill(); <-ended }()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	lock := fmt.Sprintf(`{"host": %q, "process": %d, "boot": "before", "token": "T", "lease": 60, "doing": "run faults"}`, host, other.Process.Pid)
	if err := os.WriteFile(filepath.Join(dir, "work", "processes", "before-1"), []byte(lock), 0o666); err != nil {
		t.Fatal(err)
	}
	c, said := program(dir, "lastmile", "cancel", "faults", "--work", "work")
	if err := c.Run(); err == nil || !strings.Contains(said.String(), "before it was started anew; it is not stopped") {
		t.Errorf("%v\n%s", err, said)
	}
	select {
	case <-ended:
		t.Error("a process of something else was stopped")
	case <-time.After(200 * time.Millisecond):
	}
}
