package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// Plan turns a sweep into the graph of its stages in a work folder. Runs that
// agree in all that a stage depends on share it. Files that stages read are hashed, once
// while their sizes and times stay as they are.
func Plan(ctx context.Context, sweep *experiments.Sweep, work string) (*Graph, error) {
	store, err := stage.Open(work)
	if err != nil {
		return nil, err
	}
	g := &Graph{Sweep: sweep, work: store.Dir, store: store, kinds: map[string]*stages.Kind{}}
	hashes := openHashes(store.Dir)
	p := planner{
		ctx:         ctx,
		kinds:       g.kinds,
		files:       hashes,
		projections: map[string]*experiments.Projection{},
		contents:    map[*experiments.Part]string{},
		checked:     map[*experiments.Part]bool{},
		stages:      map[identity]*stage.Stage{},
		made:        map[role]*stage.Stage{},
		lists:       map[joined]int{},
	}
	kinds := stages.Kinds()
	for i := range kinds {
		g.kinds[kinds[i].Name] = &kinds[i]
	}
	g.Runs = make([]Run, 0, len(sweep.Runs))
	var goals []*stage.Stage
	for _, r := range sweep.Runs {
		run, err := p.run(r, kinds)
		if ctx.Err() != nil {
			hashes.save() // what was hashed need not be again
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("planning %s, seed %d: %w", r.Label, r.Seed, err)
		}
		g.Runs = append(g.Runs, run)
		goals = append(goals, run.Goals...)
	}
	hashes.save()
	g.Stages = stage.Order(goals)
	g.name()
	return g, nil
}

// planner makes the stages of runs, each once. What it finds out about a part of a
// configuration it keeps, since runs share most of theirs.
type planner struct {
	ctx         context.Context // of the call that plans
	kinds       map[string]*stages.Kind
	files       stages.Hasher
	projections map[string]*experiments.Projection
	contents    map[*experiments.Part]string
	checked     map[*experiments.Part]bool
	stages      map[identity]*stage.Stage
	lists       map[joined]int
	made        map[role]*stage.Stage // of the last run
	key         []byte                // memory for one
}

// identity is what tells stages apart, before a key is made of it. No two kinds
// have the same pointer to a part.
type identity struct {
	part   *experiments.Part
	inputs int // the number of the list of them
}

// joined is a list of inputs: the number of another one, and what comes behind.
type joined struct {
	before int
	input  stage.Input
}

// join returns the number of the list of inputs that another one and an input
// behind it make. The empty one is 0.
func (p *planner) join(before int, input stage.Input) int {
	list := joined{before, input}
	number, known := p.lists[list]
	if !known {
		number = len(p.lists) + 1
		p.lists[list] = number
	}
	return number
}

// run plans one run: from its goals back to all that they need.
func (p *planner) run(r experiments.Run, kinds []stages.Kind) (Run, error) {
	run := Run{Run: r}
	clear(p.made)
	w := walk{planner: p, made: p.made, earlier: &run.Stages}
	for i := range kinds {
		k := &kinds[i]
		if !k.IsGoal(r.Config) {
			continue
		}
		for _, each := range elements(r.Config, k) {
			goal, err := w.stage(k, r.Config, each)
			if err != nil {
				return run, err
			}
			run.Goals = append(run.Goals, goal)
		}
	}
	earlier := run.Stages
	run.Stages = make([]Role, 0, len(w.made)+len(earlier))
	for i := range kinds {
		for _, each := range elements(r.Config, &kinds[i]) {
			if st := w.made[role{kinds[i].Name, each}]; st != nil {
				run.Stages = append(run.Stages, Role{st, each})
			}
		}
	}
	for _, of := range earlier {
		if !slices.ContainsFunc(run.Stages, func(own Role) bool { return own.Stage == of.Stage }) {
			run.Stages = append(run.Stages, of)
		}
	}
	return run, nil
}

// elements are the names of what a run has a stage of a kind for each of; one empty
// name where it has one stage.
func elements(c experiments.Config, k *stages.Kind) []string {
	if k.Each == "" {
		return []string{""}
	}
	return c.Names(k.Each)
}

// walk is the way through one run.
type walk struct {
	*planner
	made map[role]*stage.Stage
	// earlier collects the run's stages in earlier rounds, the later round first.
	earlier *[]Role
}

// role is the part that a stage plays in a run: its kind, and the element that it
// is for.
type role struct{ kind, each string }

// stage returns the run's stage of a kind, for an element where it has several.
func (w *walk) stage(k *stages.Kind, c experiments.Config, each string) (*stage.Stage, error) {
	if k.Each == "" {
		each = ""
	}
	id := role{k.Name, each}
	if st, ok := w.made[id]; ok {
		return st, nil
	}
	st, err := w.make(k, c, each)
	if err == nil {
		w.made[id] = st
	}
	return st, err
}

// make makes a stage, and what it needs, of a configuration.
func (w *walk) make(k *stages.Kind, c experiments.Config, each string) (*stage.Stage, error) {
	own := c
	if k.Each != "" {
		own = c.Only(k.Each, each)
	}
	if err := w.check(k, own); err != nil {
		return nil, err
	}
	part := w.part(k, own)
	content, err := w.content(k, own, part)
	if err != nil {
		return nil, err
	}
	needs := k.Needs(own)
	inputs := make([]stage.Input, 0, len(needs))
	for _, need := range needs {
		of := w.kinds[need.Kind]
		var input *stage.Stage
		if need.With != nil {
			other := walk{planner: w.planner, made: map[role]*stage.Stage{}, earlier: new([]Role)}
			input, err = other.stage(of, need.With(c), each)
			if err == nil && need.Round != "" {
				for _, kind := range slices.Sorted(maps.Keys(other.kinds)) {
					if st := other.made[role{kind, ""}]; st != nil {
						*w.earlier = append(*w.earlier, Role{st, need.Round})
					}
				}
				*w.earlier = append(*w.earlier, *other.earlier...)
			}
		} else {
			input, err = w.stage(of, c, each)
		}
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, stage.Input{Name: need.Name, Stage: input})
	}
	id := identity{part: part}
	for _, input := range inputs {
		id.inputs = w.join(id.inputs, input)
	}
	if st, ok := w.stages[id]; ok {
		return st, nil
	}
	st := stage.New(k.Name, k.Version, part.Identity, part.Settings, content, inputs)
	w.stages[id] = st
	return st, nil
}

// part is what a stage of a kind is given of a configuration.
func (p *planner) part(k *stages.Kind, c experiments.Config) *experiments.Part {
	return p.projection(k.Name, k.Reads(c), k.Cost).Of(c)
}

// projection is the one projection on these keys.
func (p *planner) projection(kind string, reads, cost []string) *experiments.Projection {
	p.key = append(p.key[:0], kind...)
	for _, key := range reads {
		p.key = append(append(p.key, '\n'), key...)
	}
	if known := p.projections[string(p.key)]; known != nil {
		return known
	}
	made := experiments.NewProjection(reads, cost)
	p.projections[string(p.key)] = made
	return made
}

// content is the hash of the files that a stage reads besides its inputs.
func (p *planner) content(k *stages.Kind, c experiments.Config, part *experiments.Part) (string, error) {
	if k.Content == nil {
		return "", nil
	}
	if known, ok := p.contents[part]; ok {
		return known, nil
	}
	content, err := k.Content(p.ctx, c, p.files)
	if err == nil {
		p.contents[part] = content
	}
	return content, err
}

// check looks at what a configuration names, once for those that agree in it.
func (p *planner) check(k *stages.Kind, c experiments.Config) error {
	if k.Check == nil {
		return nil
	}
	part := p.projection(k.Name+" check", k.Check.Reads, nil).Of(c)
	if p.checked[part] {
		return nil
	}
	err := k.Check.Do(c)
	p.checked[part] = err == nil
	return err
}

// name gives each stage the name that tells it from the others of its kind:
// by what its runs have in common.
func (g *Graph) name() {
	type usage struct {
		runs          int
		label         string
		seed          int
		labels, seeds bool // more than one
		each          string
	}
	uses := make(map[*stage.Stage]*usage, len(g.Stages))
	for i := range g.Runs {
		run := &g.Runs[i]
		for _, role := range run.Stages {
			u := uses[role.Stage]
			if u == nil {
				u = &usage{label: run.Label, seed: run.Seed}
				uses[role.Stage] = u
			}
			u.runs++
			u.each = role.Each
			u.labels = u.labels || u.label != run.Label
			u.seeds = u.seeds || u.seed != run.Seed
		}
	}
	for _, st := range g.Stages {
		u := uses[st]
		if u == nil {
			// It is none of a run's own, such as the base of a scorer.
			st.Name = "seed " + seedOf(st)
			continue
		}
		switch {
		case !u.labels && !u.seeds:
			st.Name = fmt.Sprintf("%s, seed %d", u.label, u.seed)
		case !u.labels:
			st.Name = u.label
		case !u.seeds:
			st.Name = fmt.Sprintf("seed %d (%d runs)", u.seed, u.runs)
		case u.runs == len(g.Runs):
			st.Name = "all runs"
		default:
			st.Name = fmt.Sprintf("%d runs", u.runs)
		}
		if u.each != "" {
			st.Name += ", " + u.each
		}
	}
}

// seedOf is the seed that a stage is given.
func seedOf(st *stage.Stage) string {
	var settings struct{ Seed json.Number }
	if json.Unmarshal(st.Settings, &settings) != nil {
		return "unknown"
	}
	return settings.Seed.String()
}
