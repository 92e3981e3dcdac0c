package runs

import (
	"encoding/json"
	"time"
)

// The states of a run.
const (
	Planned = "planned" // not finished: not begun, stopped, or to be tried again
	Done    = "done"    // all its stages are there
	Failed  = "failed"
)

// Sweep is a sweep file and the runs that it lists.
type Sweep struct {
	Name   string
	File   string
	Report json.RawMessage // its section [report]; may be nil
	Runs   []SweepRun      // in the order of the file
}

// SweepRun is a run in a sweep.
type SweepRun struct {
	Run     string          // the run's name
	Label   string          // what reports call it; the same for runs that differ by their seed alone
	Variant string          // the name of its [[variant]], or ""
	Axes    json.RawMessage // its values on the axes of [grid]; may be nil
	Seed    int
}

// Run is one complete configuration.
type Run struct {
	Name   string // the hash of the configuration
	Seed   int
	Config json.RawMessage
}

// State is how far a run got.
type State struct {
	Status string // Planned, Done or Failed
	Reason string // why it failed
}

// Link says which stage is the run's one of its kind and role.
type Link struct {
	Role  string // the name of the decoding, for a stage with outputs or scores, and else ""
	Stage string // its key
}

// Stage is one computation, without what it made.
type Stage struct {
	Key             string
	Kind            string
	Part            json.RawMessage // its part of the configuration; may be nil
	Version         int
	Started         time.Time
	Seconds         float64
	Tokens          int
	PeakMemoryBytes int64
	Threads         int
	// Task is the key of the stage that made the examples which its outputs and
	// scores are for, and Split says which of them. A stage without outputs and
	// scores may leave them empty.
	Task  string
	Split string
}
