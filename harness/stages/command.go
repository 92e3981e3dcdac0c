package stages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/external"
	"lastmile/harness/stage"
	"lastmile/metrics"
)

// MetricCommand is a process of yours that computes metrics: NUMBER in the answers of the
// command NAME is the metric NAME-NUMBER of metrics.names. What it reads and writes is in
// experiments/commands/README.md. It is begun once for a stage, whichever of its metrics
// are scored.
type MetricCommand struct {
	external.Settings
	// Numbers are the names of the numbers that each of its answers has.
	Numbers []string `toml:"numbers" json:"numbers"`
	// Lower are those of Numbers of which less is better, and Neutral those of which
	// neither is; of the others more is.
	Lower   []string `toml:"lower" json:"lower,omitempty"`
	Neutral []string `toml:"neutral" json:"neutral,omitempty"`
}

// metricCommands is the key of the commands of metrics.
const metricCommands = "metrics.command"

// commandGroup is the table of these processes, [metrics.command.NAME], of a sweep file.
func commandGroup() experiments.Group {
	numbers := func(least int) experiments.Check { return experiments.List(external.NumberName, least) }
	return experiments.Group{
		Key:   metricCommands,
		Noun:  "command of metrics",
		After: "metrics",
		Element: func(name string) (experiments.Section, bool) {
			if slices.Contains(MetricNames(), name) {
				return experiments.Section{}, false
			}
			return experiments.Section{
				Default: MetricCommand{Settings: external.Default(), Numbers: []string{"score"}, Lower: []string{}, Neutral: []string{}},
				Rules:   external.Rules().And(experiments.Rules{"numbers": numbers(1), "lower": numbers(0), "neutral": numbers(0)}),
				Paths:   external.Paths(),
				Active: func(c experiments.Config) bool {
					return slices.ContainsFunc(experiments.Get[Metrics](c, "metrics").Names, func(metric string) bool {
						command, _, ok := metrics.External(metric)
						return ok && command == name
					})
				},
				Check: func(c experiments.Config) []experiments.Complaint {
					key := metricCommands + "." + name
					s := experiments.Get[MetricCommand](c, key)
					return append(s.NoLine(key), s.check(key)...)
				},
			}, true
		},
	}
}

// check complains about directions of numbers that there are not, or that have two.
func (m MetricCommand) check(key string) []experiments.Complaint {
	var found []experiments.Complaint
	for _, list := range []struct {
		name    string
		numbers []string
	}{{"lower", m.Lower}, {"neutral", m.Neutral}} {
		for _, number := range list.numbers {
			if !slices.Contains(m.Numbers, number) {
				found = append(found, experiments.Complaint{
					Keys:    []string{key + "." + list.name, key + ".numbers"},
					Message: fmt.Sprintf("%s has %q, and numbers has not: %s", list.name, number, strings.Join(m.Numbers, ", ")),
				})
			}
		}
	}
	for _, number := range m.Lower {
		if slices.Contains(m.Neutral, number) {
			found = append(found, experiments.Complaint{
				Keys:    []string{key + ".lower", key + ".neutral"},
				Message: fmt.Sprintf("%q is in lower and in neutral", number),
			})
		}
	}
	return found
}

// directions are those of the numbers.
func (m MetricCommand) directions() []metrics.Direction {
	var all []metrics.Direction
	for _, number := range m.Numbers {
		d := metrics.Higher
		switch {
		case slices.Contains(m.Lower, number):
			d = metrics.Lower
		case slices.Contains(m.Neutral, number):
			d = metrics.Neutral
		}
		all = append(all, d)
	}
	return all
}

// commandsOf are the commands whose metrics a run is scored by.
func commandsOf(c experiments.Config) map[string]MetricCommand {
	commands := map[string]MetricCommand{}
	for _, name := range c.Names(metricCommands) {
		commands[name] = experiments.Get[MetricCommand](c, metricCommands+"."+name)
	}
	return commands
}

// commandsOfStage are those of a score stage.
func commandsOfStage(job *stage.Job) (map[string]MetricCommand, error) {
	commands := map[string]MetricCommand{}
	err := job.Read(metricCommands, &commands)
	return commands, err
}

// checkCommands tells whether these can be begun, and begins none.
func checkCommands(c experiments.Config) error {
	commands := commandsOf(c)
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		if err := commands[name].Settings.Check(); err != nil {
			return Mistakef("%s.%s.run: %w", metricCommands, name, err)
		}
	}
	return nil
}

// commandsContent is the hash of commands' lines, "" where there are none.
func commandsContent(ctx context.Context, commands map[string]MetricCommand, files Hasher) (string, error) {
	if len(commands) == 0 {
		return "", nil
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		hash, err := commands[name].Hash(ctx, files.File)
		if err != nil {
			return "", Mistakef("%s.%s.run: %w", metricCommands, name, err)
		}
		fmt.Fprintln(sum, name, hash)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Command makes the metrics of a command of that name, which lives no longer than ctx.
func (m MetricCommand) Command(ctx context.Context, name string, threads int, say func(string)) (*external.Measures, error) {
	p := external.New(ctx, m.Settings, external.Options{Name: name, Numbers: m.Numbers, Threads: threads, Say: say})
	return external.NewMeasures(p, name, m.directions())
}

// commandMeasures are the metrics of a stage's commands.
type commandMeasures struct {
	names    []string
	measures []*external.Measures
}

// openCommands makes them, and begins none.
func openCommands(ctx context.Context, job *stage.Job, keep *keptScores) (*commandMeasures, error) {
	commands, err := commandsOfStage(job)
	if err != nil {
		return nil, err
	}
	o := &commandMeasures{}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		m, err := commands[name].Command(ctx, name, job.Threads, job.Say)
		if err != nil {
			return nil, err
		}
		answers, err := keep.file("command-" + name)
		if err != nil {
			return nil, err
		}
		m.Keep(answers)
		o.names, o.measures = append(o.names, name), append(o.measures, m)
	}
	return o, nil
}

// metrics are those of all commands.
func (o *commandMeasures) metrics() []metrics.Metric {
	var all []metrics.Metric
	for _, m := range o.measures {
		all = append(all, m.Metrics()...)
	}
	return all
}

// foresee has all commands answer to lists of inputs, and ends their processes.
func (o *commandMeasures) foresee(job *stage.Job, lists ...[]metrics.Input) error {
	for i, m := range o.measures {
		if err := m.Foresee(func(done, total int) { job.Progress(done, total, o.names[i]) }, lists...); err != nil {
			return err
		}
		if err := m.Close(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the processes that still run.
func (o *commandMeasures) close() error {
	var all []error
	for _, m := range o.measures {
		all = append(all, m.Close())
	}
	return errors.Join(all...)
}
