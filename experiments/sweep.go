package experiments

// Sweep is a loaded, checked and expanded sweep file.
type Sweep struct {
	// Name of the sweep: what the file says, or the file's own name without
	// its ending. It is not inherited through extends.
	Name string
	// Description is free text.
	Description string
	// File is the path as it was given.
	File string
	// Variants are the names of the variants that have runs, in file order;
	// none where the file has no [[variant]].
	Variants []string
	// Axes are the axes of the grid, in file order.
	Axes []Axis
	// Runs are all runs: variant by variant, and within one the product of the
	// axes, the last of which changes fastest.
	Runs []Run
	// Report says what a report compares.
	Report Report
	// Runtime says how the machine is used.
	Runtime Runtime
}

// Axis is one axis of the grid.
type Axis struct {
	// Key is the dotted key that the axis varies.
	Key string
	// Values are its values, rendered as by [Flatten].
	Values []string
}

// Run is one run of a sweep: a complete configuration and its place in the
// sweep.
type Run struct {
	// ID is the run's identity: see [Config.ID].
	ID string
	// Label is how people call the run: its variant and the values of the axes
	// but seed, as in "ppo, kl.coefficient=0.2"; the sweep's name where there
	// are neither. Runs that differ in nothing but their seed share a label.
	Label string
	// Variant is the name of the run's variant, or "".
	Variant string
	// Axes are the run's values on the axes of the grid, in file order. A
	// variant that sets an axis's key itself has that one value on it.
	Axes []AxisValue
	// Seed is Config.Seed.
	Seed int
	// Config is the complete, checked configuration.
	Config Config

	set map[string]setting // where a file or an option set a key
}

// AxisValue is a place on an axis.
type AxisValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Report is the section [report]: what the sweep's report shows. It changes no
// run.
type Report struct {
	// Baseline is the variant, or the label of runs, that the others are
	// compared with; empty means the first variant.
	Baseline string `toml:"baseline" json:"baseline"`
	// Treatment is the variant, or the label of runs, that the report's first
	// sentences are about; empty means all but the baseline.
	Treatment string `toml:"treatment" json:"treatment"`
	// Columns are the metrics in the main table; none means all that the runs
	// score.
	Columns []string `toml:"columns" json:"columns"`
	// Published is the path of a TOML file with published values to show beside
	// ours. A relative path starts at the folder of the sweep file.
	Published string `toml:"published" json:"published"`
	// Examples is the number of test examples that are shown in full.
	Examples int `toml:"examples" json:"examples"`
	// Seed names the random streams of the intervals and tests.
	Seed int `toml:"seed" json:"seed"`
}

// Runtime is the section [runtime]: how the machine is used. It is no part of
// a run's ID.
type Runtime struct {
	// Workers is the number of stages that are computed at once.
	Workers int `toml:"workers" json:"workers"`
	// Threads is the number of threads of each worker; 0 means the machine's
	// physical cores shared out among the workers. The same bytes come out only under
	// the same number.
	Threads int `toml:"threads" json:"threads"`
	// Device is where models compute: "cpu", "cuda:0", or "auto", the first CUDA
	// device where libtorch sees one and otherwise the CPU.
	Device string `toml:"device" json:"device"`
}

// document is all that a sweep file can say, but for the grid, the variants
// and the exclusions, whose keys are those of Config.
type document struct {
	// Name names the sweep: letters, digits, dots, hyphens and underscores.
	Name string `toml:"name"`
	// Description is free text for the report.
	Description string `toml:"description"`
	// Extends is the path of a sweep file, relative to this one, that this file
	// changes: tables are merged key by key, lists replaced; the variants and
	// exclusions of this file, if it has any, replace all of the other's.
	Extends string `toml:"extends"`
	Config
	// Report says what the sweep's report shows.
	Report Report `toml:"report"`
	// Runtime says how the machine is used.
	Runtime Runtime `toml:"runtime"`
}

// defaults returns what a sweep file that says nothing says.
func defaults() document {
	return document{
		Config:  Default(),
		Report:  Report{Columns: []string{}, Examples: 10, Seed: 1},
		Runtime: Runtime{Workers: 1, Device: "auto"},
	}
}
