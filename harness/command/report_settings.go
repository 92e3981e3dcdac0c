package command

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/stages"
)

// sources are this package's files: their comments document its settings.
//
//go:embed *.go
var sources embed.FS

// bestControl is the control of a primary comparison that is not named.
const bestControl = "best"

// ReportSettings are the section [report]: what the sweep's report shows. It changes
// no run.
type ReportSettings struct {
	// Baseline is the variant, or the label of runs, that the others are
	// compared with; empty means the first variant.
	Baseline string `toml:"baseline" json:"baseline"`
	// Treatment is the variant, or the label of runs, that the report's first
	// sentences are about; empty means all that optimise rewards or preferences and
	// are no controls, see primary.control, or else all but the baseline.
	Treatment string          `toml:"treatment" json:"treatment"`
	Primary   PrimarySettings `toml:"primary" json:"primary"`

	// Columns are the metrics in the main table; none means all that the runs
	// score.
	Columns []string `toml:"columns" json:"columns"`
	// Published is the path of a TOML file with published values to show beside
	// ours. A relative path starts at the folder of the sweep file.
	Published string `toml:"published" json:"published"`
	// Examples is the number of test examples that are shown in full.
	Examples int `toml:"examples" json:"examples"`
	// Seed names the random stream of the examples that are drawn to be shown.
	Seed int `toml:"seed" json:"seed"`
}

// PrimarySettings are the comparison that the sweep is made for, decided before its
// numbers are known. The report says it first, and does not correct its p for the
// others.
type PrimarySettings struct {
	// Metric is that by which it compares; empty means la-rougeL where the columns
	// have it, and otherwise the first column.
	Metric string `toml:"metric" json:"metric"`
	// Treatment is the variant, or the label of runs, that is compared; empty means
	// the first treatment.
	Treatment string `toml:"treatment" json:"treatment"`
	// Control is the variant, or the label of runs, that it is compared with; "best"
	// is the one that scores best of the baseline and all controls that the sweep has:
	// the baseline by a better search or post-processed, the MLE policy at the same
	// entropy, what was trained on by maximum likelihood, RAFT, shaping rewards or
	// trivial scorers alone, the rewards constant and random, and rules. A run that is
	// such a control is a treatment only where treatment names it.
	Control string `toml:"control" json:"control"`
	// Decode is the decoding of the treatment's outputs; empty means greedy decoding
	// where there is one, and otherwise the first.
	Decode string `toml:"decode" json:"decode"`
}

// reportSection is the section [report] of a sweep file.
func reportSection() experiments.Section {
	return experiments.Section{
		Key:     "report",
		OfSweep: true,
		Default: ReportSettings{Primary: PrimarySettings{Control: bestControl}, Columns: []string{}, Examples: 10, Seed: 1},
		Rules: experiments.Rules{
			"baseline":          experiments.Anything,
			"treatment":         experiments.Anything,
			"primary.metric":    experiments.Anything,
			"primary.treatment": experiments.Anything,
			"primary.control":   experiments.Anything,
			"primary.decode":    experiments.Anything,
			"columns":           experiments.List(stages.MetricName(), 0),
			"published":         experiments.Anything,
			"examples":          experiments.AtLeast(0),
			"seed":              experiments.AtLeast(0),
		},
		Paths:      []experiments.Path{{Key: "published"}},
		CheckSweep: checkReport,
	}
}

// mostNames is how many names a complaint lists.
const mostNames = 20

// someNames lists names, the first ones of many.
func someNames(names []string) string {
	if more := len(names) - mostNames; more > 0 {
		return fmt.Sprintf("%s; and %d more", strings.Join(names[:mostNames], "; "), more)
	}
	return strings.Join(names, "; ")
}

// checkReport complains about names that no run of the sweep has.
func checkReport(sweep *experiments.Sweep) []experiments.Complaint {
	s := experiments.Get[ReportSettings](sweep.Config, "report")
	var found []experiments.Complaint
	groups := groupsOf(sweep)
	for _, part := range []struct {
		key, name string
		reserved  string
	}{
		{"report.baseline", s.Baseline, ""},
		{"report.treatment", s.Treatment, ""},
		{"report.primary.treatment", s.Primary.Treatment, ""},
		{"report.primary.control", s.Primary.Control, bestControl},
	} {
		if part.name != "" && part.name != part.reserved && len(groups) > 0 && !slices.Contains(groups, part.name) {
			known := groups
			if part.reserved != "" {
				known = append([]string{part.reserved}, groups...)
			}
			found = append(found, experiments.Complaint{
				Keys:    []string{part.key},
				Message: fmt.Sprintf("there is no variant or label %q; one of %s", part.name, someNames(known)),
			})
		}
	}
	if decodings := decodedBy(sweep); s.Primary.Decode != "" && len(groups) > 0 && !slices.Contains(decodings, s.Primary.Decode) {
		found = append(found, experiments.Complaint{
			Keys:    []string{"report.primary.decode"},
			Message: fmt.Sprintf("there is no decoding %q; one of %s", s.Primary.Decode, strings.Join(decodings, ", ")),
		})
	}
	scored := scoredBy(sweep)
	unscored := func(key, name string) {
		if name != "" && len(groups) > 0 && !slices.Contains(scored, name) {
			found = append(found, experiments.Complaint{
				Keys:    []string{key},
				Message: fmt.Sprintf("no run scores %q; metrics.names has %s", name, strings.Join(scored, ", ")),
			})
		}
	}
	unscored("report.primary.metric", s.Primary.Metric)
	for _, name := range s.Columns {
		unscored("report.columns", name)
	}
	return found
}

// ReportOf returns what the report of a sweep shows, with what its file leaves open
// filled in.
func ReportOf(sweep *experiments.Sweep) ReportSettings {
	s := experiments.Get[ReportSettings](sweep.Config, "report")
	if groups := groupsOf(sweep); s.Baseline == "" && len(groups) > 0 {
		s.Baseline = groups[0]
	}
	if len(s.Columns) == 0 {
		s.Columns = scoredBy(sweep)
	}
	return s
}

// groupsOf are the names that runs of a sweep are called by together: its variants,
// and the labels.
func groupsOf(sweep *experiments.Sweep) []string {
	groups := slices.Clone(sweep.Variants)
	seen := map[string]bool{"": true}
	for _, name := range groups {
		seen[name] = true
	}
	for _, run := range sweep.Runs {
		for _, name := range []string{run.Variant, run.Label} {
			if !seen[name] {
				seen[name] = true
				groups = append(groups, name)
			}
		}
	}
	return groups
}

// scoredBy are the metrics that runs of a sweep are scored by.
func scoredBy(sweep *experiments.Sweep) []string {
	return distinct(sweep, func(c experiments.Config) []string { return experiments.Get[stages.Metrics](c, "metrics").Names })
}

// decodedBy are the names of the decodings that runs of a sweep have.
func decodedBy(sweep *experiments.Sweep) []string {
	return distinct(sweep, func(c experiments.Config) []string { return c.Names("decode") })
}

// distinct lists what runs of a sweep have, each once, in the order in which it
// comes.
func distinct(sweep *experiments.Sweep, of func(experiments.Config) []string) []string {
	var names []string
	seen := map[string]bool{}
	for _, run := range sweep.Runs {
		for _, name := range of(run.Config) {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
