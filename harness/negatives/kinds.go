package negatives

import (
	"embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/data"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// kinds lists the kinds of negatives, in the order of reports. A new kind is a
// file of its own and a line here.
var kinds = []entry{
	randomKind,
	irrelevantKind,
	shuffledKind,
	repetitiveKind,
	copyKind,
	entityKind,
	numberKind,
	negationKind,
	truncatedKind,
	overlongKind,
	nearMissKind,
	policyKind,
}

// Kind is a way to spoil a response.
type Kind interface {
	// Make returns the tokens of a bad response for s, with the end token last
	// if ended is asked for, otherwise without it and s.MaxResponse long. It
	// returns nil where this draw, or s, makes none. It need not look whether
	// it hit the truth.
	Make(s *Source, ended bool, r *rand.Rand) []int
}

// pooled is a kind that needs to know the references of all examples before it
// can spoil one.
type pooled interface {
	// over returns the kind for a maker of these examples.
	over(examples []data.Example) Kind
}

// Share says how often a kind is made. The settings of a kind embed it, or [Ended].
type Share struct {
	// Weight is the kind's share among the negatives, relative to the others.
	// With 0 none are made to learn from; accuracy on the kind is still
	// measured on dev.
	Weight float64 `toml:"weight" json:"weight"`
	// Unended is the share of the kind that lacks the end token: cut off at
	// the longest response where the kind can be prolonged, as a loop can.
	Unended float64 `toml:"unended" json:"unended"`
}

func (s Share) share() Share { return s }

func (s Share) rules() experiments.Rules {
	return experiments.Rules{"weight": experiments.NotBelow(0), "unended": experiments.From(0, 1)}
}

// Ended says how often a kind is made that always has the end token, because
// without it, it would not be what it is.
type Ended struct {
	// Weight is the kind's share among the negatives, relative to the others.
	// With 0 none are made to learn from; accuracy on the kind is still
	// measured on dev.
	Weight float64 `toml:"weight" json:"weight"`
}

func (e Ended) share() Share { return Share{Weight: e.Weight} }

func (e Ended) rules() experiments.Rules {
	return experiments.Rules{"weight": experiments.NotBelow(0)}
}

// often is what the settings of a kind embed: [Share] or [Ended].
type often interface {
	share() Share
	rules() experiments.Rules
}

// entry is a kind with its settings in a sweep file.
type entry struct {
	name    string
	section experiments.Section
	// present kinds are made where a sweep file says nothing of them.
	present bool
	read    func(settings json.RawMessage) (Share, Kind, error)
}

// define makes the entry of a kind whose settings are a T. rules are those of
// its settings beside its share.
func define[T often](name string, present bool, settings T, rules experiments.Rules, kind func(T) Kind) entry {
	return entry{
		name:    name,
		section: experiments.Section{Default: settings, Rules: settings.rules().And(rules)},
		present: present,
		read: func(text json.RawMessage) (Share, Kind, error) {
			var s T
			if err := json.Unmarshal(text, &s); err != nil {
				return Share{}, nil, fmt.Errorf("negatives.%s: %w", name, err)
			}
			return s.share(), kind(s), nil
		},
	}
}

// Names are those of the kinds, in the order of reports.
func Names() []string {
	var list []string
	for _, k := range kinds {
		list = append(list, k.name)
	}
	return list
}

// PerExample are the settings of the section [negatives] itself.
type PerExample struct {
	// PerExample is the number of negatives for each truth.
	PerExample int `toml:"per_example" json:"per_example"`
}

// Section is what a sweep file says of all negatives.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "negatives",
		Default: PerExample{6},
		Rules:   experiments.Rules{"per_example": experiments.Whole(1, 10_000)},
		Active:  active,
	}
}

// Group is the table of kinds, [negatives.NAME], of a sweep file. A kind that a
// sweep does not name, and that is not there by default, is no part of it.
func Group(active func(experiments.Config) bool) experiments.Group {
	g := experiments.Group{
		Key:    "negatives",
		Noun:   "kind of negatives",
		Names:  Names(),
		Active: active,
		Element: func(name string) (experiments.Section, bool) {
			for _, k := range kinds {
				if k.name == name {
					return k.section, true
				}
			}
			return experiments.Section{}, false
		},
		Check: func(c experiments.Config) []experiments.Complaint {
			var keys []string
			for _, name := range c.Names("negatives") {
				key := "negatives." + name + ".weight"
				if weight, _ := c.Value(key); weight != 0.0 {
					return nil
				}
				keys = append(keys, key)
			}
			return []experiments.Complaint{{Keys: keys, Message: "the weights of all kinds of negatives are 0; at least one must be above"}}
		},
	}
	for _, k := range kinds {
		if k.present {
			g.Present = append(g.Present, k.name)
		}
	}
	return g
}

// Settings are the kinds that a run makes, and how often.
type Settings struct {
	PerExample
	chosen []chosen
}

// Of returns the settings of a run that makes negatives.
func Of(c experiments.Config) (Settings, error) {
	var all struct{ Negatives Settings }
	err := json.Unmarshal(experiments.NewProjection([]string{"negatives"}, nil).Of(c).Settings, &all)
	return all.Negatives, err
}

// Only returns settings that make the kinds that are named, all where none is, one as
// often as the other and in the order of reports: as they are set here, where they are,
// otherwise by default.
func (s Settings) Only(names ...string) (Settings, error) {
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return Settings{}, fmt.Errorf("unknown kind of negatives %q; one of %s", name, strings.Join(Names(), ", "))
		}
	}
	only := Settings{PerExample: s.PerExample}
	add := func(c chosen) {
		c.Weight = 1
		only.chosen = append(only.chosen, c)
	}
	for _, k := range kinds {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		if i := slices.IndexFunc(s.chosen, func(c chosen) bool { return c.name == k.name }); i >= 0 {
			add(s.chosen[i])
			continue
		}
		text, err := json.Marshal(k.section.Default)
		if err != nil {
			return Settings{}, err
		}
		share, kind, err := k.read(text)
		if err != nil {
			return Settings{}, err
		}
		add(chosen{k.name, share, kind})
	}
	return only, nil
}

// chosen is a kind in use.
type chosen struct {
	name string
	Share
	kind Kind
}

// UnmarshalJSON reads the section [negatives] of a stage's settings.
func (s *Settings) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &s.PerExample); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	delete(members, "per_example")
	s.chosen = nil
	for _, k := range kinds {
		text, there := members[k.name]
		if !there {
			continue
		}
		delete(members, k.name)
		share, kind, err := k.read(text)
		if err != nil {
			return err
		}
		s.chosen = append(s.chosen, chosen{k.name, share, kind})
	}
	for name := range members {
		return fmt.Errorf("unknown kind of negatives %q; one of %s", name, strings.Join(Names(), ", "))
	}
	return nil
}
