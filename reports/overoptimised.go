package reports

import (
	"math"
	"slices"

	"lastmile/metrics"
	"lastmile/reports/document"
)

// course is how a metric of dev went while a label's rewards were maximised.
type course struct {
	label, metric string
	steps         []int       // the updates after which all seeds were measured
	values        [][]float64 // [seed][step]
}

// courses are those of the on-policy labels, by each metric that was measured on dev.
func (b *builder) courses() []course {
	var all []course
	for _, l := range b.labels {
		if l.algorithm.Family != OnPolicy {
			continue
		}
		var names []string
		for _, c := range b.curves {
			of := c.Label == l.name && c.Split == "dev" && slices.Contains(policyKinds, c.Kind)
			if of && measurable(c.Name) && !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
		for _, name := range names {
			c := course{label: l.name, metric: name}
			c.steps, c.values = aligned(b.curvesOf(policyKinds, name, "dev", l.name))
			if len(c.steps) > 1 {
				all = append(all, c)
			}
		}
	}
	return all
}

// measurable tells whether the mean of a metric over dev is better where it is higher,
// or where it is lower.
func measurable(metric string) bool {
	d := ownDirection(metric)
	return d == metrics.Higher || d == metrics.Lower
}

// means are those over seeds.
func (c course) means() []float64 {
	means := make([]float64, len(c.steps))
	for _, values := range c.values {
		for i, v := range values {
			means[i] += v / float64(len(c.values))
		}
	}
	return means
}

// best is the step with the best mean over seeds, the first of equals.
func (c course) best() int {
	means, best := c.means(), 0
	for i, v := range means {
		if ownDirection(c.metric).Better(v-means[best]) > 0 {
			best = i
		}
	}
	return best
}

// noise is the standard error of the difference between the means over seeds at two
// steps. It is the larger of two estimates: that from the differences at these steps,
// which sees seeds that go apart and rests on few numbers, and that from all steps,
// √(2σ²/S) with the variance σ² of what is left of the values less the means of their
// seed and of their step. It is NaN with one seed.
func (c course) noise(i, j int) float64 {
	seeds, steps := float64(len(c.values)), float64(len(c.steps))
	var difference, square float64
	for _, values := range c.values {
		d := values[j] - values[i]
		difference += d / seeds
		square += d * d
	}
	paired := math.Sqrt(max(0, square-seeds*difference*difference) / (seeds - 1) / seeds)
	means, all := c.means(), 0.0
	for _, m := range means {
		all += m / steps
	}
	residual := 0.0
	for _, values := range c.values {
		own := 0.0
		for _, v := range values {
			own += v / steps
		}
		for k, v := range values {
			residual += math.Pow(v-own-means[k]+all, 2)
		}
	}
	return max(paired, math.Sqrt(2*residual/((seeds-1)*(steps-1))/seeds))
}

// outcome says whether a reward was maximised beyond what it is good for.
type outcome struct {
	course
	best, last     int     // steps; the last is the end of the course
	from, to       float64 // the metric, mean over seeds, at these
	noise          float64 // the standard error of their difference
	before, after  float64 // the reward around these, NaN where there is none
	enough         bool    // seeds
	fell, improved bool    // the metric, beyond the noise; the reward
}

// outcome compares the end of a course with its best. The metric fell where the end is
// worse than the best by more than two standard errors, with three seeds or more. The
// best is chosen by what is compared, so this is a description and not a test.
func (b *builder) outcome(c course) outcome {
	means := c.means()
	j := outcome{course: c, best: c.best(), last: len(c.steps) - 1}
	j.from, j.to = means[j.best], means[j.last]
	j.enough = len(c.values) >= metrics.FewestSeeds
	if j.best == j.last {
		return j
	}
	j.noise = c.noise(j.best, j.last)
	j.fell = j.enough && ownDirection(c.metric).Better(j.from-j.to) > 0 && math.Abs(j.from-j.to) > 2*j.noise
	window := c.steps[j.last] - c.steps[j.last-1]
	j.before, j.after = b.rewardUpTo(c.label, c.steps[j.best], window), b.rewardUpTo(c.label, c.steps[j.last], window)
	j.improved = j.after > j.before
	return j
}

// rewardUpTo is the mean reward of a label's last updates, as many as the window has,
// up to one, over all seeds; that of the first update where there are none before.
func (b *builder) rewardUpTo(label string, update, window int) float64 {
	steps, values := aligned(b.curvesOf(policyKinds, "reward", "train", label))
	sum, n := 0.0, 0
	for i, step := range steps {
		if step > update-window && step <= update || update < steps[0] && i == 0 {
			for _, of := range values {
				sum += of[i]
				n++
			}
		}
	}
	return sum / float64(n)
}

// overOptimised tells whether the reward rose while the metric fell.
func (j outcome) overOptimised() bool { return j.fell && j.improved }

// outcomeFinding is how sentences tell an outcome.
func (b *builder) outcomeFinding(j outcome) finding {
	name, metric := b.name(j.label), title(j.metric)
	on := document.Format("a fall of %s, beside two standard errors of %s; %s", number(math.Abs(j.from-j.to)), number(2*j.noise), counted(len(j.values), "seed"))
	update := j.steps[j.best]
	switch {
	case j.best == j.last:
		return finding{document.Format("%s's %s on dev is best at its end", name, metric), document.Format(" (%s after update %d): no over-optimisation is seen.", number(j.to), update), nil}
	case j.overOptimised():
		return finding{
			document.Format("%s is over-optimised: after update %d its reward rose from %s to %s while its %s on dev fell from its best, %s, to %s", name, update, number(j.before), number(j.after), metric, number(j.from), number(j.to)),
			document.Format(" (%s).%s", on, b.kept(j.label)), nil,
		}
	case j.fell:
		return finding{
			document.Format("%s's %s on dev fell from its best after update %d, %s, to %s", name, metric, update, number(j.from), number(j.to)),
			document.Format(" (%s), and its reward did not rise.%s", on, b.kept(j.label)), nil,
		}
	case !j.enough:
		return finding{
			document.Format("%s's %s on dev ends at %s, and was %s after update %d", name, metric, number(j.to), number(j.from), update),
			document.Format(": with fewer than three seeds a fall is not told from noise."), nil,
		}
	}
	return finding{
		document.Format("No over-optimisation is seen in %s's %s on dev", name, metric),
		document.Format(", which ends at %s and was %s after update %d (%s).", number(j.to), number(j.from), update, on), nil,
	}
}

// kept says which checkpoint of a label is scored, where a metric of dev chose it.
func (b *builder) kept(label string) string {
	metric := b.label(label).settings["rl.select_on"]
	if metric == "" {
		return ""
	}
	return " The checkpoint that is scored is the best by " + title(metric) + " on dev."
}

// trainingSection says of each course how it ended, and which runs diverged.
func (b *builder) trainingSection() []document.Block {
	var diverged document.List
	for _, d := range b.divergences() {
		f := b.divergedFinding(d)
		diverged.Items = append(diverged.Items, document.Item{Text: document.Format("%s%s", f.head, f.rest)})
	}
	var blocks []document.Block
	if len(diverged.Items) > 0 {
		blocks = append(blocks, diverged)
	}
	var lines document.List
	for _, c := range b.courses() {
		f := b.outcomeFinding(b.outcome(c))
		lines.Items = append(lines.Items, document.Item{Text: document.Format("%s%s", f.head, f.rest)})
	}
	if len(lines.Items) == 0 {
		return blocks
	}
	return append(blocks, lines, paragraph("A metric of dev is said to fall where its mean over seeds ends more than two standard errors below its best, with three seeds or more; the error is the larger of that over seeds at the two points and that over all points."))
}
