package stages

import (
	"context"
	"fmt"
	"math"

	"lastmile/experiments"
	"lastmile/harness/algorithms"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/torch"
)

// noMatch complains about the strategy "matched" in runs whose policy is the MLE policy
// itself.
func noMatch(c experiments.Config) []experiments.Complaint {
	if algorithms.Chosen(c) != algorithms.None {
		return nil
	}
	var found []experiments.Complaint
	for _, name := range c.Names("decode") {
		if experiments.Get[decode.Settings](c, "decode."+name).Strategy == decode.Matched {
			found = append(found, experiments.Complaint{
				Keys: []string{"algorithm", "decode." + name + ".strategy", "decode." + name},
				Message: fmt.Sprintf("%s matches the entropy of the MLE policy to that of what an algorithm makes of it, and the algorithm is %s: it would match itself; decode.%s.enabled = false takes it out",
					name, algorithms.None, name),
			})
		}
	}
	return found
}

// match finds the temperature at which the MLE policy's samples on dev have the entropy
// that those of the run's own policy have at the temperature of o, and leaves the MLE
// policy as the decoder's model.
func (d *Decoder) match(ctx context.Context, s *torch.Session, task data.Task, o decode.Settings) (Decoding, error) {
	examples, err := readDev(d.Job)
	if err != nil {
		return Decoding{}, err
	}
	examples = firstOf(examples, o.EntropyExamples())
	var found Entropies
	if d.Model, err = LoadModel(s, d.Job.Inputs[policyInput], task); err != nil {
		return Decoding{}, err
	}
	if found.Policy, err = d.entropy(ctx, examples, o); err != nil {
		return Decoding{}, err
	}
	d.Model.Free()
	if d.Model, err = LoadModel(s, d.Job.Inputs[MLE], task); err != nil {
		return Decoding{}, err
	}
	result := Decoding{Tuned: []tried{}, Entropies: &found}
	result.Temperature, found.MLE, err = matchEntropy(o.Temperature, found.Policy, func(temperature float64) (float64, error) {
		o.Temperature = temperature
		return d.entropy(ctx, examples, o)
	})
	return result, err
}

// entropy is the mean over the tokens of samples of the entropy of the distributions
// that they were drawn from, in nats. Its expected value is that of the mean -ln p of
// the tokens themselves, and it varies less. The draws are the same for all models and
// temperatures.
func (d Decoder) entropy(ctx context.Context, examples []data.Example, o decode.Settings) (float64, error) {
	o.Strategy = decode.Sample
	responses, err := d.respond(ctx, examples, decode.Options{Settings: o, Entropies: true}, data.Dev)
	if err != nil {
		return 0, fmt.Errorf("measuring the entropy: %w", err)
	}
	sum, tokens := 0.0, 0
	for _, of := range responses {
		for _, entropy := range of[0].Entropies {
			sum += float64(entropy)
			tokens++
		}
	}
	return sum / float64(tokens), nil
}

const (
	// matchTolerance is by what share of the wanted entropy a match may miss it.
	matchTolerance = 0.01
	// matchDoublings is how often a temperature is doubled, or halved, to find one on
	// the other side of the wanted entropy: beyond, samples are greedy, or nearly
	// uniform.
	matchDoublings = 6
	// matchBisections is how often the interval between two temperatures is halved.
	// The entropy of samples jumps where another token is drawn, so that it may come
	// no nearer.
	matchBisections = 12
)

// matchEntropy finds by bisection, from a temperature to begin with, one with the wanted
// entropy, and what its entropy is. Where none within reach has it, it is the one that
// comes nearest.
func matchEntropy(start, wanted float64, entropy func(temperature float64) (float64, error)) (temperature, reached float64, err error) {
	nearest := math.Inf(1)
	// try measures a temperature and tells whether it is a match.
	try := func(t float64) (got float64, matches bool, err error) {
		if got, err = entropy(t); err != nil {
			return 0, false, err
		}
		if miss := math.Abs(got - wanted); miss < nearest {
			nearest, temperature, reached = miss, t, got
		}
		return got, nearest <= matchTolerance*wanted, nil
	}
	got, matches, err := try(start)
	if matches || err != nil {
		return temperature, reached, err
	}
	above := got > wanted
	step := 2.0
	if above {
		step = 0.5
	}
	here, there := start, start
	for n := 0; (got > wanted) == above; n++ {
		if n == matchDoublings {
			return temperature, reached, nil
		}
		here, there = there, there*step
		if got, matches, err = try(there); matches || err != nil {
			return temperature, reached, err
		}
	}
	low, high := min(here, there), max(here, there)
	for range matchBisections {
		middle := math.Sqrt(low * high)
		if got, matches, err = try(middle); matches || err != nil {
			return temperature, reached, err
		}
		if got > wanted {
			high = middle
		} else {
			low = middle
		}
	}
	return temperature, reached, nil
}
