package harness

import (
	"fmt"
	"maps"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/stage"
)

// Graph is what a sweep computes: its runs, and the stages that they go
// through.
type Graph struct {
	// Sweep is the sweep as planned.
	Sweep *experiments.Sweep
	// Runs are the sweep's runs, in its order.
	Runs []Run
	// Stages are the stages of all runs, each once and after its inputs.
	Stages []*stage.Stage

	work  string
	store *stage.Store
}

// Run is a run and the stages that it goes through.
type Run struct {
	experiments.Run
	// Stages are in the order of the kinds.
	Stages []Role
}

// Role is a stage in the part that it plays in a run.
type Role struct {
	*stage.Stage
	// Decode is the name of the decoding, for the kinds of which a run has one
	// for each decoding, and "" for the others.
	Decode string
}

// Plan turns a sweep into the graph of its stages in a work folder. Runs that
// agree in all that a stage depends on share it.
func Plan(sweep *experiments.Sweep, work string) (*Graph, error) {
	store, err := stage.Open(work)
	if err != nil {
		return nil, err
	}
	p := planner{kinds: map[string]kind{}, stages: map[string]*stage.Stage{}, contents: openContents(store.Dir)}
	for _, k := range kinds() {
		p.kinds[k.name] = k
	}
	g := &Graph{Sweep: sweep, work: store.Dir, store: store}
	var goals []*stage.Stage
	for _, r := range sweep.Runs {
		run, err := p.run(r)
		if err != nil {
			return nil, fmt.Errorf("planning %s, seed %d: %w", r.Label, r.Seed, err)
		}
		g.Runs = append(g.Runs, run)
		goals = append(goals, run.goals()...)
	}
	p.contents.save()
	g.Stages = stage.Order(goals)
	g.name()
	return g, nil
}

// goals are the stages that all others of the run are there for.
func (r Run) goals() []*stage.Stage {
	var goals []*stage.Stage
	for _, role := range r.Stages {
		if role.Kind == scoreKind {
			goals = append(goals, role.Stage)
		}
	}
	return goals
}

// Stage returns the run's stage of a kind, nil where it has none.
func (r Run) Stage(kind string) *stage.Stage {
	for _, role := range r.Stages {
		if role.Kind == kind {
			return role.Stage
		}
	}
	return nil
}

// planner makes the stages of runs, each once.
type planner struct {
	kinds    map[string]kind
	stages   map[string]*stage.Stage // by key
	contents *contents
}

// run plans one run: this is the way of the data.
func (p *planner) run(r experiments.Run) (Run, error) {
	c := r.Config
	b := builder{planner: p}

	data := b.check(p.contents.task(c.Task))
	prepare := b.add(prepareKind, c, data)
	base := p.base(&b, c, prepare)
	b.role(base, "")
	mle := b.add(mleKind, c, "", in(prepare), in(base))
	policy := mle
	switch c.RL.Algorithm {
	case noRL:
	case moreMLE:
		policy = b.add(rlKind, c, "", in(prepare), in(mle))
	default:
		negatives := b.add(negativesKind, c, "", in(prepare), in(base))
		reward := b.add(rewardKind, c, "", in(prepare), in(mle), in(negatives))
		policy = b.add(rlKind, c, "", in(prepare), in(mle), in(reward))
	}
	var scorer []stage.Input
	if needsScorer(c) {
		// All runs of a sweep are scored by one scorer: where the base is
		// trained from scratch it takes that of its own seed.
		own := c
		own.Seed = c.Scorer.Seed
		inputs := []stage.Input{in(prepare)}
		if c.Scorer.Path == "" {
			inputs = append(inputs, in(p.base(&b, own, prepare)))
		}
		scorer = []stage.Input{in(b.add(scorerKind, c, b.check(p.contents.scorer(c.Scorer)), inputs...))}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Decode)) {
		one := c
		one.Decode = map[string]experiments.Decode{name: c.Decode[name]}
		b.decode = name
		decode := b.add(decodeKind, one, "", in(prepare), stage.Input{Name: policyInput, Stage: policy})
		post := b.add(postprocessKind, one, "", in(prepare), in(decode))
		b.add(scoreKind, one, "", append([]stage.Input{in(prepare), in(decode), in(post)}, scorer...)...)
	}
	return Run{Run: r, Stages: b.roles}, b.err
}

// base returns the stage of the model that a run starts from.
func (p *planner) base(b *builder, c experiments.Config, prepare *stage.Stage) *stage.Stage {
	if fromScratch(c) {
		return b.stage(baseKind, c, "", in(prepare))
	}
	if b.err == nil {
		b.err = checkModel(c)
	}
	return b.stage(baseKind, c, b.check(p.contents.model(c.Model.Path)))
}

// in is an input that goes by its kind.
func in(s *stage.Stage) stage.Input {
	if s == nil {
		return stage.Input{}
	}
	return stage.Input{Name: s.Kind, Stage: s}
}

// builder gathers the stages of one run. After an error it makes no more.
type builder struct {
	*planner
	roles  []Role
	decode string
	err    error
}

func (b *builder) check(hash string, err error) string {
	if b.err == nil {
		b.err = err
	}
	return hash
}

// add makes a stage of the run.
func (b *builder) add(kind string, c experiments.Config, content string, inputs ...stage.Input) *stage.Stage {
	st := b.stage(kind, c, content, inputs...)
	b.role(st, b.decode)
	return st
}

func (b *builder) role(st *stage.Stage, decode string) {
	if b.err == nil {
		b.roles = append(b.roles, Role{st, decode})
	}
}

// stage returns the one stage with its key.
func (b *builder) stage(kind string, c experiments.Config, content string, inputs ...stage.Input) *stage.Stage {
	if b.err != nil {
		return nil
	}
	st, err := b.kinds[kind].node(c, content, inputs...)
	if err != nil {
		b.err = err
		return nil
	}
	if known, ok := b.stages[st.Key]; ok {
		return known
	}
	b.stages[st.Key] = st
	return st
}

// users returns for each stage the runs that go through it.
func (g *Graph) users() map[*stage.Stage][]Run {
	users := map[*stage.Stage][]Run{}
	for _, run := range g.Runs {
		for _, role := range run.Stages {
			users[role.Stage] = append(users[role.Stage], run)
		}
	}
	return users
}

// name gives each stage the name that tells it from the others of its kind:
// by what its runs have in common.
func (g *Graph) name() {
	decodings := map[*stage.Stage]string{}
	for _, run := range g.Runs {
		for _, role := range run.Stages {
			decodings[role.Stage] = role.Decode
		}
	}
	users := g.users()
	for _, st := range g.Stages {
		runs := users[st]
		labels, seeds := map[string]bool{}, map[int]bool{}
		for _, run := range runs {
			labels[run.Label], seeds[run.Seed] = true, true
		}
		var name string
		switch {
		case len(runs) == 0:
			name = fmt.Sprintf("seed %d", st.Config.Seed) // the base of a scorer
		case len(labels) == 1 && len(seeds) == 1:
			name = fmt.Sprintf("%s, seed %d", runs[0].Label, runs[0].Seed)
		case len(labels) == 1:
			name = runs[0].Label
		case len(seeds) == 1:
			name = fmt.Sprintf("seed %d (%d runs)", runs[0].Seed, len(runs))
		case len(runs) == len(g.Runs):
			name = "all runs"
		default:
			name = fmt.Sprintf("%d runs", len(runs))
		}
		if decodings[st] != "" {
			name += ", " + decodings[st]
		}
		st.Name = name
	}
}
