package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// kills is how often a sweep is killed: a few times in the suite, and as often as the
// environment variable LASTMILE_FAULTS says in its long form, make faults.
func kills(t *testing.T) (n int, long bool) {
	t.Helper()
	text := os.Getenv("LASTMILE_FAULTS")
	if text == "" {
		return 2, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LASTMILE_FAULTS is %q, expected a number of kills", text)
	}
	return n, true
}

// everyKind is a sweep with every kind of stage, of models that take seconds, and
// noModel one of a rule.
const (
	everyKind = `
name = "faults"
task = { data = "files", files = { train = "t.jsonl", dev = "t.jsonl", test = "t.jsonl" }, max_prompt_tokens = 24, max_response_tokens = 10 }
model = { path = "", vocab_size = 280, hidden_size = 16, intermediate_size = 32, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 1, max_position_embeddings = 64 }
base = { steps = 40, batch_tokens = 128, copy_steps = 10, checkpoint_every = 4 }
mle = { epochs = 3, batch_size = 8, eval_every = 6, checkpoint_every = 4 }
reward_model = { steps = 24, batch_size = 4, eval_every = 10, checkpoint_every = 4 }
reward_eval = { examples = 6, samples = 3 }
rl = { updates = 10, prompts = 4, samples = 2, checkpoint_every = 2 }
scorer = { steps = 20, batch_size = 8, hidden_size = 16, intermediate_size = 32, num_hidden_layers = 1, num_attention_heads = 2, checkpoint_every = 4 }
negatives.policy = { weight = 1 }
runtime.threads = 1
[[variant]]
name = "mle"
algorithm = "none"
[[variant]]
name = "rloo"
algorithm = "rloo"
`
	noModel = `
name = "faults"
task = { data = "files", files = { train = "t.jsonl", dev = "t.jsonl", test = "t.jsonl" } }
metrics.names = ["rouge1", "length"]
algorithm = "rule"
`
)

// faultFolder makes a folder with a sweep file and its data.
func faultFolder(t *testing.T, sweep string) string {
	t.Helper()
	dir := t.TempDir()
	var lines strings.Builder
	words := strings.Fields("red green blue small large round old new stone river house tree")
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 24 {
		var text []string
		for range 6 {
			text = append(text, words[r.IntN(len(words))])
		}
		fmt.Fprintf(&lines, `{"id": "%d", "input": %q, "reference": %q}`+"\n", i, strings.Join(text, " "), strings.Join(text[3:], " "))
	}
	for name, text := range map[string]string{"sweep.toml": sweep, "t.jsonl": lines.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// program is a process of lastmile in a folder. Called "faulty", the test binary is one
// whose writes fail, as the environment says.
func program(dir, name string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	said := new(bytes.Buffer)
	return &exec.Cmd{Path: testBinary(), Args: append([]string{name}, arguments...), Dir: dir, Stdout: said, Stderr: said}, said
}

// testBinary is the path of this program.
func testBinary() string {
	if filepath.IsAbs(os.Args[0]) {
		return os.Args[0]
	}
	return filepath.Join(root, os.Args[0])
}

// outcomeOf is all that a sweep left in a work folder but for times and what they
// cost: the artifacts, the store and the report.
func outcomeOf(t *testing.T, work string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, folder := range []string{"stages", "reports"} {
		err := filepath.WalkDir(filepath.Join(work, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == "stage.json" || entry.Name() == ".fingerprint" {
				return err
			}
			text, err := os.ReadFile(path)
			if entry.Name() == "README.md" {
				text = costs.ReplaceAll(text, nil)
			}
			name, _ := filepath.Rel(work, path)
			all[name] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("sqlite3", filepath.Join(work, "lastmile.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, of := range []string{"v_scores", "v_outputs", "v_curves", "v_reward_accuracy", "v_reward_kinds", "v_reward_samples", "v_reward_calibration"} {
		all[of] = rowsOf(t, db, "SELECT * FROM "+of)
	}
	all["runs"] = rowsOf(t, db, "SELECT name, status, reason, config FROM runs")
	all["stages"] = rowsOf(t, db, "SELECT r.name, s.kind, s.key FROM run_stages rs JOIN runs r ON r.id = rs.run JOIN stages s ON s.id = rs.stage")
	return all
}

// costs are the lines of a report with times and memory, and those that are as wide.
var costs = regexp.MustCompile(`(?m)^(\| .* MiB +\||\| stage +\| systems +.*|After MLE, a run of each system took.*|\| stages begun .*|[|-]+)$`)

// rowsOf are the rows of a query, sorted.
func rowsOf(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for rows.Next() {
		values, fields := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			fields[i] = &values[i]
		}
		if err := rows.Scan(fields...); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(values...))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// compareOutcomes says how what a disturbed sweep left differs from what an undisturbed
// one did.
func compareOutcomes(t *testing.T, want, got map[string]string) {
	t.Helper()
	if !slices.Equal(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))) {
		t.Errorf("there are %q\nand in an undisturbed work folder %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			t.Errorf("%s differs from that of an undisturbed sweep from here on:\n%.2000s\nundisturbed:\n%.2000s", name, from(got[name], want[name]), from(want[name], got[name]))
		}
	}
}

// from is a text from the first line on that another one does not begin with.
func from(text, other string) string {
	for text != "" {
		line, after, _ := strings.Cut(text, "\n")
		theirs, rest, _ := strings.Cut(other, "\n")
		if line != theirs {
			break
		}
		text, other = after, rest
	}
	return text
}

// undisturbed runs a sweep to its end.
func undisturbed(t *testing.T, dir, work string, flags ...string) {
	t.Helper()
	c, said := program(dir, "lastmile", append([]string{"run", "sweep.toml", "--work", work}, flags...)...)
	if err := c.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", c.Args, err, said)
	}
}

// TestKilledSweepsEndAsUndisturbedOnes kills at random moments the process that
// computes a sweep with every kind of stage, in the long form also one of those that it
// has begun for a stage, and lets the same command go on.
func TestKilledSweepsEndAsUndisturbedOnes(t *testing.T) {
	n, long := kills(t)
	dir := faultFolder(t, everyKind)
	begin := time.Now()
	undisturbed(t, dir, "whole")
	takes := time.Since(begin)
	want := outcomeOf(t, filepath.Join(dir, "whole"))
	total := finishedStages(t, filepath.Join(dir, "whole"))
	var flags []string
	if long {
		flags = []string{"--jobs", "2"}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("random moments of seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	killed, stages, sweeps := 0, 0, 0
	for sweep := 0; killed < n; sweep++ {
		if sweep == n+20 {
			t.Fatalf("%d sweeps were over before they were killed %d times", sweep, n)
		}
		work := filepath.Join(dir, fmt.Sprint("killed", sweep))
		for killed < n {
			c, _ := program(dir, "lastmile", append([]string{"run", "sweep.toml", "--work", work}, flags...)...)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			// The moment is some time after some number of stages, the last included. Once
			// all are there, the sweep may come to its end.
			before := finishedStages(t, work)
			done := before + r.IntN(total-before+1)
			for len(ended) == 0 && finishedStages(t, work) < done {
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Duration(r.Int64N(int64(takes / 10))))
			if before == total {
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
				break
			}
			ofStage := false
			if long && r.IntN(2) == 0 {
				// The next one that computes: most of its short life a stage's process begins.
				for limit := time.Now().Add(takes / 2); !ofStage && len(ended) == 0 && time.Now().Before(limit); time.Sleep(time.Millisecond) {
					ofStage = killStageOf(t, work)
				}
			}
			if ofStage {
				killed, stages = killed+1, stages+1
			} else if len(ended) == 0 && c.Process.Kill() == nil {
				killed++
			}
			if <-ended == nil {
				break
			}
		}
		undisturbed(t, dir, work)
		compareOutcomes(t, want, outcomeOf(t, work))
		for _, folder := range []string{"partial", "locks", "logs"} {
			left, _ := os.ReadDir(filepath.Join(work, folder))
			// What a killed process was making a lock of stays for a minute.
			left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return folder == "locks" && strings.HasPrefix(e.Name(), ".") })
			if len(left) > 0 {
				t.Errorf("%s is left in %s", left, folder)
			}
		}
		os.RemoveAll(work)
		sweeps++
	}
	t.Logf("%d processes were killed, %d of them those of a stage, of %d sweeps", killed, stages, sweeps)
}

// finishedStages counts those of a work folder.
func finishedStages(t *testing.T, work string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(work, "stages", "*", "*", "stage.json"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// killStageOf kills a process that computes a stage of a work folder, if there is any.
func killStageOf(t *testing.T, work string) bool {
	t.Helper()
	locks, err := filepath.Glob(filepath.Join(work, "locks", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lock := range locks {
		var owner struct{ Process int }
		text, err := os.ReadFile(lock)
		if err != nil || json.Unmarshal(text, &owner) != nil || owner.Process == 0 {
			continue
		}
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", owner.Process))
		if err == nil && strings.Contains(string(line), "\x00stage\x00") && strings.Contains(string(line), work) {
			return syscall.Kill(owner.Process, syscall.SIGKILL) == nil
		}
	}
	return false
}

// TestProcessesThatBeginTogether starts the same sweep eight times at the same moment.
func TestProcessesThatBeginTogether(t *testing.T) {
	sweep := noModel
	if _, long := kills(t); long {
		sweep = everyKind
	}
	dir := faultFolder(t, sweep)
	undisturbed(t, dir, "alone")
	var all []*exec.Cmd
	var said []*bytes.Buffer
	for range 8 {
		c, out := program(dir, "lastmile", "run", "sweep.toml", "--work", "together")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		all, said = append(all, c), append(said, out)
	}
	for i, c := range all {
		if err := c.Wait(); err != nil {
			t.Errorf("%v\n%s", err, said[i])
		}
	}
	compareOutcomes(t, outcomeOf(t, filepath.Join(dir, "alone")), outcomeOf(t, filepath.Join(dir, "together")))
}
