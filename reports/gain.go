package reports

import (
	"slices"

	"lastmile/metrics"
	"lastmile/runs"
)

// The parts that a gain can be made of. A control has a part where it does that alone.
const (
	sharpening = "sharpening"
	more       = "more training"
	choosing   = "selection"
	shaped     = "shaping"
	ruled      = "a rule"
	repaired   = "post-processing"
)

// parts are the parts of a gain with the controls that have them.
var parts = []struct {
	name  string
	kinds []string
}{
	{sharpening, []string{bestTemperature, bestDecoding, entropyMatched}},
	{more, []string{trainedOn}},
	{choosing, []string{imitation, minimumRisk, bestByReward}},
	{shaped, []string{shapingAlone, trivialAlone, noSignal}},
	{ruled, []string{byRule}},
	{repaired, []string{postProcessed}},
}

// Gain says what the primary treatment's gain over its baseline is made of. Parts
// overlap and do not add up.
type Gain struct {
	Metric    string     `json:"metric"`
	Treatment System     `json:"treatment"`
	Baseline  System     `json:"baseline"`
	Whole     *Versus    `json:"whole"` // the treatment less the baseline
	Parts     []GainPart `json:"parts"`
	// Best is the system of all controls and the baseline that scores best, and Remains
	// the treatment less it.
	Best    System  `json:"best"`
	Remains *Versus `json:"remains"`
	// ByMetric are the other metrics that say how good outputs are, each with the control
	// that is best by it.
	ByMetric []MetricGain `json:"by_metric"`
	// Ceilings are the baseline's outputs chosen by the references: no controls.
	Ceilings []GainControl `json:"ceilings"`
}

// GainPart is a part of a gain, and what the controls that have it score.
type GainPart struct {
	Part string `json:"part"`
	// InBaseline says that the part is the baseline's too: both systems are decoded as
	// is best on dev.
	InBaseline bool `json:"in_baseline,omitempty"`
	// Controls are those that have the part, the best first; none where the sweep did
	// not measure it.
	Controls []GainControl `json:"controls"`
}

// GainControl is a control beside the baseline and the treatment.
type GainControl struct {
	System
	Kind         string  `json:"kind"`
	OverBaseline *Versus `json:"over_baseline"` // the control less the baseline
	Treatment    *Versus `json:"treatment"`     // the treatment less the control
}

// gain is the split of the primary treatment's gain.
type gain struct {
	treatment, baseline runs.System
	whole               *difference
	parts               []part
	best                control // of the baseline and all controls
	count               int     // how many these are
	byMetric            []metricGain
	ceilings            []measured
}

// part is a part of a gain.
type part struct {
	name       string
	inBaseline bool
	controls   []measured // the best first
}

// measured is a control and its difference to the baseline.
type measured struct {
	control
	overBaseline *difference
}

// splitGain finds what the primary treatment's gain in its decoding is made of. There
// is nothing to split where it cannot be compared with its baseline.
func (b *builder) splitGain() error {
	if len(b.treatments) == 0 || b.primaryDecoding() == "" {
		return nil
	}
	d := b.decoding(b.primaryDecoding())
	g := gain{treatment: runs.System{Label: b.treatments[0], Decode: d.name, Form: "raw"}}
	g.baseline = g.treatment
	g.baseline.Label = b.baselineOf(g.treatment.Label)
	g.whole = b.table.differences[g.treatment][b.headline]
	candidates := b.candidates(g.treatment)
	if g.whole == nil || len(candidates) < 2 {
		return nil
	}
	g.best, g.count = b.best(candidates, b.headline), len(candidates)
	var err error
	if g.byMetric, err = b.gainsByMetric(candidates); err != nil {
		return err
	}
	for _, of := range parts {
		p := part{name: of.name, inBaseline: of.name == sharpening && d.effort() > 0}
		for _, c := range candidates[1:] {
			if !slices.Contains(of.kinds, c.kind) {
				continue
			}
			m, err := b.measure(c, g.baseline)
			if err != nil {
				return err
			}
			if m.overBaseline != nil {
				p.controls = append(p.controls, m)
			}
		}
		p.controls = byGain(p.controls, b.direction(b.headline))
		g.parts = append(g.parts, p)
	}
	for _, d := range b.decodings {
		if !d.isOracle() {
			continue
		}
		c := control{treatment: g.treatment, other: runs.System{Label: g.baseline.Label, Decode: d.name, Form: "raw"}, kind: "best of n by the references"}
		if c.difference, err = b.statistics.compare(b.system(c.treatment), b.system(c.other), b.headline); err != nil {
			return err
		}
		if c.difference == nil {
			continue
		}
		m, err := b.measure(c, g.baseline)
		if err != nil {
			return err
		}
		if m.overBaseline != nil {
			g.ceilings = append(g.ceilings, m)
		}
	}
	b.gain = &g
	return nil
}

// measure compares a control with the baseline: by the comparison of the main table,
// where it has one.
func (b *builder) measure(c control, baseline runs.System) (measured, error) {
	m := measured{control: c}
	against := baseline
	against.Label = b.baselineOf(c.other.Label)
	if c.other.Decode == baseline.Decode && c.other.Form == baseline.Form && against == baseline {
		if m.overBaseline = b.table.differences[c.other][b.headline]; m.overBaseline != nil {
			return m, nil
		}
	}
	var err error
	m.overBaseline, err = b.statistics.compare(b.system(c.other), b.system(baseline), b.headline)
	return m, err
}

// differences are the comparisons of a split that no other part of the report makes.
func (g *gain) differences() []*difference {
	if g == nil {
		return nil
	}
	var all []*difference
	for _, p := range g.parts {
		for _, m := range p.controls {
			all = append(all, m.overBaseline)
		}
	}
	for _, m := range g.ceilings {
		all = append(all, m.overBaseline, m.difference)
	}
	for _, m := range g.byMetric {
		all = append(all, m.difference)
	}
	return all
}

// controls are those of all parts.
func (g *gain) controls() []measured {
	var all []measured
	for _, p := range g.parts {
		all = append(all, p.controls...)
	}
	return all
}

// unmeasured are the parts for which the sweep has no control.
func (g *gain) unmeasured() []string {
	var names []string
	for _, p := range g.parts {
		if len(p.controls) == 0 && !p.inBaseline {
			names = append(names, p.name)
		}
	}
	return names
}

// gainResult is the split for a script.
func (b *builder) gainResult() *Gain {
	g, of := b.gain, b.direction(b.headline)
	if g == nil {
		return nil
	}
	r := &Gain{
		Metric: b.headline, Treatment: System(g.treatment), Baseline: System(g.baseline), Whole: asVersus(g.whole, of),
		Best: System(g.best.other), Remains: asVersus(g.best.difference, of), Ceilings: controlResults(g.ceilings, of),
	}
	for _, p := range g.parts {
		r.Parts = append(r.Parts, GainPart{p.name, p.inBaseline, controlResults(p.controls, of)})
	}
	for _, m := range g.byMetric {
		r.ByMetric = append(r.ByMetric, m.result(b.direction(m.metric)))
	}
	return r
}

func controlResults(controls []measured, of metrics.Direction) []GainControl {
	results := []GainControl{}
	for _, m := range controls {
		results = append(results, GainControl{System(m.other), m.kind, asVersus(m.overBaseline, of), asVersus(m.difference, of)})
	}
	return results
}

// byGain orders controls by what they have over the baseline, the best first.
func byGain(controls []measured, of metrics.Direction) []measured {
	ordered := slices.Clone(controls)
	slices.SortStableFunc(ordered, func(x, y measured) int {
		return -of.Better(x.overBaseline.Difference - y.overBaseline.Difference)
	})
	return ordered
}
