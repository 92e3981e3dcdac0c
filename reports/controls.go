package reports

import (
	"context"
	"fmt"
	"slices"
	"strings"

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

// The kinds of controls, as the table calls them. Where the best is looked for, the
// baseline is one.
const (
	theBaseline     = "the baseline"
	bestTemperature = "best temperature on dev"
	bestDecoding    = "best decoding on dev"
	entropyMatched  = "MLE policy at the same entropy"
	minimumRisk     = "minimum Bayes risk"
	bestByReward    = "best of n by the reward"
	trainedOn       = "trained on"
	imitation       = "MLE on its best samples"
	shapingAlone    = "shaping alone"
	trivialAlone    = "trivial scorers alone"
	noSignal        = "reward without a signal"
	byRule          = "a rule"
	postProcessed   = "post-processed"
)

// compareControls compares each treatment with its controls by the headline
// metric.
func (b *builder) compareControls(ctx context.Context) error {
	for _, t := range b.treatments {
		if b.baselineOf(t) == t {
			continue
		}
		labels := b.controlLabels(t)
		for _, d := range b.decodings {
			if err := ctx.Err(); err != nil {
				return err
			}
			if !d.isOwn() {
				continue
			}
			treatment := runs.System{Label: t, Decode: d.name, Form: "raw"}
			for _, c := range b.controlsOf(treatment, d, labels) {
				var err error
				if c.difference, err = b.statistics.compare(b.system(c.treatment), b.system(c.other), b.headline); err != nil {
					return err
				}
				if c.difference != nil {
					b.controls = append(b.controls, c)
				}
			}
		}
	}
	return nil
}

// controlsOf lists the systems that a treatment's raw outputs of a decoding are to be
// compared with: the baseline's of better searches and the treatment's own MLE policy at
// the same entropy, then other labels in the same decoding, then post-processing. The
// scores may not be there.
func (b *builder) controlsOf(treatment runs.System, d decoding, labels []label) []control {
	var all []control
	add := func(label, decode, form, kind string) {
		all = append(all, control{treatment: treatment, other: runs.System{Label: label, Decode: decode, Form: form}, kind: kind})
	}
	baseline := b.baselineOf(treatment.Label)
	for _, other := range b.decodings {
		if kind := other.controls(d); kind == entropyMatched {
			add(treatment.Label, other.name, "raw", kind)
		} else if kind != "" {
			add(baseline, other.name, "raw", kind)
		}
	}
	for _, l := range labels {
		add(l.name, b.decodingOf(l, d), "raw", l.controlKind())
	}
	add(baseline, d.name, "post", postProcessed)
	return all
}

// controls says which control of outputs that are decoded by another decoding those by
// this one are, or "". A better search of the baseline's costs no training: a lower
// temperature, the decoding that is best on dev, a choice among samples. Samples are
// also compared with those of the MLE policy at the same entropy.
func (d decoding) controls(other decoding) string {
	switch {
	case !other.isOwn() || d.isOracle():
		return ""
	case d.isMatched():
		if other.Strategy == "sample" && !other.isTuned() && other.Temperature == d.Temperature {
			return entropyMatched
		}
		return ""
	case d.effort() <= other.effort():
		return ""
	case d.isTuned():
		return bestTemperature
	case d.Strategy == "best":
		return bestDecoding
	case d.Strategy == "mbr":
		return minimumRisk
	}
	return bestByReward
}

// effort orders decodings by how far they search: plain ones, a temperature that is
// chosen on dev, all of it chosen there, one of several samples chosen each time.
func (d decoding) effort() int {
	switch {
	case d.isTuned():
		return 1
	case d.Strategy == "best":
		return 2
	case d.Strategy == "mbr", d.Strategy == "best-of-n":
		return 3
	}
	return 0
}

// controlLabels are the labels that a treatment is compared with beside its baseline,
// in the order of the sweep: those of each variant that agree with it on most axes.
func (b *builder) controlLabels(treatment string) []label {
	groups := map[[3]string][]string{}
	group := func(l label) [3]string { return [3]string{l.controlKind(), l.variant, l.algorithm.Name} }
	for _, l := range b.labels {
		if l.controlKind() != "" && l.name != treatment && !slices.Contains(b.baselines, l.name) {
			groups[group(l)] = append(groups[group(l)], l.name)
		}
	}
	var controls []label
	for _, l := range b.labels {
		if candidates := groups[group(l)]; slices.Contains(candidates, l.name) && b.closest(treatment, candidates) == l.name {
			controls = append(controls, l)
		}
	}
	return controls
}

// decodingOf is the name of the decoding by which a label is compared in place of d: d
// itself, but for a rule, which does not decode and has one that is named greedy.
func (b *builder) decodingOf(l label, d decoding) string {
	if _, ok := l.decode[d.name]; !ok && l.algorithm.Family == Rule {
		return "greedy"
	}
	return d.name
}

// controlTable compares treatments with controls.
func (b *builder) controlTable() document.Table {
	table := document.Table{
		Header: document.Row("raw outputs of", "control", "decoding of the control", b.headline, "of the control", "difference", "p"),
		Align:  []document.Alignment{3: document.Right, 4: document.Right, 5: document.Right, 6: document.Right},
	}
	for _, c := range b.controls {
		d := c.difference
		table.Add(c.treatment.Label+", "+c.treatment.Decode, c.other.Label+", "+c.kind, b.decodedAs(c.other), number(d.MeanA), number(d.MeanB),
			signed(d.Difference)+" "+interval(d.Low, d.High), tested(d))
	}
	return table
}

// decodedAs is the name of a system's decoding; a rule has none.
func (b *builder) decodedAs(of runs.System) string {
	if b.label(of.Label).algorithm.Family == Rule {
		return "–"
	}
	return of.Decode
}

// tested is the p value of a comparison, where it has one.
func tested(d *difference) document.Number {
	if !d.Tested {
		return "–"
	}
	return probabilityValue(d.Corrected)
}

// mostSentences is of how many controls each has a sentence; of more, those that are
// not significantly different share one.
const mostSentences = 4

// controlled says how a treatment's raw outputs compare with each control, and
// what that means for what they gain over the baseline.
func (b *builder) controlled(system runs.System, gain *difference) []document.Spans {
	var own []control
	for _, c := range b.controls {
		if c.treatment == system {
			own = append(own, c)
		}
	}
	var lines, equal []document.Spans
	var matched []string
	for _, c := range own {
		d := c.difference
		name := b.controlName(c)
		switch {
		case d.Tested && !d.isSignificant() && len(own) > mostSentences:
			equal = append(equal, document.Format("%s (%s)", name, sized(d)))
		case !d.Tested:
			lines = append(lines, document.Format("They score %s %s %s (%s).", gap(d), above(d), name, means(d)))
		case d.isSignificant():
			lines = append(lines, document.Format("They are %s than %s by %s (%s; %s).", comparative(b.direction(b.headline), d), name, gap(d), means(d), probability(d.Corrected)))
		default:
			lines = append(lines, document.Format("%s %s not significantly different from them (%s, a difference of %s %s; %s).",
				capitalize(name), c.is(), means(d), signed(d.Difference), interval(d.Low, d.High), probability(d.Corrected)))
		}
		if !d.isSignificant() || b.direction(b.headline).Better(d.Difference) <= 0 {
			matched = append(matched, name)
		}
	}
	if len(equal) > 0 {
		lines = append(lines, document.Format("Not significantly different from them: %s.", document.Join(equal, "; ")))
	}
	if len(lines) == 0 || !gain.isSignificant() || b.direction(b.headline).Better(gain.Difference) <= 0 {
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
	case trainedOn, imitation:
		algorithm := b.label(c.other.Label).algorithm.Label
		if strings.Contains(strings.ToLower(name), strings.ToLower(algorithm)) {
			return fmt.Sprintf("%s %s", name, manner)
		}
		return fmt.Sprintf("%s (%s) %s", name, algorithm, manner)
	case shapingAlone, noSignal:
		return fmt.Sprintf("%s (%s) %s", name, c.kind, manner)
	case entropyMatched:
		return fmt.Sprintf("the MLE policy sampled at the entropy of %s", name)
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
