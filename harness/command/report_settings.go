package command

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

// sources are this package's files: their comments document its settings.
//
//go:embed *.go
var sources embed.FS

// ReportSettings are the section [report]: what the sweep's report shows. It changes
// no run.
type ReportSettings struct {
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
	// Seed names the random stream of the examples that are drawn to be shown.
	Seed int `toml:"seed" json:"seed"`
}

// reportSection is the section [report] of a sweep file.
func reportSection() experiments.Section {
	return experiments.Section{
		Key:     "report",
		OfSweep: true,
		Default: ReportSettings{Columns: []string{}, Examples: 10, Seed: 1},
		Rules: experiments.Rules{
			"baseline":  experiments.Anything,
			"treatment": experiments.Anything,
			"columns":   experiments.List(experiments.OneOf("metric", func() []string { return append(metrics.Names(), stages.LearnedMetric) }), 0),
			"published": experiments.Anything,
			"examples":  experiments.AtLeast(0),
			"seed":      experiments.AtLeast(0),
		},
		Paths:      []experiments.Path{{Key: "published"}},
		CheckSweep: checkReport,
	}
}

// checkReport complains about names that no run of the sweep has.
func checkReport(sweep *experiments.Sweep) []experiments.Complaint {
	s := experiments.Get[ReportSettings](sweep.Config, "report")
	var found []experiments.Complaint
	groups := groupsOf(sweep)
	for _, part := range []struct{ key, name string }{{"report.baseline", s.Baseline}, {"report.treatment", s.Treatment}} {
		if part.name != "" && len(groups) > 0 && !slices.Contains(groups, part.name) {
			found = append(found, experiments.Complaint{
				Keys:    []string{part.key},
				Message: fmt.Sprintf("there is no variant or label %q; one of %s", part.name, strings.Join(groups, "; ")),
			})
		}
	}
	scored := scoredBy(sweep)
	for _, name := range s.Columns {
		if len(groups) > 0 && !slices.Contains(scored, name) {
			found = append(found, experiments.Complaint{
				Keys:    []string{"report.columns"},
				Message: fmt.Sprintf("no run scores %q; metrics.names has %s", name, strings.Join(scored, ", ")),
			})
		}
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
	var names []string
	seen := map[string]bool{}
	for _, run := range sweep.Runs {
		for _, name := range experiments.Get[stages.Metrics](run.Config, "metrics").Names {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}
