package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// MistakeError is what Slurm does not accept: a partition that there is not, and such.
type MistakeError struct{ text string }

// Error is Slurm's own word.
func (e *MistakeError) Error() string { return e.text }

// answerWithin is how long one of Slurm's commands may take.
const answerWithin = 2 * time.Minute

// command runs one of Slurm's commands and returns what it writes. Its errors are what
// it complains of, in one line.
func command(ctx context.Context, words []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	var out, complaint bytes.Buffer
	c.Stdout, c.Stderr = &out, &complaint
	err := c.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", &MistakeError{fmt.Sprintf("there is no %s on the PATH; --executor slurm is for a machine from which jobs of Slurm's are submitted", words[0])}
	case err != nil && complaint.Len() > 0:
		return "", fmt.Errorf("%s: %s", words[0], complaints(complaint.String()))
	case err != nil:
		return "", fmt.Errorf("%s: %w", words[0], err)
	}
	return out.String(), nil
}

// endsLine tells whether a line ends at a character: those of bars of progress end
// with a carriage return.
func endsLine(r rune) bool { return r == '\n' || r == '\r' }

// prefix begins the lines in which Slurm's commands complain.
var prefix = regexp.MustCompile(`^\w+: (error|fatal): `)

// complaints are the lines of a complaint in one, without who says it.
func complaints(text string) string {
	var said []string
	for _, line := range strings.FieldsFunc(strings.ToValidUTF8(text, "?"), endsLine) {
		if line = prefix.ReplaceAllString(strings.TrimSpace(line), ""); line != "" {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}

// unanswered are the complaints that nobody made a mistake for.
var unanswered = regexp.MustCompile(`(?i)contact|timed out|connection|communication|temporarily|authentication|configuration source`)

// submit submits the script for tasks and returns the job's number.
func (j Job) submit(ctx context.Context, tasks []int) (string, error) {
	// To be interrupted here would leave a job of which nobody knows.
	out, err := command(context.WithoutCancel(ctx), j.Submission(tasks))
	if mistake := (*MistakeError)(nil); errors.As(err, &mistake) {
		return "", err
	}
	if err != nil {
		if !unanswered.MatchString(err.Error()) {
			return "", &MistakeError{fmt.Sprintf("Slurm does not take the job (%s): %v", j.script(), err)}
		}
		return "", fmt.Errorf("submitting the job: %w", err)
	}
	return jobIn(out)
}

// jobIn is the job's number in an answer of sbatch --parsable.
func jobIn(out string) (string, error) {
	id, _, _ := strings.Cut(strings.TrimSpace(out), ";")
	if n, err := strconv.Atoi(id); err != nil || n < 0 {
		return "", fmt.Errorf("submitting the job: sbatch answers %.200q, expected the job's number", out)
	}
	return id, nil
}

// queued is a task that Slurm has, in whatever state.
type queued struct {
	job           string
	task          int
	state, reason string
	node          string
}

func (q queued) id() string { return taskID(q.job, q.task) }

// queue are the tasks of the job that wait, run or end.
func (j Job) queue(ctx context.Context) ([]queued, error) {
	out, err := command(ctx, []string{"squeue", "--noheader", "--array", "--name=" + j.name(), "--format=%F|%K|%T|%N|%r"})
	if err != nil {
		return nil, err
	}
	return tasksIn(out), nil
}

// tasksIn are the tasks in an answer of squeue.
func tasksIn(out string) (tasks []queued) {
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		if len(fields) != 5 {
			continue
		}
		n, err := strconv.Atoi(fields[1])
		if err != nil || n < 0 {
			continue // no task of an array: none that we have submitted
		}
		tasks = append(tasks, queued{job: fields[0], task: n, state: fields[2], node: fields[3], reason: fields[4]})
	}
	return tasks
}

// fate is what Slurm still knows of a task that has ended: "TIMEOUT on n1 (TimeLimit)",
// "" where nothing.
func fate(ctx context.Context, id string) string {
	out, err := command(ctx, []string{"scontrol", "--oneliner", "show", "job", id})
	if err != nil {
		return ""
	}
	return fateIn(out)
}

// fateIn is what an answer of scontrol says of a task.
func fateIn(out string) string {
	known := map[string]string{}
	for _, field := range strings.Fields(out) {
		if key, value, ok := strings.Cut(field, "="); ok {
			known[key] = value
		}
	}
	text := known["JobState"]
	if node := known["BatchHost"]; node != "" {
		text += " on " + node
	}
	if reason := known["Reason"]; reason != "" && reason != "None" {
		text += " (" + reason + ")"
	}
	return text
}
