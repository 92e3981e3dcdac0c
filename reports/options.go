package reports

import "encoding/json"

// Options say what a report shows, and where it goes.
type Options struct {
	// Dir is the folder to write. It is made where there is none; files of
	// other names in it stay.
	Dir string
	// Baseline is the variant or label that the others are compared with; ""
	// means the first of the sweep.
	Baseline string
	// Treatment is the variant or label that the first sentences are about; ""
	// means all whose algorithms optimise rewards or preferences or, without
	// any, all but the baseline.
	Treatment string
	// Primary is the comparison that is said first.
	Primary Primary
	// Algorithms are those that a run can name. One that is not among them has
	// no family: its runs are no treatments unless they are asked for.
	Algorithms []Algorithm
	// Stages are the kinds of stages in the order of a run.
	Stages []Stage
	// Columns are the metrics of the main table; none means all there are.
	Columns []string
	// Published is the path of a TOML file of published values, or "".
	Published string
	// Examples is the number of examples that are shown.
	Examples int
	// Seed decides which examples are drawn at random.
	Seed int
	// Defaults is lastmile's default configuration, as JSON. Settings that
	// differ from it are listed; without it none are.
	Defaults json.RawMessage
	// Warnings are of the data; each is told where its label is shown.
	Warnings []Warning
	// Folder is the sweep file's, absolute: paths of settings are told from there; "" tells
	// them as they are.
	Folder string
	// Command is the command that makes this report.
	Command string
	// Versions name what computed it, such as lastmile and libtorch.
	Versions []Version
}

// Warning is a line on what disappoints in the data of a label's runs.
type Warning struct{ Label, Text string }

// Version is a program or library and its version.
type Version struct{ Name, Version string }
