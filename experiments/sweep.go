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
	// axes, the last of which changes fastest. Places in the grid that make the
	// same configuration, since the run does not use what they differ in, are
	// one run.
	Runs []Run
	// Config holds the sections that belong to the sweep as a whole, and none of
	// those of runs.
	Config Config

	origin *origin
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
	// variant that sets an axis's key itself has that one value on it. An axis
	// whose key is not part of the run is left out.
	Axes []AxisValue
	// Seed is Config.Seed.
	Seed int
	// Config is the complete, checked configuration.
	Config Config

	origin *origin
}

// AxisValue is a place on an axis.
type AxisValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}
