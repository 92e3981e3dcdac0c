package graph

import (
	"embed"

	"lastmile/experiments"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Runtime is the section [runtime]: how the machine is used. It is no part of
// a run's ID.
type Runtime struct {
	// Jobs is the number of stages that are computed at once. More than one are
	// computed each in a process of its own, so that a crash costs one stage.
	Jobs int `toml:"jobs" json:"jobs"`
	// Threads is the number of threads of each job; 0 means the machine's
	// physical cores shared out among the jobs. The same bytes come out only under
	// the same number.
	Threads int `toml:"threads" json:"threads"`
	// Device is where models compute: "cpu", "cuda:0", or "auto", the first CUDA
	// device where libtorch sees one and otherwise the CPU.
	Device string `toml:"device" json:"device"`
}

// RuntimeSection is the section [runtime] of a sweep file.
func RuntimeSection() experiments.Section {
	return experiments.Section{
		Key:     "runtime",
		OfSweep: true,
		Default: Runtime{Jobs: 1, Device: "auto"},
		Rules: experiments.Rules{
			"jobs":    experiments.Whole(1, 4096),
			"threads": experiments.Whole(0, 4096),
			"device":  experiments.Matching("auto, cpu or a CUDA device such as cuda:0", `^(auto|cpu|cuda:[0-9]+)$`),
		},
	}
}
