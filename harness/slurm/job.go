package slurm

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"lastmile/harness/stage"
)

// Job is what is submitted for a sweep.
type Job struct {
	Settings
	// Hash tells the work folder and the stages that are wanted from all others; see
	// [Hash].
	Hash string
	// Sweep is the sweep's name.
	Sweep string
	// Work is the work folder, as an absolute path.
	Work string
	// Dir is the folder in which the command is begun.
	Dir string
	// Command is the program of the workers and its arguments.
	Command []string
}

// Hash is that of a work folder and of the keys of the goals.
func Hash(work string, goals []*stage.Stage) string {
	keys := make([]string, len(goals))
	for i, goal := range goals {
		keys[i] = goal.Key
	}
	slices.Sort(keys)
	sum := sha256.Sum256([]byte(work + "\n" + strings.Join(slices.Compact(keys), "\n")))
	return hex.EncodeToString(sum[:4])
}

// Folder is where all that belongs to the job lies.
func (j Job) Folder() string { return filepath.Join(j.Work, "slurm", j.Sweep+"-"+j.Hash) }

func (j Job) script() string        { return filepath.Join(j.Folder(), "job.sh") }
func (j Job) record() string        { return filepath.Join(j.Folder(), "job.json") }
func (j Job) task(id string) string { return filepath.Join(j.Folder(), "tasks", id+".json") }
func (j Job) log(id string) string  { return filepath.Join(j.Folder(), "logs", id+".log") }

// name is the job's in the queue. A sweep that has its name of its file may have any.
func (j Job) name() string { return "lastmile-" + unsafe.ReplaceAllString(j.Sweep, "_") + "-" + j.Hash }

// unsafe is what means something in lists of names, or in the queue as it is printed.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// taskID is Slurm's name of a task of an array job.
func taskID(job string, n int) string { return job + "_" + strconv.Itoa(n) }

// Pace is how a worker's time goes: how long it waits at most for a stage, how often
// it looks for one, the lease of its locks, and how long before its end by the time
// limit a stage may still take to stop.
func (j Job) Pace() (idle, poll, lease, grace time.Duration) {
	return parse(j.Idle), parse(j.Poll), parse(j.Lease), parse(j.Notice) * 3 / 4
}

func (j Job) poll() time.Duration  { return parse(j.Poll) }
func (j Job) lease() time.Duration { return parse(j.Lease) }

// directive is a line of a script for sbatch.
func directive(name, value string) string { return "#SBATCH --" + name + "=" + value + "\n" }

// Script is the job's script. What may have spaces in it is given to sbatch itself, as
// [Job.Submission] says.
func (j Job) Script() string {
	var s strings.Builder
	s.WriteString("#!/bin/bash\n")
	for _, of := range []struct{ name, value string }{
		{"partition", j.Partition}, {"account", j.Account}, {"gres", j.Gres}, {"time", j.Time}, {"mem", j.Memory},
	} {
		if of.value != "" {
			s.WriteString(directive(of.name, of.value))
		}
	}
	if j.CPUs > 0 {
		s.WriteString(directive("cpus-per-task", strconv.Itoa(j.CPUs)))
	}
	for _, more := range j.Options {
		fmt.Fprintf(&s, "#SBATCH %s\n", more)
	}
	// The notice has a signal of its own: SIGTERM, which preemption and scancel send,
	// does not tell whether to go on.
	s.WriteString(directive("signal", fmt.Sprintf("B:USR1@%.0f", max(1, parse(j.Notice).Seconds()))))
	s.WriteString("#SBATCH --requeue\n#SBATCH --open-mode=append\n\n")
	for _, line := range j.Setup {
		s.WriteString(line + "\n")
	}
	s.WriteString("exec " + quoted(j.Command) + "\n")
	return s.String()
}

// Submission is the command line that submits the script for some tasks.
func (j Job) Submission(tasks []int) []string {
	// In a file's name, %A is the job's number and %a the task's.
	logs := strings.ReplaceAll(filepath.Join(j.Folder(), "logs"), "%", "%%") + "/%A_%a.log"
	return []string{"sbatch", "--parsable", "--array=" + ranges(tasks), "--job-name=" + j.name(), "--output=" + logs, "--chdir=" + j.Dir, j.script()}
}

// ranges writes numbers as Slurm does: 0-3,7.
func ranges(numbers []int) string {
	numbers = slices.Clone(numbers)
	slices.Sort(numbers)
	var parts []string
	for i := 0; i < len(numbers); {
		end := i
		for end+1 < len(numbers) && numbers[end+1] == numbers[end]+1 {
			end++
		}
		part := strconv.Itoa(numbers[i])
		if end > i {
			part += "-" + strconv.Itoa(numbers[end])
		}
		parts = append(parts, part)
		i = end + 1
	}
	return strings.Join(parts, ",")
}

// quoted returns words as a shell reads them again.
func quoted(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return strings.Join(quoted, " ")
}
