package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/random"
	"lastmile/harness/stages"
)

// small is a whole experiment that takes seconds: a model from scratch, MLE,
// reward model, PPO, all metrics.
const small = `
name = "small"

[task]
data = "files"
files = { train = "train.jsonl", dev = "dev.jsonl", test = "test.jsonl" }
max_prompt_tokens = 24
max_response_tokens = 10

[model]
path = ""
vocab_size = 280
hidden_size = 16
intermediate_size = 32
num_hidden_layers = 1
num_attention_heads = 2
num_key_value_heads = 1
max_position_embeddings = 64

[base]
steps = 40
batch_tokens = 128
copy_steps = 10
checkpoint_every = 4

[mle]
epochs = 3
batch_size = 8
eval_every = 6
checkpoint_every = 4

[reward_model]
steps = 24
batch_size = 4
eval_every = 10
checkpoint_every = 4

[reward_eval]
examples = 6
samples = 3

[rl]
updates = 10
prompts = 4
samples = 2
checkpoint_every = 2
kl.adaptive = true

[scorer]
steps = 20
batch_size = 8
hidden_size = 16
intermediate_size = 32
num_hidden_layers = 1
num_attention_heads = 2
checkpoint_every = 4

[runtime]
threads = 1

[decode.sample]
temperatures = [0.5, 1.0]

[[variant]]
name = "mle"
algorithm = "none"

[[variant]]
name = "ppo"
`

// process is a process that computes the small experiment in a work folder, with so
// many jobs.
func process(work string, jobs int) *exec.Cmd {
	return exec.Command(os.Args[0], "small", work, strconv.Itoa(jobs))
}

// computeSmall is what such a process does.
func computeSmall(work, jobs string) error {
	s, err := schema().Load(filepath.Join(filepath.Dir(work), "small.toml"), experiments.LoadOptions{})
	if err != nil {
		return err
	}
	g, err := Plan(context.Background(), s, work)
	if err != nil {
		return err
	}
	o := Options{Threads: experiments.Get[Runtime](s.Config, "runtime").Threads, Command: []string{os.Args[0], "stage"}}
	if o.Jobs, err = strconv.Atoi(jobs); err != nil {
		return err
	}
	result, err := g.Run(context.Background(), o)
	if err == nil && !result.Complete() {
		err = fmt.Errorf("the experiment is not complete: %+v", result)
	}
	return err
}

// TestKilledRunsEndInTheSameBytes kills a process that computes two stages at once,
// each in a process of its own, in the midst of five stages, one after the other,
// and lets the same command go on. What comes out are the bytes of one process that
// computes stage after stage and is never killed.
func TestKilledRunsEndInTheSameBytes(t *testing.T) {
	dir := t.TempDir()
	writeTask(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "small.toml"), []byte(small), 0o666); err != nil {
		t.Fatal(err)
	}
	straight, killed := filepath.Join(dir, "straight"), filepath.Join(dir, "killed")
	if out, err := process(straight, 1).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	kinds := []string{stages.Base, stages.MLE, stages.Reward, stages.Policy, stages.Decode}
	for i, kind := range kinds {
		at := filepath.Join("partial", kind+"-*", "checkpoint", "state.json")
		if kind == stages.Decode {
			at = filepath.Join("partial", kind+"-*")
		}
		for tries := 1; !interrupts(t, killed, at); tries++ {
			if tries == 10 {
				t.Fatalf("each of %d kills at %s came too late to interrupt anything", tries, at)
			}
			// What is there is computed again, from here to the end.
			for _, kind := range append([]string{stages.Postprocess, stages.Score}, kinds[i:]...) {
				if err := os.RemoveAll(filepath.Join(killed, "stages", kind)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if out, err := process(killed, 2).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, got := artifacts(t, straight), artifacts(t, killed)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s differs from that of an uninterrupted run", name)
		}
	}
	if len(got) != len(want) || len(want) < 30 {
		t.Errorf("%d files after kills, %d without", len(got), len(want))
	}
}

// interrupts lets a process go on in a work folder and kills it once a file at is
// there. It reports whether the file is left, and with it a stage that did not end:
// on a busy machine the stage may be over before the kill.
func interrupts(t *testing.T, work, at string) bool {
	t.Helper()
	at = filepath.Join(work, at)
	c := process(work, 2)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		if found, _ := filepath.Glob(at); len(found) > 0 {
			// It may have ended by itself, which is too late as well.
			c.Process.Kill()
			<-ended
			left, _ := filepath.Glob(at)
			return len(left) > 0
		}
		select {
		case <-ended:
			return false
		case <-time.After(time.Millisecond):
		}
	}
}

// artifacts are the hashes of all files of all stages but stage.json, which
// holds times.
func artifacts(t *testing.T, work string) map[string]string {
	t.Helper()
	hashes := make(map[string]string)
	root := filepath.Join(work, "stages")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "stage.json" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		hashes[strings.TrimPrefix(path, root)] = hex.EncodeToString(sum[:])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

// writeTask writes three files of examples whose reference is the end of the
// input.
func writeTask(t *testing.T, dir string) {
	t.Helper()
	words := strings.Fields("red green blue small large round old new stone river house tree bird fish wind rain sun moon star sand")
	for split, n := range map[string]int{"train": 48, "dev": 10, "test": 12} {
		var examples []data.Example
		for i := range n {
			stream := random.New(1, split, i)
			var input []string
			for range 6 {
				input = append(input, words[stream.IntN(len(words))])
			}
			examples = append(examples, data.Example{ID: fmt.Sprint(i), Input: strings.Join(input, " "), References: []string{strings.Join(input[3:], " ")}})
		}
		if err := data.Write(filepath.Join(dir, split+".jsonl"), examples); err != nil {
			t.Fatal(err)
		}
	}
}
