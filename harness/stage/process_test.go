package stage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// With STAGE_TEST_WORK set the test binary is a process that executes a small
// graph in that folder, which the tests below start, double and kill.
func TestMain(m *testing.M) {
	if work := os.Getenv("STAGE_TEST_WORK"); work != "" {
		os.Exit(child(work))
	}
	os.Exit(m.Run())
}

const steps = 40

// train stands for a training stage: its result depends on each of its steps,
// every tenth is a checkpoint, and each step leaves a line outside the store.
func train(ctx context.Context, job *stage.Job) error {
	var state []byte
	var curve bytes.Buffer
	begin := 0
	checkpoint := filepath.Join(job.Dir, stage.Checkpoint)
	if text, err := os.ReadFile(filepath.Join(checkpoint, "state")); err == nil {
		begin, state = int(text[0]), text[1:1+sha256.Size]
		curve.Write(text[1+sha256.Size:])
	}
	trace, err := os.OpenFile(filepath.Join(os.Getenv("STAGE_TEST_WORK"), "trace"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer trace.Close()
	for step := begin + 1; step <= steps; step++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(2 * time.Millisecond)
		sum := sha256.Sum256(fmt.Append(state, step))
		state = sum[:]
		fmt.Fprintf(&curve, "%d %x\n", step, state[:4])
		fmt.Fprintf(trace, "%d %d\n", os.Getpid(), step)
		if step%10 == 0 && step < steps {
			if err := os.MkdirAll(checkpoint, 0o777); err != nil {
				return err
			}
			text := bytes.Join([][]byte{{byte(step)}, state, curve.Bytes()}, nil)
			if err := os.WriteFile(filepath.Join(checkpoint, "new"), text, 0o666); err != nil {
				return err
			}
			if err := os.Rename(filepath.Join(checkpoint, "new"), filepath.Join(checkpoint, "state")); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(job.Dir, "curve"), curve.Bytes(), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(job.Dir, "model"), state, 0o666)
}

func graph() (*stage.Stage, error) {
	mle, err := stage.New("mle", 1, "small", nil, train)
	if err != nil {
		return nil, err
	}
	return stage.New("rl", 1, "small", []stage.Input{{Name: "mle", Stage: mle}}, train)
}

func child(work string) int {
	store, err := stage.Open(work)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	goal, err := graph()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("ready")
	outcomes := store.Execute(context.Background(), []*stage.Stage{goal}, stage.Options{Workers: 1, Report: func(e stage.Event) {
		if e.State == stage.Waiting {
			fmt.Println("waiting for", e.Holder)
		}
	}})
	if o := outcomes[goal]; !o.Done() {
		fmt.Fprintln(os.Stderr, o.State, o.Err)
		return 1
	}
	return 0
}

func start(t *testing.T, work string, output *bytes.Buffer) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "STAGE_TEST_WORK="+work)
	c.Stdout, c.Stderr = output, output
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// artifacts returns the bytes of all files of a store's artifacts but the
// stage.json.
func artifacts(t *testing.T, work string) string {
	t.Helper()
	var all strings.Builder
	root := filepath.Join(work, "stages")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "stage.json" {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		fmt.Fprintf(&all, "%s: %x\n", name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestTwoProcessesShareTheWork(t *testing.T) {
	work := t.TempDir()
	var outputs [2]bytes.Buffer
	processes := [2]*exec.Cmd{start(t, work, &outputs[0]), start(t, work, &outputs[1])}
	for i, p := range processes {
		if err := p.Wait(); err != nil {
			t.Fatalf("%v: %s", err, &outputs[i])
		}
	}
	trace, err := os.ReadFile(filepath.Join(work, "trace"))
	if err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(trace, []byte("\n")); got != 2*steps {
		t.Errorf("%d steps were computed, expected %d:\n%s", got, 2*steps, trace)
	}
	both := outputs[0].String() + outputs[1].String()
	if !strings.Contains(both, fmt.Sprintf("waiting for %d", processes[0].Process.Pid)) && !strings.Contains(both, fmt.Sprintf("waiting for %d", processes[1].Process.Pid)) {
		t.Errorf("no process told that it waits for the other:\n%s", both)
	}
}

func TestKilledAtAnyMomentGivesTheSameBytes(t *testing.T) {
	var output bytes.Buffer
	undisturbed := t.TempDir()
	begin := time.Now()
	if err := start(t, undisturbed, &output).Wait(); err != nil {
		t.Fatalf("%v: %s", err, &output)
	}
	whole := time.Since(begin)
	want := artifacts(t, undisturbed)

	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	moments := rand.New(rand.NewPCG(seed, 0))
	for round := range 3 {
		work := t.TempDir()
		kills := 0
		for ; kills < 200; kills++ {
			p := start(t, work, &output)
			timer := time.AfterFunc(time.Duration(moments.Int64N(int64(whole)*2/3)), func() { p.Process.Kill() })
			err := p.Wait()
			timer.Stop()
			if err == nil {
				break
			}
			if p.ProcessState.Exited() {
				t.Fatalf("failed by itself: %v: %s", err, &output)
			}
		}
		if got := artifacts(t, work); got != want {
			t.Errorf("round %d: after %d kills:\n%s\nexpected:\n%s", round, kills, got, want)
		}
		t.Logf("round %d: %d kills", round, kills)
	}
}
