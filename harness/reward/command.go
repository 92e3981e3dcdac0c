package reward

import (
	"context"

	"lastmile/experiments"
	"lastmile/harness/external"
)

// commandSettings are a reward that a process of yours computes, from a training prompt's
// input and references and the response. What it reads and writes is in
// experiments/commands/README.md.
type commandSettings struct {
	Weight
	external.Settings
	// Number is the name of the number in its answers that is the reward.
	Number string `toml:"number" json:"number"`
}

// commandName is the name of this reward, and CommandKey the key of its settings.
const (
	commandName = "command"
	CommandKey  = "reward." + commandName
)

var commandReward = define(commandName, commandSettings{Weight{1}, external.Default(), "score"},
	external.Rules().And(experiments.Rules{"number": external.NumberName}),
	func(s commandSettings, env Env) Reward {
		return command{env.Command(s.Settings, s.Number), env.Text}
	}).checked(external.Paths(), func(c experiments.Config) []experiments.Complaint {
	return experiments.Get[commandSettings](c, CommandKey).NoLine(CommandKey)
})

// Command are the settings of the process that computes a run's reward command. ok is
// false where it has none.
func Command(c experiments.Config) (s external.Settings, ok bool) {
	return experiments.Get[commandSettings](c, CommandKey).Settings, c.Has(CommandKey)
}

// command asks a process.
type command struct {
	ask  func(items []external.Item) ([]float64, error)
	text func(tokens []int) string
}

// Score implements [Reward].
func (r command) Score(_ context.Context, groups []Group) ([][]Value, error) {
	return scoreTogether(groups, func(g Group, response Response) external.Item {
		return external.Item{ID: g.ID, Input: g.Input, References: g.References, Hypothesis: r.text(response.Tokens)}
	}, r.ask)
}
