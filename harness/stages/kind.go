package stages

import (
	"context"
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// Kind is a kind of stage.
type Kind struct {
	// Name names it, and its folder in the work folder.
	Name string
	// Version is that of the code: it is raised when the same settings give
	// other files than before.
	Version int
	// Each is a group of the configuration for each of whose elements a run has
	// a stage of its own, such as "decode"; "" means that it has one stage.
	Each string
	// Improves marks a kind that is part of what a run spends beyond MLE, which a
	// fair control has to match.
	Improves bool
	// Goal marks what all other stages of a run are there for. When tells which runs
	// have a goal of this kind; nil means all.
	Goal bool
	When func(c experiments.Config) bool
	// Reads are the dotted keys that the stage is given. All that a run says
	// under them makes its key, but for those of Cost.
	Reads func(c experiments.Config) []string
	// Cost are dotted keys that change nothing but time, memory and where files
	// lie.
	Cost []string
	// Inputs are the stages that it reads.
	Inputs func(c experiments.Config) []Need
	// Content is the hash of the files that it reads besides its inputs, or what else
	// of the program its outputs depend on with some settings alone; nil where there is
	// nothing of the kind. It looks at nothing but what the stage reads, and the stage
	// sees to it by [unchanged] that this is what it reads.
	Content func(ctx context.Context, c experiments.Config, files Hasher) (string, error)
	// Check tells, before anything is computed, whether what the configuration
	// names can be used. nil means that there is nothing to check.
	Check *Check
	// Pure marks a kind that is quick and computes nothing in native code: it needs
	// no process of its own.
	Pure bool
	// Run computes the artifact.
	Run stage.Func
	// Ingest hands what the store keeps of an artifact to a writer; nil means
	// nothing.
	Ingest func(dir string, w *runs.Writer) error
	// Examples marks a kind whose artifact is the examples that outputs and scores
	// of others are for. Split is that of theirs, "" where they have none.
	Examples bool
	Split    string
}

// Check looks at what a configuration names.
type Check struct {
	// Reads are the dotted keys that Do looks at.
	Reads []string
	Do    func(c experiments.Config) error
}

// Need is a stage that another one reads.
type Need struct {
	// Name is what the reading stage calls it.
	Name string
	// Kind is its kind.
	Kind string
	// With changes the configuration that it is made of; nil leaves the run's
	// own.
	With func(experiments.Config) experiments.Config
	// Round names the round that a stage of a changed configuration, and all that it
	// reads, are the run's in; with "" they are none of the run's.
	Round string
}

// Hasher hashes files, each once.
type Hasher interface {
	// File returns the SHA-256 of a file's content, in hexadecimal.
	File(ctx context.Context, path string) (string, error)
}

// kinds lists all kinds in the order of a run. A new kind is a file of its own and a
// line here.
var kinds = []Kind{
	prepareKind,
	baseKind,
	mleKind,
	samplesKind,
	negativesKind,
	rewardKind,
	policyKind,
	rewardEvalKind,
	decodeKind,
	postprocessKind,
	scorerKind,
	scoreKind,
}

// Kinds returns all kinds in the order of a run.
func Kinds() []Kind { return slices.Clone(kinds) }

// Funcs is the code of the kinds, for the engine.
func Funcs(kind string) (f stage.Func, version int, ok bool) {
	for _, k := range kinds {
		if k.Name == kind {
			return k.Run, k.Version, true
		}
	}
	return nil, 0, false
}

// reads are keys that do not depend on the configuration.
func reads(keys ...string) func(experiments.Config) []string {
	return func(experiments.Config) []string { return keys }
}

// needs are inputs that do not depend on the configuration.
func needs(inputs ...Need) func(experiments.Config) []Need {
	return func(experiments.Config) []Need { return inputs }
}

// in is an input that goes by its kind.
func in(kind string) Need { return Need{Name: kind, Kind: kind} }

// Mistake is an error in what the user gave, as opposed to one that came up in the
// work.
type Mistake struct{ Err error }

// Error is that of the mistake itself.
func (m Mistake) Error() string { return m.Err.Error() }

// Unwrap returns the error itself.
func (m Mistake) Unwrap() error { return m.Err }

// IsGoal tells whether a run is to have a stage of this kind, whatever else it needs.
func (k Kind) IsGoal(c experiments.Config) bool { return k.Goal && (k.When == nil || k.When(c)) }

// Needs are the stages that a stage of this kind reads.
func (k Kind) Needs(c experiments.Config) []Need {
	if k.Inputs == nil {
		return nil
	}
	return k.Inputs(c)
}

// Mistakef is a [Mistake] made of a format and values.
func Mistakef(format string, values ...any) error {
	return Mistake{fmt.Errorf(format, values...)}
}
