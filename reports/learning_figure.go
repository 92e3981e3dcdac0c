package reports

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
)

// curvePanel says which curve a panel of the learning curves shows, how the
// panel and its axis are called, and between which values the curve can be.
type curvePanel struct {
	curve, title, axis string
	bounds             *bounds // nil where there are none
}

// bounds are the values that an axis does not go beyond.
type bounds struct{ low, high float64 }

// share bounds the axis of a share.
var share = &bounds{0, 1}

// learningCurves are the panels of a family of algorithms.
type learningCurves struct {
	family Family
	figure string // its name
	step   string // what the x axis counts
	panels []curvePanel
}

var onPolicyCurves = learningCurves{OnPolicy, "learning-curves", "update", []curvePanel{
	{"reward", "Reward", "mean reward of an update", nil},
	{"kl", "KL to the MLE policy", "nats per response", nil},
	{"score", "Score of the reward model", "mean score", nil},
	{"length", "Length", "tokens per response", nil},
	{"ended", "Ended", "share with end token", share},
	{"entropy", "Entropy", "nats per token", nil},
}}

var preferenceCurves = learningCurves{Preference, "preference-curves", "step", []curvePanel{
	{"loss", "Loss", "loss", nil},
	{"margin", "Margin", "chosen minus rejected", nil},
	{"accuracy", "Accuracy", "share of the pairs", share},
	{"chosen_reward", "Reward of the chosen", "mean implicit reward", nil},
	{"rejected_reward", "Reward of the rejected", "mean implicit reward", nil},
}}

// onPolicyFigure shows what rewards did to the policy, update by update.
func (b *builder) onPolicyFigure() (figure, error) {
	curves := onPolicyCurves
	curves.panels = append(slices.Clone(curves.panels), b.rewardPanels()...)
	return b.learningFigure(curves)
}

// preferenceFigure shows what preferences did to it, step by step.
func (b *builder) preferenceFigure() (figure, error) { return b.learningFigure(preferenceCurves) }

// rewardPanels are those of the single rewards, for labels that learn from the
// sum of more than one.
func (b *builder) rewardPanels() []curvePanel {
	byLabel := map[string][]string{}
	for _, c := range b.curves {
		name, ok := strings.CutPrefix(c.Name, "reward/")
		if ok && slices.Contains(policyKinds, c.Kind) && !slices.Contains(byLabel[c.Label], name) {
			byLabel[c.Label] = append(byLabel[c.Label], name)
		}
	}
	var names []string
	for _, l := range b.labels {
		for _, name := range byLabel[l.name] {
			if len(byLabel[l.name]) > 1 && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	var panels []curvePanel
	for _, name := range names {
		panels = append(panels, curvePanel{"reward/" + name, "Reward: " + name, "mean reward of an update", nil})
	}
	return panels
}

// learningFigure draws the curves of a family's labels.
func (b *builder) learningFigure(of learningCurves) (figure, error) {
	f := figure{name: of.figure, panelWidth: 260, panelHeight: 190}
	var panels []*plot.Plot
	shown := map[string]bool{}
	for _, wanted := range of.panels {
		p := newPanel(wanted.title, of.step, wanted.axis)
		drawn := false
		for _, l := range b.labels {
			if l.algorithm.Family != of.family {
				continue
			}
			curves := b.curvesOf(policyKinds, wanted.curve, "train", l.name)
			if len(curves) == 0 {
				continue
			}
			if err := addCurves(p, curves, lineStyle(b.style(l.name))); err != nil {
				return f, err
			}
			drawn, shown[l.name] = true, true
		}
		if drawn {
			wanted.bounds.clip(&p.Y)
			panels = append(panels, p)
		}
	}
	var learners []label
	for _, l := range b.labels {
		if shown[l.name] {
			learners = append(learners, l)
			f.legend = append(f.legend, legendEntry{name: l.name, line: lineStyle(b.style(l.name))})
		}
	}
	f.caption = fmt.Sprintf("Learning curves of %s: thin lines are seeds, thick lines their mean.", learningBy(of.family, learners))
	f.panels = inRows(panels, 3)
	return f, nil
}

// learningBy is how prose calls what labels of one family learned by: the
// family, and those of their algorithms that the labels do not name.
func learningBy(family Family, learners []label) string {
	var unnamed []string
	for _, l := range learners {
		said := strings.Contains(strings.ToLower(l.name), strings.ToLower(l.algorithm.Label))
		if !said && !slices.Contains(unnamed, l.algorithm.Label) {
			unnamed = append(unnamed, l.algorithm.Label)
		}
	}
	if len(unnamed) == 0 {
		return family.noun()
	}
	return fmt.Sprintf("%s (%s)", family.noun(), enumerate(unnamed))
}

// clip keeps an axis within the bounds. A curve that never changes gets an
// axis around its one value.
func (b *bounds) clip(axis *plot.Axis) {
	if b == nil {
		return
	}
	if axis.Min == axis.Max {
		axis.Min, axis.Max = axis.Min-0.5, axis.Max+0.5
	}
	axis.Min, axis.Max = max(axis.Min, b.low), min(axis.Max, b.high)
}
