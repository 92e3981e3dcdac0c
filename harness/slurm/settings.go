// Package slurm computes sweeps as jobs of Slurm's.
//
// A task of an array job is a worker: lastmile run with --worker, which plans the same
// sweep and computes whatever stage is ready and held by nobody, until nothing is left
// (package stage). So jobs depend on no order, small stages share a task by
// themselves, and a task that dies costs what its stage has computed since the last
// checkpoint, from which another task goes on.
//
// The coordinator, which is lastmile run --executor slurm where the user is, submits
// the job, follows the stages in the work folder and the tasks in the queue, submits
// anew what died, and brings the results into the store, which nobody else writes. It
// can be stopped at any time: what it must know stands in a folder of its own,
//
//	WORK/slurm/NAME-HASH/job.sh      the script that was submitted
//	WORK/slurm/NAME-HASH/job.json    which jobs there were, and which tasks died of what
//	WORK/slurm/NAME-HASH/lock        held by the coordinator
//	WORK/slurm/NAME-HASH/tasks/*     how each task began and ended, by its worker
//	WORK/slurm/NAME-HASH/logs/*      what each task wrote
//
// where HASH is that of the work folder and of the keys of the stages that are wanted.
// The jobs bear the same name, by which they are found in the queue.
package slurm

import (
	"embed"
	"time"

	"lastmile/experiments"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Settings are the section [slurm]: what run --executor slurm asks Slurm for. It is no
// part of a run's ID, and changes no key.
type Settings struct {
	// Partition is the partition; empty leaves it to Slurm, as with all of these.
	Partition string `toml:"partition" json:"partition"`
	// Account is whom the time is charged to.
	Account string `toml:"account" json:"account"`
	// Gres is what each task needs beside processors, such as "gpu:1".
	Gres string `toml:"gres" json:"gres"`
	// Time is the limit of a task: minutes, "hours:minutes:seconds" or
	// "days-hours:minutes". A stage may take longer than that, if it leaves a checkpoint
	// in that time.
	Time string `toml:"time" json:"time"`
	// Memory is that of a task, such as "32G".
	Memory string `toml:"memory" json:"memory"`
	// CPUs is the number of processors of a task, and of the threads that it computes
	// with where runtime.threads is 0; 0 leaves it to Slurm.
	CPUs int `toml:"cpus" json:"cpus"`
	// Options are further options of sbatch, such as "--constraint=a100".
	Options []string `toml:"options" json:"options"`
	// Setup are lines of bash before lastmile is begun, such as "module load cuda". One
	// that fails stops nothing, unless "set -e" is the first.
	Setup []string `toml:"setup" json:"setup"`
	// Tasks is the most tasks at once. There are never more than stages that can be
	// computed at once.
	Tasks int `toml:"tasks" json:"tasks"`
	// Retries is how often a task that died is submitted again: with its node, by
	// scancel, at its time limit before there was a checkpoint. Being requeued, and a
	// time limit after a checkpoint, do not count.
	Retries int `toml:"retries" json:"retries"`
	// Notice is how long before its time limit a task is told to stop.
	Notice string `toml:"notice" json:"notice"`
	// Idle is how long a task waits for a stage that it can compute before it ends.
	Idle string `toml:"idle" json:"idle"`
	// Poll is about how often the coordinator, and tasks that wait, look at the work
	// folder.
	Poll string `toml:"poll" json:"poll"`
	// Lease is how long after its last sign of life a task loses what it computes, to
	// tasks on other nodes. It should be several times as long as a change on the file
	// system of the work folder takes until other nodes see it.
	Lease string `toml:"lease" json:"lease"`
}

var (
	word     = experiments.Matching("characters other than spaces, quotes, # and \\", `^[^\s"'#\\]*$`)
	line     = experiments.Matching("a single line", `^[^\n\r]*$`)
	duration = experiments.Matching(`a duration such as "90s", "10m" or "1h30m"`, `^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$`)
)

// positive is the durations above zero.
var positive = experiments.Check{Allowed: duration.Allowed, Broken: func(value any) string {
	if broken := duration.Broken(value); broken != "" {
		return broken
	}
	if text, _ := value.(string); parse(text) <= 0 {
		return "must be longer than nothing"
	}
	return ""
}}

// parse returns a duration that has passed its check.
func parse(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0
	}
	return d
}

// Section is the section [slurm] of a sweep file.
func Section() experiments.Section {
	return experiments.Section{
		Key:     "slurm",
		OfSweep: true,
		Default: Settings{Tasks: 64, Retries: 3, Notice: "60s", Idle: "10m", Poll: "15s", Lease: "60s"},
		Rules: experiments.Rules{
			"partition": word,
			"account":   word,
			"gres":      word,
			"time":      experiments.Matching(`a time such as 90, "12:00:00" or "2-00:00"`, `^([0-9]+|[0-9]+:[0-9]+(:[0-9]+)?|[0-9]+-[0-9]+(:[0-9]+){0,2})?$`),
			"memory":    experiments.Matching(`a size such as "32G"`, `^([0-9]+[KMGTkmgt]?)?$`),
			"cpus":      experiments.Whole(0, 4096),
			"options":   experiments.List(experiments.Matching("an option of sbatch without spaces, quotes, # and \\", `^--[^\s"'#\\]+$`), 0),
			"setup":     experiments.List(line, 0),
			"tasks":     experiments.Whole(1, 100_000),
			"retries":   experiments.Whole(0, 1000),
			"notice":    positive,
			"idle":      positive,
			"poll":      positive,
			"lease":     positive,
		},
	}
}
