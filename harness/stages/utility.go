package stages

import (
	"fmt"
	"slices"

	"lastmile/experiments"
	"lastmile/harness/decode"
	"lastmile/metrics"
)

// utility allows the metrics by which candidates can be measured against each other.
func utility() experiments.Check {
	known := experiments.OneOf("utility", metrics.AgainstReferences)
	return experiments.Check{Allowed: "a metric against references", Broken: func(value any) string {
		name, _ := value.(string)
		switch {
		case name == "":
			return ""
		case name == LearnedMetric:
			return fmt.Sprintf("%s is trained beside the policies, and cannot choose among candidates; rougeL, chrf or bleu can", LearnedMetric)
		case IsPretrained(name):
			return fmt.Sprintf("%s needs a model of its own, and cannot choose among candidates; rougeL, chrf or bleu can", name)
		case slices.Contains(metrics.Names(), name) && !slices.Contains(metrics.AgainstReferences(), name):
			return fmt.Sprintf("%s does not say how near a candidate is to another, as rougeL, chrf and bleu do", name)
		}
		return known.Broken(value)
	}}
}

// noUtility complains about utilities that cannot be computed with the options of
// [metrics]: one of the formulas looks at the references, which no decoding may see.
func noUtility(c experiments.Config) []experiments.Complaint {
	var found []experiments.Complaint
	options := experiments.Get[Metrics](c, "metrics").Options()
	for _, name := range c.Names("decode") {
		s := experiments.Get[decode.Settings](c, "decode."+name)
		if s.Strategy != decode.MBR {
			continue
		}
		if _, err := metrics.New(s.UtilityMetric(), options); err != nil {
			found = append(found, experiments.Complaint{
				Keys:    []string{"metrics.length_adjustment", "decode." + name + ".utility"},
				Message: fmt.Sprintf("the utility %s, by which %s chooses without references, cannot be computed: %v; another length_adjustment or utility can", s.UtilityMetric(), name, err),
			})
		}
	}
	return found
}

// utilities measures texts against each other with the metric of that name.
func (d Decoder) utilities(name string) (func([]decode.Pair) ([]float64, error), error) {
	selected, err := metrics.Select([]string{name}, d.Metrics.Options())
	if err != nil {
		return nil, fmt.Errorf("the utility of %s: %w", d.Name, err)
	}
	return func(pairs []decode.Pair) ([]float64, error) {
		inputs := make([]metrics.Input, len(pairs))
		for i, p := range pairs {
			inputs[i] = metrics.Input{Hypothesis: p.Hypothesis, References: []string{p.Reference}}
		}
		scores, err := metrics.All(selected, inputs, d.Job.Threads)
		if err != nil {
			return nil, err
		}
		return scores[0], nil
	}, nil
}
