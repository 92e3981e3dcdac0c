package reports

import (
	"context"
	"fmt"
	"slices"

	"lastmile/reports/document"
	"lastmile/runs"
)

// control is a comparison of a treatment's raw outputs with what can be had
// without it.
type control struct {
	treatment  runs.System
	other      runs.System
	kind       string // which control it is
	difference *difference
}

// The kinds of controls, as the table calls them.
const (
	bestTemperature = "best temperature on dev"
	minimumRisk     = "minimum Bayes risk"
	trainedOn       = "trained on"
	postProcessed   = "post-processed"
	aRule           = "a rule"
)

// compareControls compares each treatment with its controls by the headline
// metric.
func (b *builder) compareControls(ctx context.Context) error {
	add := func(treatment, other runs.System, kind string) error {
		d, err := b.statistics.compare(b.system(treatment), b.system(other), b.headline)
		if err != nil || d == nil {
			return err
		}
		b.controls = append(b.controls, control{treatment, other, kind, d})
		return nil
	}
	for _, t := range b.treatments {
		baseline := b.baselineOf(t)
		if baseline == t {
			continue
		}
		for _, d := range b.decodings {
			if err := ctx.Err(); err != nil {
				return err
			}
			treatment := runs.System{Label: t, Decode: d.name, Form: "raw"}
			for _, other := range b.decodings {
				if kind := other.controls(d); kind != "" {
					if err := add(treatment, runs.System{Label: baseline, Decode: other.name, Form: "raw"}, kind); err != nil {
						return err
					}
				}
			}
			if len(b.prolonged) > 0 && !slices.Contains(b.prolonged, t) {
				longer := b.closest(t, b.prolonged)
				if err := add(treatment, runs.System{Label: longer, Decode: d.name, Form: "raw"}, trainedOn); err != nil {
					return err
				}
			}
			if err := add(treatment, runs.System{Label: baseline, Decode: d.name, Form: "post"}, postProcessed); err != nil {
				return err
			}
			for _, rule := range b.rules {
				for made := range b.label(rule).decode { // there is one
					if err := add(treatment, runs.System{Label: rule, Decode: made, Form: "raw"}, aRule); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// controls says which control of outputs that are decoded by another decoding the
// baseline's are by this one, or "": a better search, or a lower temperature, costs no
// training.
func (d decoding) controls(other decoding) string {
	switch {
	case other.isTuned() || other.Strategy == "mbr":
		return ""
	case d.isTuned():
		return bestTemperature
	case d.Strategy == "mbr":
		return minimumRisk
	}
	return ""
}

// controlTable compares treatments with controls.
func (b *builder) controlTable() document.Table {
	table := document.Table{
		Header: document.Row("raw outputs of", "control", "decoding of the control", b.headline, "of the control", "difference", "p"),
		Align:  []document.Alignment{3: document.Right, 4: document.Right, 5: document.Right, 6: document.Right},
	}
	for _, c := range b.controls {
		d := c.difference
		table.Add(c.treatment.Label+", "+c.treatment.Decode, c.other.Label+", "+c.kind, c.other.Decode, number(d.MeanA), number(d.MeanB),
			signed(d.Difference)+" "+interval(d.Low, d.High), tested(d))
	}
	return table
}

// tested is the p value of a comparison, where it has one.
func tested(d *difference) document.Number {
	if !d.Tested {
		return "–"
	}
	return probabilityValue(d.Corrected)
}

// controlled says how a treatment's raw outputs compare with each control, and
// what that means for what they gain over the baseline.
func (b *builder) controlled(system runs.System, gain *difference) []document.Spans {
	var lines []document.Spans
	var matched []string
	for _, c := range b.controls {
		if c.treatment != system {
			continue
		}
		d := c.difference
		name := b.controlName(c)
		switch {
		case !d.Tested:
			lines = append(lines, document.Format("They score %s %s %s (%s).", gap(d), above(d), name, means(d)))
		case d.isSignificant():
			lines = append(lines, document.Format("They are %s than %s by %s (%s; %s).", comparative(b.headline, d), name, gap(d), means(d), probability(d.Corrected)))
		default:
			lines = append(lines, document.Format("%s %s not significantly different from them (%s, a difference of %s %s; %s).",
				capitalize(name), c.is(), means(d), signed(d.Difference), interval(d.Low, d.High), probability(d.Corrected)))
		}
		if !d.isSignificant() || direction(b.headline).Better(d.Difference) <= 0 {
			matched = append(matched, name)
		}
	}
	if len(lines) == 0 || !gain.isSignificant() || direction(b.headline).Better(gain.Difference) <= 0 {
		return lines
	}
	if len(matched) == 0 {
		return append(lines, document.Format("So the gain goes beyond each of these controls."))
	}
	return append(lines, document.Format("So the gain is not shown to go beyond that of %s.", enumerate(matched)))
}

// controlName is how sentences call the other side of a control.
func (b *builder) controlName(c control) string {
	name, manner := b.name(c.other.Label), b.manner(c.other.Label, b.decoding(c.other.Decode))
	switch c.kind {
	case trainedOn:
		return fmt.Sprintf("%s (%s) %s", name, b.label(c.other.Label).algorithm.Label, manner)
	case postProcessed:
		return fmt.Sprintf("post-processed outputs of %s %s", name, manner)
	}
	return fmt.Sprintf("%s %s", name, manner)
}

// is is the verb that follows a control's name.
func (c control) is() string {
	if c.kind == postProcessed {
		return "are"
	}
	return "is"
}
