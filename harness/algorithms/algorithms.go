package algorithms

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/pairs"
	"lastmile/harness/rollout"
	"lastmile/harness/train"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// makers lists the algorithms. A new algorithm is a file of its own and a line here.
var makers = []Maker{
	mleLonger,
	ppo,
	rloo,
	grpo,
	raft,
	dpo,
	rules,
}

// Algorithm improves the policy of an environment.
type Algorithm interface {
	// Train trains e.Policy, goes on from a checkpoint in e.Hooks.Dir where
	// there is one, and writes its learning curves there.
	Train(ctx context.Context, e *Env) error
}

// Env is what an algorithm works with. What its [Needs] do not name is empty.
type Env struct {
	// Env holds the policy, which begins as the MLE policy, the seed and the
	// hooks; for on-policy algorithms also the rest.
	rollout.Env
	// Train and Dev are the examples as training texts.
	Train, Dev []train.Sequence
	// MLE are the settings of [mle].
	MLE train.MLESettings
	// Pairs are the truths above negatives that were made from them.
	Pairs []pairs.Pair
}

// Family is a way of learning, as reports call it.
type Family string

// The families of algorithms.
const (
	// Likelihood goes on with what MLE does.
	Likelihood Family = "likelihood"
	// OnPolicy maximises rewards of responses that the policy samples.
	OnPolicy Family = "on-policy"
	// Preference learns from pairs of a better and a worse response.
	Preference Family = "preference"
	// Rule makes outputs of inputs by a rule and trains nothing.
	Rule Family = "rule"
)

// Needs says what an algorithm works with beside the policy.
type Needs struct {
	// Texts are the examples as training texts.
	Texts bool
	// Rewards are those of the list [[reward]] and the training prompts. The
	// reward model is trained where one of them asks it.
	Rewards bool
	// Pairs are truths above negatives.
	Pairs bool
	// Reference is the reference policy, the MLE policy as it was.
	Reference bool
	// Values are a critic: a scalar head on the policy.
	Values bool
}

// Maker is an algorithm in the list.
type Maker struct {
	// Name is its name in sweep files.
	Name string
	// Label is what reports call it.
	Label  string
	Family Family
	Needs  Needs
	// Section are its settings, in a section of its name. A rule has none here.
	Section experiments.Section
	// Reads are further sections of a sweep file that it reads.
	Reads []string
	// New makes it from the settings of its section, as JSON; nil where nothing is
	// trained.
	New func(settings json.RawMessage) (Algorithm, error)
}

// define makes an algorithm whose settings are the algorithm itself, an A.
func define[A Algorithm](m Maker, defaults A, rules experiments.Rules) Maker {
	m.Section = experiments.Section{
		Key:     m.Name,
		Default: defaults,
		Rules:   rules,
		Active:  func(c experiments.Config) bool { return Chosen(c) == m.Name },
	}
	m.New = func(settings json.RawMessage) (Algorithm, error) {
		var a A
		if err := json.Unmarshal(settings, &a); err != nil {
			return nil, fmt.Errorf("the settings of %s: %w", m.Name, err)
		}
		return a, nil
	}
	return m
}

// checked adds what is asked of the settings together, and of those of other sections
// with them.
func (m Maker) checked(check func(experiments.Config) experiments.Complaint) Maker {
	m.Section.Check = func(c experiments.Config) []experiments.Complaint { return experiments.Complaints(check(c)) }
	return m
}

// rules are made where outputs are: package rule has their settings and what they do.
var rules = Maker{Name: "rule", Label: "a rule", Family: Rule}

// None is the value of algorithm that ends a run with MLE.
const None = "none"

// Choice says what follows MLE.
type Choice struct {
	// Algorithm is "none", or the name of what follows maximum likelihood, or "rule",
	// which trains nothing. Its own settings are in the section of that name.
	Algorithm string `toml:"algorithm" json:"algorithm"`
}

// Names returns the names of all algorithms.
func Names() []string {
	var names []string
	for _, m := range makers {
		names = append(names, m.Name)
	}
	return names
}

// All returns all algorithms, for those that list them.
func All() []Maker { return slices.Clone(makers) }

// Chosen is the name of a run's algorithm.
func Chosen(c experiments.Config) string { return experiments.Get[Choice](c, "").Algorithm }

// Of returns a run's algorithm; ok is false where it has none.
func Of(c experiments.Config) (m Maker, ok bool) { return Find(Chosen(c)) }

// Find returns the algorithm of a name.
func Find(name string) (m Maker, ok bool) {
	i := slices.IndexFunc(makers, func(m Maker) bool { return m.Name == name })
	if i < 0 {
		return Maker{}, false
	}
	return makers[i], true
}

// IsOnPolicy reports whether a run maximises rewards.
func IsOnPolicy(c experiments.Config) bool {
	m, ok := Of(c)
	return ok && m.Family == OnPolicy
}

// IsRule reports whether a run's outputs are made by a rule, without a model.
func IsRule(c experiments.Config) bool {
	m, ok := Of(c)
	return ok && m.Family == Rule
}

// Sections are the parts of a sweep file that choose an algorithm and set it.
func Sections() []experiments.Section {
	sections := []experiments.Section{{
		Key:     "",
		Default: Choice{"ppo"},
		Rules:   experiments.Rules{"algorithm": experiments.Choice("algorithm", append([]string{None}, Names()...)...)},
	}}
	for _, m := range makers {
		if m.Section.Key != "" {
			sections = append(sections, m.Section)
		}
	}
	return sections
}
