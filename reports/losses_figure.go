package reports

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"

	"lastmile/runs"
)

// lossPanel is the losses of stages of a kind.
type lossPanel struct {
	kinds  []string // names of the kind
	family Family   // of the algorithms whose losses they are; "" for any
	title  string
	axis   string
}

// lossPanels are those of the stages that follow a gradient of data.
func (b *builder) lossPanels() []lossPanel {
	var likelihood []string
	for _, l := range b.labels {
		if l.algorithm.Family == Likelihood && !slices.Contains(likelihood, l.algorithm.Label) {
			likelihood = append(likelihood, l.algorithm.Label)
		}
	}
	return []lossPanel{
		{kinds: []string{"base"}, title: "Base model", axis: "nats per token"},
		{kinds: []string{"mle"}, title: "MLE", axis: "nats per token"},
		{kinds: rewardModelKinds, title: "Reward model", axis: "loss"},
		{kinds: policyKinds, family: Likelihood, title: enumerate(likelihood), axis: "nats per token"},
		{kinds: []string{"scorer"}, title: "Learned scorer", axis: "loss"},
	}
}

// shows tells whether the panel shows a curve of a label that learned by an
// algorithm of that family.
func (p lossPanel) shows(c runs.Curve, family Family) bool {
	return slices.Contains(p.kinds, c.Kind) && c.Name == "loss" && (p.family == "" || p.family == family)
}

// lossFigure shows the losses. A stage that several runs share is drawn once.
func (b *builder) lossFigure() (figure, error) {
	f := figure{
		name:       "losses",
		caption:    "Losses: thin lines are training batches, thick lines dev. Colours tell seeds apart.",
		panelWidth: 260, panelHeight: 190,
	}
	var panels []*plot.Plot
	var seeds []int
	for _, wanted := range b.lossPanels() {
		p := newPanel(wanted.title, "step", wanted.axis)
		drawn := map[string]bool{}
		for _, c := range b.curves {
			if drawn[c.Stage+c.Split] || !wanted.shows(c, b.label(c.Label).algorithm.Family) {
				continue
			}
			drawn[c.Stage+c.Split] = true
			if !slices.Contains(seeds, c.Seed) {
				seeds = append(seeds, c.Seed)
			}
			style := lineStyle(slices.Index(seeds, c.Seed))
			if c.Split == "train" {
				style = faint(style)
			}
			if err := addLine(p, c.Steps, c.Values, style); err != nil {
				return f, err
			}
		}
		if len(drawn) > 0 {
			panels = append(panels, p)
		}
	}
	for i, seed := range seeds {
		f.legend = append(f.legend, legendEntry{name: fmt.Sprintf("seed %d", seed), line: lineStyle(i)})
	}
	f.panels = inRows(panels, 3)
	return f, nil
}
