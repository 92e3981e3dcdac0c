package reports

import (
	"math"
	"slices"

	"lastmile/reports/document"
	"lastmile/runs"
)

// A run diverged where the KL of its last responses to the reference policy, in nats a
// response and a token, is above both of these: such a policy shares next to nothing
// with the reference, e^50 of whose samples would be drawn before one was like its own.
// Runs that learn stay below 20 nats, and below half a nat a token where responses are
// long.
const (
	divergedNats         = 50
	divergedNatsPerToken = 0.5
	divergedUpdates      = 5 // the last ones, over which the mean is taken
)

// divergence is how far from its reference policy a run ended.
type divergence struct {
	label     string
	seed      int
	kl, token float64 // nats a response, and a token
}

// divergences are those of the runs that diverged, in the order of labels and seeds.
func (b *builder) divergences() []divergence {
	var all []divergence
	for _, l := range b.labels {
		if l.algorithm.Family != OnPolicy {
			continue
		}
		lengths := b.curvesOf(policyKinds, "length", "train", l.name)
		for _, c := range b.curvesOf(policyKinds, "kl", "train", l.name) {
			d := divergence{label: l.name, seed: c.Seed, kl: ending(c)}
			d.token = d.kl
			if i := slices.IndexFunc(lengths, func(of runs.Curve) bool { return of.Seed == c.Seed }); i >= 0 {
				d.token = d.kl / max(1, ending(lengths[i]))
			}
			if d.kl > divergedNats && d.token > divergedNatsPerToken || math.IsNaN(d.kl) {
				all = append(all, d)
			}
		}
	}
	return all
}

// ending is the mean of a curve's last values.
func ending(c runs.Curve) float64 {
	last := c.Values[max(0, len(c.Values)-divergedUpdates):]
	sum := 0.0
	for _, v := range last {
		sum += v / float64(len(last))
	}
	return sum
}

// divergedFinding is how sentences tell a divergence.
func (b *builder) divergedFinding(d divergence) finding {
	return finding{
		document.Format("%s, seed %d, diverged: it ended at a KL of %s nats a response to the policy that it started from", b.name(d.label), d.seed, number(d.kl)),
		document.Format(", %s a token, as the mean of the last %d updates.%s Its scores are no sign of what the algorithm does; a larger rl.kl.coefficient, a smaller learning rate or rl.kl.adaptive keeps it near.", number(d.token), divergedUpdates, b.kept(d.label)), nil,
	}
}
