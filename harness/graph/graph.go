// Package graph makes experiments of sweep files.
//
// A run is a path through stages, and a stage that several runs go through is
// computed once. [Plan] turns a sweep into such a graph, [Graph.Run] computes what
// of it is not there yet and brings the results into the store, the SQLite file
// lastmile.db in the work folder.
//
// The package knows no kind of stage by name: the kinds say what they read and need
// (package stages), and the engine computes them (package stage).
package graph

import (
	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
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
	kinds map[string]*stages.Kind
}

// Run is a run and the stages that it goes through.
type Run struct {
	experiments.Run
	// Stages are in the order of the kinds.
	Stages []Role
	// Goals are the stages that all others are there for.
	Goals []*stage.Stage
}

// Role is a stage in the part that it plays in a run.
type Role struct {
	*stage.Stage
	// Each names the element of the configuration that it is the run's stage
	// for, such as a decoding, or the earlier round that it is the run's stage in; ""
	// for kinds of which a run has one.
	Each string
}
