package slurm

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"lastmile/harness/fuzztest"
)

// FuzzAnswers reads what Slurm's commands write.
func FuzzAnswers(f *testing.F) {
	for _, out := range []string{
		"12|0|RUNNING|n1|None\n12|1|PENDING||Resources\n", "12|N/A|PENDING||a|b\n\n|-1|||\n99999999999999999999|3|X|Y|Z",
		"1234;cluster\n", "sbatch: error: Batch job submission failed: Invalid partition\r\nsbatch: fatal: no\n",
		"JobId=1 JobState=TIMEOUT Reason=TimeLimit BatchHost=n1 =x JobState", "-5", "\xff|0|\x1b[2J|",
	} {
		f.Add(out)
	}
	f.Fuzz(func(t *testing.T, out string) {
		fuzztest.Bounded(t, 64<<20, func() {
			var r record
			for _, q := range tasksIn(out) {
				if q.task < 0 || strings.ContainsAny(q.job+q.state+q.node+q.reason, "|\n") {
					t.Errorf("a task is %+v", q)
				}
				r.adopt(q)
				if r.adopt(q) {
					t.Errorf("%+v was adopted twice", q)
				}
			}
			if text := fateIn(out); strings.ContainsAny(text, "\n\r") {
				t.Errorf("the fate of a task is %q", text)
			}
			id, err := jobIn(out)
			fuzztest.Says(t, err, out)
			if _, bad := strconv.Atoi(id); (err == nil) != (bad == nil) {
				t.Errorf("the job is %q, %v", id, err)
			}
			if text := complaints(out); strings.ContainsAny(text, "\n\r") || !utf8.ValidString(text) {
				t.Errorf("a complaint is %q", text)
			}
		})
	})
}

// FuzzRecord reads the record that a coordinator left, and a worker's log.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"command": ["x"], "jobs": [{"job": "1", "tasks": [0, 1], "time": "2026-01-01T00:00:00Z"}], "deaths": [{"job": "1", "task": 0, "why": "x"}]}`), []byte("a\n 10%\r 20%\r\n\n"))
	f.Add([]byte(`{"jobs": {"job": 1}}`), []byte("\xff"))
	j := Job{Work: f.TempDir(), Sweep: "demo", Hash: "1234", Command: []string{"run"}}
	f.Fuzz(func(t *testing.T, text, log []byte) {
		for path, content := range map[string][]byte{j.record(): text, j.log("1_0"): log} {
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fuzztest.Bounded(t, 64<<20, func() {
			r, err := j.readRecord()
			fuzztest.Says(t, err, string(text))
			r.deaths(0)
			if words := j.told("1_0", task{}, ""); strings.ContainsAny(words, "\n\r") || !utf8.ValidString(words) {
				t.Errorf("the last words are %q", words)
			}
		})
	})
}
