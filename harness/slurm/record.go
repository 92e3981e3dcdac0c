package slurm

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"lastmile/harness/stage"
)

// record is the job.json: what a coordinator that comes back must know.
type record struct {
	// Command is what each worker runs.
	Command []string `json:"command"`
	// Jobs are those that were submitted.
	Jobs []submitted `json:"jobs"`
	// Deaths are the tasks that ended before their work was done.
	Deaths []death `json:"deaths"`
}

// submitted is a job that was submitted.
type submitted struct {
	Job   string    `json:"job"`
	Tasks []int     `json:"tasks"`
	Time  time.Time `json:"time"`
}

// death is a task that died.
type death struct {
	Job  string `json:"job"`
	Task int    `json:"task"`
	Why  string `json:"why"`
}

// readRecord reads the record, which is empty where there is none yet.
func (j Job) readRecord() (record, error) {
	r := record{}
	if err := stage.ReadJSON(j.record(), &r); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	r.Command = j.Command
	return r, nil
}

// deaths is how often the task with a number died.
func (r record) deaths(number int) int {
	n := 0
	for _, d := range r.Deaths {
		if d.Task == number {
			n++
		}
	}
	return n
}

// adopt adds a task that is in the queue though the record does not have it: its
// coordinator was killed between submitting and writing that down.
func (r *record) adopt(q queued) (changed bool) {
	for i := range r.Jobs {
		if r.Jobs[i].Job == q.job {
			for _, n := range r.Jobs[i].Tasks {
				if n == q.task {
					return false
				}
			}
			r.Jobs[i].Tasks = append(r.Jobs[i].Tasks, q.task)
			return true
		}
	}
	r.Jobs = append(r.Jobs, submitted{Job: q.job, Tasks: []int{q.task}, Time: now()})
	return true
}

// lastWords are the last line that a task wrote that is not the worker's own end.
func (j Job) lastWords(id string) string {
	f, err := os.Open(j.log(id))
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 4 << 10
	if size, err := f.Seek(0, io.SeekEnd); err == nil && size > most {
		_, err = f.Seek(size-most, io.SeekStart)
		if err != nil {
			return ""
		}
	} else if _, err := f.Seek(0, io.SeekStart); err != nil {
		return ""
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return ""
	}
	lines := strings.FieldsFunc(strings.ToValidUTF8(string(text), "?"), endsLine)
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

// told says why a task died, by what its worker left, what Slurm knows and what was
// written last.
func (j Job) told(id string, t task, known string) string {
	var parts []string
	switch {
	case t.Why != "":
		parts = append(parts, t.Why)
	case t.Began.IsZero():
		parts = append(parts, "it ended before lastmile began")
	default:
		parts = append(parts, fmt.Sprintf("it ended without a word, on %s", t.Host))
	}
	if known != "" {
		parts = append(parts, "Slurm: "+known)
	}
	if t.Why == "" {
		if words := j.lastWords(id); words != "" {
			parts = append(parts, "last line of "+j.log(id)+": "+words)
		}
	}
	return strings.Join(parts, "; ")
}
