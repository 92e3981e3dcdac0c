package reports

import (
	"fmt"
	"slices"

	"lastmile/metrics"
	"lastmile/reports/document"
	"lastmile/runs"
)

// Primary is the comparison that a sweep is made for, named before its numbers are
// known: it is said first, and its p value is not corrected for the others.
type Primary struct {
	// Metric is that of all opening sentences; "" means la-rougeL where there is
	// such a column, and otherwise the first.
	Metric string
	// Treatment is a variant or label; "" means the first treatment.
	Treatment string
	// Control is a variant or label, or [BestControl], which "" means too.
	Control string
	// Decode is the name of a decoding; "" means greedy decoding, where there is
	// one, and otherwise the first that is reported.
	Decode string
}

// BestControl stands for the control that scores best: the baseline or what else a
// treatment is compared with.
const BestControl = "best"

// PrimaryResult is the outcome of the primary comparison.
type PrimaryResult struct {
	Metric    string  `json:"metric"`
	Treatment System  `json:"treatment"`
	Control   System  `json:"control"`
	BestOf    int     `json:"best_of"` // of how many controls it is the best; 0 where the sweep names it
	Versus    *Versus `json:"versus"`
}

// System is the runs of a label, decoded in one way, before (raw) or after (post)
// post-processing.
type System struct {
	Label  string `json:"label"`
	Decode string `json:"decode"`
	Form   string `json:"form"`
}

// primary is the primary comparison.
type primary struct {
	control
	bestOf int
}

// choosePrimary makes the primary comparison, once the others are there. Without
// the systems that it needs, there is none.
func (b *builder) choosePrimary() error {
	if len(b.treatments) == 0 || b.primaryDecoding() == "" {
		return nil
	}
	treatment := runs.System{Label: b.treatments[0], Decode: b.primaryDecoding(), Form: "raw"}
	candidates := b.candidates(treatment)
	if wanted := b.options.Primary.Control; wanted != "" && wanted != BestControl {
		labels, err := b.named("primary control", wanted)
		if err != nil {
			return err
		}
		label := b.closest(treatment.Label, labels)
		if c, found := among(candidates, label); found {
			b.primary = &primary{control: c}
			return nil
		}
		other := runs.System{Label: label, Decode: treatment.Decode, Form: "raw"}
		d, err := b.statistics.compare(b.system(treatment), b.system(other), b.headline)
		if err != nil || d == nil {
			return err
		}
		b.primary = &primary{control: control{treatment: treatment, other: other, difference: d}}
		return nil
	}
	if len(candidates) == 0 {
		return nil
	}
	b.primary = &primary{b.best(candidates, b.headline), len(candidates)}
	return nil
}

// best is the control that scores best by the metric that they are compared by, the first
// of equals.
func (b *builder) best(candidates []control, metric string) control {
	best := candidates[0]
	for _, c := range candidates[1:] {
		// Against the better control the treatment's difference is the worse one.
		if b.direction(metric).Better(best.difference.Difference-c.difference.Difference) > 0 {
			best = c
		}
	}
	return best
}

// primaryDecoding is the name of the decoding of the primary comparison, "" where no
// decoding shows what a policy makes of the input.
func (b *builder) primaryDecoding() string {
	if wanted := b.options.Primary.Decode; wanted != "" {
		return wanted
	}
	if i := slices.IndexFunc(b.decodings, func(d decoding) bool { return d.Strategy == "greedy" }); i >= 0 {
		return b.decodings[i].name
	}
	if i := slices.IndexFunc(b.decodings, decoding.isOwn); i >= 0 {
		return b.decodings[i].name
	}
	return ""
}

// candidates are what a treatment's system is compared with: the baseline first,
// then the controls.
func (b *builder) candidates(treatment runs.System) []control {
	var all []control
	if d := b.table.differences[treatment][b.headline]; d != nil {
		baseline := treatment
		baseline.Label = b.baselineOf(treatment.Label)
		all = append(all, control{treatment: treatment, other: baseline, kind: theBaseline, difference: d})
	}
	for _, c := range b.controls {
		if c.treatment == treatment {
			all = append(all, c)
		}
	}
	return all
}

// among returns the comparison with the raw outputs of a label in the treatment's
// decoding, or of a rule, where there is one.
func among(candidates []control, label string) (control, bool) {
	for _, c := range candidates {
		if c.other.Label == label && c.other.Form == "raw" && (c.other.Decode == c.treatment.Decode || c.kind == byRule) {
			return c, true
		}
	}
	return control{}, false
}

// correct gives the primary comparison its p value.
func (p *primary) correct(of metrics.Direction) {
	p.difference.Corrected = p.difference.P
	p.difference.payForChoice(of, p.bestOf)
}

// payForChoice corrects the p value of a comparison with the best of several controls. To
// choose it by the scores that are compared is hard on a gain, whose p value stays; a loss
// against the best is one of as many that could have been found (Bonferroni).
func (d *difference) payForChoice(of metrics.Direction, bestOf int) {
	if of.Better(d.Difference) < 0 {
		d.Corrected = min(1, d.Corrected*float64(max(1, bestOf)))
	}
}

// result is the comparison for a script.
func (p *primary) result(metric string, of metrics.Direction) *PrimaryResult {
	if p == nil {
		return nil
	}
	return &PrimaryResult{metric, System(p.treatment), System(p.other), p.bestOf, asVersus(p.difference, of)}
}

// primaryFinding says how the treatment compares with its control.
func (b *builder) primaryFinding() finding {
	p := b.primary
	subject := fmt.Sprintf("%s %s", b.name(p.treatment.Label), b.manner(p.treatment.Label, b.decoding(p.treatment.Decode)))
	other := b.controlName(p.control)
	if p.bestOf > 1 {
		other = "the best control, " + other + ","
	}
	f := b.compared(subject, "is", other, b.headline, b.optimised(p.treatment, b.headline), p.difference)
	if p.bestOf > 1 {
		f.rest = document.Format("%s It is the best of %d controls on the same examples, which favours the control.", f.rest, p.bestOf)
	}
	return f
}

// primaryMethod says how the primary comparison was tested.
func (b *builder) primaryMethod() string {
	if b.primary == nil {
		return ""
	}
	text := "The first sentence is the primary comparison, which is not among them. "
	if b.primary.bestOf > 1 {
		text += fmt.Sprintf("Its control is the best of %d by the scores that are compared, which can only take from a gain; the p value of a loss is multiplied by %d. ", b.primary.bestOf, b.primary.bestOf)
	}
	return text
}
