package reward

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/external"
	"lastmile/harness/model"
	"lastmile/metrics"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// rewards lists the rewards, in the order in which they are summed and reported.
// A new reward is a file of its own and a line here.
var rewards = append([]entry{
	learnedReward,
	lengthReward,
	repetitionReward,
	endingReward,
	copyingReward,
	consensusReward,
	selfCertaintyReward,
	constantReward,
	randomReward,
	scorerReward,
	commandReward,
}, referenceRewards()...)

// Reward scores responses: more is better.
type Reward interface {
	// Score returns a value for every response of the groups, in their order.
	Score(ctx context.Context, groups []Group) ([][]Value, error)
}

// Stateful is a reward that must remember something between updates, which a
// checkpoint then keeps.
type Stateful interface {
	Reward
	// State is a pointer to what the reward remembers, which goes through JSON.
	State() any
}

// Group is a prompt with responses to it and with what is known to be true.
type Group struct {
	// ID is the example's. With Update it names random streams.
	ID string
	// Update counts the rounds of sampling from 0.
	Update int
	// Prompt and Truth, the example's first reference as a response, are
	// tokens. A truth ends with the end token unless it was cut.
	Prompt, Truth []int
	// Input and References are the example's as texts.
	Input      string
	References []string
	Responses  []Response
}

// Response is one response.
type Response struct {
	// Tokens include the end token where the response ended.
	Tokens []int
	Ended  bool
	// IsTruth marks the prompt's truth, which is scored beside the samples where
	// it is the baseline of their sum.
	IsTruth bool
}

// Value is what a response is worth by one reward, or by their sum.
type Value struct {
	// Total is the value of the whole response.
	Total float64
	// Tokens are what falls on each token, [tokens]; they add up to Total. nil
	// means that all of it falls on the last token.
	Tokens []float64
}

// Env is what rewards are made with.
type Env struct {
	// Seed names random streams.
	Seed int
	// Score scores every response of the trees with the reward model. It is nil
	// where no reward needs one.
	Score func(trees []model.Tree) ([][]float64, error)
	// SelfCertainty is that of the policy, as it is when it is asked, in every
	// response of the trees, see [SelfCertainty].
	SelfCertainty func(trees []model.Tree) ([][]float64, error)
	// Scorer scores texts against references with the learned scorer. It is nil where
	// no reward asks it.
	Scorer func([]metrics.Input) ([]float64, error)
	// Command makes what asks a process of the user's for the number of that name.
	Command func(s external.Settings, number string) func([]external.Item) ([]float64, error)
	// Text is the output in a response's tokens.
	Text func(tokens []int) string
	// Tokenizer cuts texts into the words of ROUGE, as [metrics.Options] has it.
	Tokenizer string
}

// Weight is how much a reward counts in the sum. The settings of a reward embed
// it.
type Weight struct {
	// Weight multiplies the reward in the sum; 0 leaves it out.
	Weight float64 `toml:"weight" json:"weight"`
}

func (w Weight) weight() float64 { return w.Weight }

// entry is a reward with its settings in a sweep file.
type entry struct {
	name    string
	section experiments.Section
	// present rewards are summed where a sweep file lists none.
	present bool
	// model says that the reward asks the reward model.
	model bool
	// scorer says that the reward asks the learned scorer.
	scorer bool
	// compares says that the reward compares the samples of a prompt.
	compares bool
	read     func(settings json.RawMessage, env Env) (float64, Reward, error)
}

// define makes the entry of a reward whose settings are a T. rules are those of
// its settings beside its weight.
func define[T interface{ weight() float64 }](name string, settings T, rules experiments.Rules, reward func(T, Env) Reward) entry {
	all := experiments.Rules{"weight": experiments.Finite}.And(rules)
	return entry{
		name:    name,
		section: experiments.Section{Default: settings, Rules: all},
		read: func(text json.RawMessage, env Env) (float64, Reward, error) {
			var s T
			if err := json.Unmarshal(text, &s); err != nil {
				return 0, nil, fmt.Errorf("reward %s: %w", name, err)
			}
			return s.weight(), reward(s, env), nil
		},
	}
}

// checked gives the reward's section paths, and a check of values together.
func (e entry) checked(paths []experiments.Path, check func(experiments.Config) []experiments.Complaint) entry {
	e.section.Paths, e.section.Check = paths, check
	return e
}

// byDefault makes a reward one of those that are summed where a sweep file lists
// none.
func (e entry) byDefault() entry {
	e.present = true
	return e
}

// needsModel makes a reward one that asks the reward model.
func (e entry) needsModel() entry {
	e.model = true
	return e
}

// asksScorer makes a reward one that asks the learned scorer.
func (e entry) asksScorer() entry {
	e.scorer = true
	return e
}

// comparesSamples makes a reward one that compares the samples of a prompt with each
// other, so that there must be several.
func (e entry) comparesSamples() entry {
	e.compares = true
	return e
}

// names are those of all rewards, in their order.
func names() []string {
	var list []string
	for _, e := range rewards {
		list = append(list, e.name)
	}
	return list
}

// NeedsModel reports whether a run's rewards ask the reward model.
func NeedsModel(c experiments.Config) bool {
	return slices.ContainsFunc(rewards, func(e entry) bool { return e.model && c.Has("reward."+e.name) })
}

// NeedsScorer reports whether a run's rewards ask the learned scorer.
func NeedsScorer(c experiments.Config) bool {
	return slices.ContainsFunc(rewards, func(e entry) bool { return e.scorer && c.Has("reward."+e.name) })
}

// ComparesSamples is the first of a run's rewards that compares the samples of a prompt
// with each other, or "".
func ComparesSamples(c experiments.Config) string {
	for _, e := range rewards {
		if e.compares && c.Has("reward."+e.name) {
			return e.name
		}
	}
	return ""
}

// ListGroup is the list of rewards, [[reward]], of a sweep file.
func ListGroup(active func(experiments.Config) bool) experiments.Group {
	g := experiments.Group{
		Key:    "reward",
		List:   true,
		Noun:   "reward",
		Names:  names(),
		Active: active,
		Element: func(name string) (experiments.Section, bool) {
			i := slices.IndexFunc(rewards, func(e entry) bool { return e.name == name })
			if i < 0 {
				return experiments.Section{}, false
			}
			return rewards[i].section, true
		},
		Gone: func(element any) bool { return element.(interface{ weight() float64 }).weight() == 0 },
		Check: func(c experiments.Config) []experiments.Complaint {
			if len(c.Names("reward")) > 0 {
				return nil
			}
			return []experiments.Complaint{{
				Keys:    []string{"reward", "algorithm"},
				Message: "the algorithm maximises rewards, and no [[reward]] of a weight other than 0 is listed; one of " + strings.Join(names(), ", "),
			}}
		},
	}
	for _, e := range rewards {
		if e.present {
			g.Present = append(g.Present, e.name)
		}
	}
	return g
}
