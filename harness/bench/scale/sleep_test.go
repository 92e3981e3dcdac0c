package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestMain lets the test binary be the processes that the program begins of itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && play(os.Args[1], os.Args[2:]) {
		return
	}
	os.Exit(m.Run())
}

// TestSleepingSweepsComeToTheSame runs a sweep of thirty runs from end to end whose
// stages do nothing but sleep: in one process, which is killed when half of it is done;
// in a process for each stage; and by workers.
func TestSleepingSweepsComeToTheSame(t *testing.T) {
	folder := t.TempDir()
	sleeper := filepath.Join(folder, "sleeper")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", sleeper, "./sleeper").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	s := sleep{File: write(t, 6), Models: filepath.Join(folder, "models"), Jobs: 4, Sleeper: sleeper}
	g, err := planned(s.File, folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := makeModels(g.Stages, s.Models, 2); err != nil {
		t.Fatal(err)
	}
	first := ""
	for _, form := range []form{inProcess, children, workers} {
		s.Form, s.Work = form, filepath.Join(folder, string(form))
		before := 0
		if form == inProcess {
			killed := s
			killed.KillAfter = len(g.Stages) / 2
			if r, err := killed.begin(t.Context(), runRole); !errors.Is(err, errKilled) {
				t.Fatalf("the sweep was to be killed, and came to %+v, %v", r, err)
			}
			before = killed.KillAfter
		}
		r, err := s.begin(t.Context(), runRole)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		// One or more of those that ran when the process was killed may have been ready.
		if all := r.Found + r.Computed; all != len(g.Stages) || r.Computed > len(g.Stages)-before || r.Computed < len(g.Stages)-before-s.Jobs {
			t.Errorf("%s: %d stages were computed and %d found, of %d; %d were there before", form, r.Computed, r.Found, len(g.Stages), before)
		}
		digest, err := s.digest(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		if first == "" {
			first = digest
		}
		if digest != first {
			t.Errorf("%s came to something else than the others", form)
		}
		if form == inProcess {
			if r, err = s.begin(t.Context(), runRole); err != nil || r.Computed != 0 {
				t.Errorf("once more: %+v, %v", r, err)
			}
		}
	}
}
