package stage_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"lastmile/harness/stage"
)

// roleVariable names the environment variable that makes the test binary one
// of the processes that the tests start.
const roleVariable = "STAGE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "":
		os.Exit(m.Run())
	case "stage":
		os.Exit(serve(os.Args[len(os.Args)-1]))
	case "worker":
		os.Exit(work(os.Args[len(os.Args)-2], os.Args[len(os.Args)-1]))
	case "coordinator":
		os.Exit(coordinate(os.Args[len(os.Args)-3], os.Args[len(os.Args)-2], os.Args[len(os.Args)-1]))
	}
}

// serve computes one stage: it is to the tests what `lastmile stage` is to a
// run.
func serve(folder string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out, err := stage.ClaimStdout()
	if err == nil {
		err = stage.Serve(ctx, folder, funcs, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// coordinate executes a small graph in a work folder.
func coordinate(executor, gate, work string) int {
	store, err := stage.Open(work)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	goal := trained(gate, work)
	outcomes := store.Execute(context.Background(), []*stage.Stage{goal}, stage.Options{Executor: executors[executor], Workers: 1, Report: func(e stage.Event) {
		if e.State == stage.Waiting {
			fmt.Println("waiting for", e.Holder.Process, "on", e.Holder.Host)
		}
	}})
	if o := outcomes[goal]; !o.Done() {
		fmt.Fprintln(os.Stderr, o.State, o.Err)
		return 1
	}
	return 0
}

// executors are what the tests run over.
var executors = map[string]stage.Executor{
	"local":   stage.Local{Funcs: funcs},
	"process": stage.Process{Command: []string{os.Args[0]}, Env: []string{roleVariable + "=stage"}},
}

// overBoth runs a test with each executor.
func overBoth(t *testing.T, test func(t *testing.T, executor stage.Executor)) {
	for name, executor := range executors {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, executor)
		})
	}
}

// behaviour are the settings of the tests' stages, which are the same code
// whatever their kind.
type behaviour struct {
	// Do is what the stage does instead of writing Text and its inputs' texts.
	Do   string `json:"do"`
	Text string `json:"text"`
	// Trace is a file that gets a line when the stage begins.
	Trace string `json:"trace"`
	// Unless is a file: once it is there, the stage writes after all.
	Unless string `json:"unless"`
	// Sign is a file that the stage makes, and Gate one that it waits for.
	Sign string `json:"sign"`
	Gate string `json:"gate"`
}

// grace is how long a stage is usually waited for.
const grace = 2 * time.Second

func funcs(string) (stage.Func, int, bool) { return behave, 1, true }

func behave(ctx context.Context, job *stage.Job) error {
	var b behaviour
	if err := job.Read("", &b); err != nil {
		return err
	}
	if b.Trace != "" {
		appendLine(b.Trace, filepath.Base(job.Dir))
	}
	if b.Sign != "" {
		appendLine(b.Sign, "here")
	}
	if b.Gate != "" && b.Do != "stubborn" {
		for !exists(b.Gate) && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if b.Unless != "" && exists(b.Unless) {
		b.Do = ""
	}
	switch b.Do {
	case "fail":
		return errors.New(b.Text)
	case "panic":
		panic(b.Text)
	case "exit":
		fmt.Println("a library says", b.Text)
		os.Exit(3)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "segfault":
		page, err := unix.Mmap(-1, 0, 4096, unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
		if err != nil {
			return err
		}
		job.Tokens(int(page[0]))
	case "panic elsewhere":
		go func() { panic(b.Text) }()
		select {}
	case "wait":
		for step := 1; ctx.Err() == nil; step++ {
			job.Progress(step, 0, b.Text)
			time.Sleep(time.Millisecond)
		}
		if err := keep(job, []byte(b.Text)); err != nil {
			return err
		}
		return ctx.Err()
	case "late":
		<-ctx.Done()
		time.Sleep(grace + 200*time.Millisecond)
		if err := keep(job, []byte(b.Text)); err != nil {
			return err
		}
		return ctx.Err()
	case "stubborn":
		for !exists(b.Gate) {
			time.Sleep(time.Millisecond)
		}
	case "report":
		for step := 1; step <= 3; step++ {
			job.Progress(step, 3, b.Text)
			time.Sleep(60 * time.Millisecond)
		}
	case "say":
		for i := range 30 {
			job.Progress(i, 30, "")
			job.Say(fmt.Sprint(b.Text, " ", i))
		}
		return errors.New(b.Text)
	case "train":
		return train(ctx, job, b)
	case "resume":
		if left := filepath.Join(job.Dir, stage.Checkpoint, "state"); exists(left) {
			return fmt.Errorf("resuming: %w", &stage.CheckpointError{Err: fmt.Errorf("%s cannot be used", left)})
		}
	}
	return write(job, b)
}

func write(job *stage.Job, b behaviour) error {
	text := b.Text
	for _, dir := range job.Inputs {
		input, err := os.ReadFile(filepath.Join(dir, "text"))
		if err != nil {
			return err
		}
		text += string(input)
	}
	job.Tokens(len(text))
	return os.WriteFile(filepath.Join(job.Dir, "text"), []byte(text), 0o666)
}

const steps = 40

// train stands for a training stage: its result depends on each of its steps,
// every tenth is a checkpoint, and each step leaves a line outside the store.
func train(ctx context.Context, job *stage.Job, b behaviour) error {
	var state []byte
	var curve bytes.Buffer
	begin := 0
	if text, err := os.ReadFile(filepath.Join(job.Dir, stage.Checkpoint, "state")); err == nil {
		begin, state = int(text[0]), text[1:1+sha256.Size]
		curve.Write(text[1+sha256.Size:])
	}
	for step := begin + 1; step <= steps; step++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(2 * time.Millisecond)
		sum := sha256.Sum256(fmt.Append(state, step))
		state = sum[:]
		fmt.Fprintf(&curve, "%d %x\n", step, state[:4])
		appendLine(filepath.Join(job.Dir, "../../trace"), fmt.Sprintf("%d %d", os.Getpid(), step))
		if step%10 == 0 && step < steps {
			if err := keep(job, bytes.Join([][]byte{{byte(step)}, state, curve.Bytes()}, nil)); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile(filepath.Join(job.Dir, "curve"), curve.Bytes(), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(job.Dir, "text"), state, 0o666)
}

// keep writes a checkpoint.
func keep(job *stage.Job, state []byte) error {
	checkpoint := filepath.Join(job.Dir, stage.Checkpoint)
	if err := os.MkdirAll(checkpoint, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(checkpoint, "new"), state, 0o666); err != nil {
		return err
	}
	return os.Rename(filepath.Join(checkpoint, "new"), filepath.Join(checkpoint, "state"))
}

// trained is a graph of two stages that train, the first once the gate is
// there. The gate is no part of the keys.
func trained(gate, work string) *stage.Stage {
	mle := stageOf("mle", behaviour{Do: "train"})
	mle.Settings, _ = json.Marshal(behaviour{Do: "train", Gate: gate, Sign: filepath.Join(work, "begun")})
	return stageOf("rl", behaviour{Do: "train"}, mle)
}

// stageOf makes a stage whose inputs go by their kinds.
func stageOf(kind string, b behaviour, inputs ...*stage.Stage) *stage.Stage {
	settings, err := json.Marshal(b)
	if err != nil {
		panic(err)
	}
	var named []stage.Input
	for _, input := range inputs {
		named = append(named, stage.Input{Name: input.Kind, Stage: input})
	}
	return stage.New(kind, 1, settings, settings, "", named)
}

func open(t testing.TB) *stage.Store {
	t.Helper()
	store, err := stage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// coordinator starts a process that executes the graph of [trained].
func coordinator(t *testing.T, executor, gate, work string) (*exec.Cmd, *output) {
	t.Helper()
	c := exec.Command(os.Args[0], executor, gate, work)
	c.Env = append(os.Environ(), roleVariable+"=coordinator")
	out := new(output)
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() }) // where the test gave up before it ended
	return c, out
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// artifacts returns the bytes of all files of a store's artifacts but the
// stage.json.
func artifacts(t *testing.T, work string) string {
	t.Helper()
	var all strings.Builder
	paths, err := filepath.Glob(filepath.Join(work, "stages", "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if filepath.Base(path) == "stage.json" {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(work, path)
		fmt.Fprintf(&all, "%s: %x\n", name, text)
	}
	return all.String()
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("%s did not come about in 2 min", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func appendLine(path, line string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, line); err != nil {
		panic(err)
	}
}

// linesOf returns the lines of a file, none where it is not there.
func linesOf(path string) []string {
	text, _ := os.ReadFile(path)
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return line == "" })
}
