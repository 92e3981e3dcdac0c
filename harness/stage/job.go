package stage

import "lastmile/experiments"

// Checkpoint is the folder inside [Job.Dir] that outlives a try: what an
// interrupted try left there, the next one finds. The engine removes it from a
// finished artifact. A stage sees to it that what it writes there is whole
// whenever the process may be killed.
const Checkpoint = "checkpoint"

// Job is what a stage's function is given.
type Job struct {
	// Dir is the folder to write into. It is empty but for the [Checkpoint]
	// of an earlier try.
	Dir string
	// Inputs are the artifact folders of the stage's inputs, by name.
	Inputs map[string]string
	// Config holds the settings that the stage's key tells apart, and those
	// that change nothing but the cost. All others are zero.
	Config experiments.Config
	// Threads is the number of threads to compute with.
	Threads int
	// Device is where models compute.
	Device string
	// Progress tells how much of the work is done; note is a few words, such
	// as "loss 2.31". A total of 0 means unknown.
	Progress func(done, total int, note string)
	// Tokens adds to the number of tokens that the stage has worked through.
	Tokens func(n int)
}
