package experiments

import "embed"

// document holds the keys of a sweep file that are this package's own, but for
// the grid, the variants and the exclusions.
type document struct {
	// Name names the sweep: letters, digits, dots, hyphens and underscores.
	Name string `toml:"name" json:"name"`
	// Description is free text for the report.
	Description string `toml:"description" json:"description"`
	// Extends is the path of a sweep file, relative to this one, that this file
	// changes: tables are merged key by key, lists replaced; the variants and
	// exclusions of this file, if it has any, replace all of the other's.
	Extends string `toml:"extends" json:"extends"`
}

// common holds the keys of a run that are this package's own.
type common struct {
	// Seed names every random stream of the run.
	Seed int `toml:"seed" json:"seed"`
}

var (
	documentSection = Section{Default: document{}, OfSweep: true, Rules: Rules{
		"name":        Matching("letters, digits, dots, hyphens and underscores", `^[A-Za-z0-9][A-Za-z0-9._-]*$`),
		"description": Anything,
		"extends":     NonEmpty,
	}}
	commonSection = Section{Default: common{Seed: 1}, Rules: Rules{"seed": AtLeast(0)}}
)

// Where the keys of this package's own lie among the sections of an index.
const (
	documentSlot = iota
	commonSlot
)

//go:embed document.go
var documentSource embed.FS
