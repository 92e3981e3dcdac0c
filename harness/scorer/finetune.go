package scorer

import (
	"context"
	"fmt"
	"math"

	"lastmile/harness/encoder"
	"lastmile/harness/random"
	"lastmile/harness/records"
	"lastmile/harness/train"
)

// Rating is what people said of a candidate.
type Rating struct {
	Reference string
	Candidate string
	Rating    float64
	// Source names what the candidate says: ratings of one source are kept
	// together where ratings are split.
	Source string
}

// ReadRatings reads records with the fields reference and candidate, the rating in
// the field of the given name, and source where there is one.
func ReadRatings(path, field string) ([]Rating, error) {
	var ratings []Rating
	err := records.Each(path, func(line records.Record) error {
		var r Rating
		for _, text := range []struct {
			name string
			into *string
		}{{"reference", &r.Reference}, {"candidate", &r.Candidate}} {
			value, _ := line.Field(text.name)
			var ok bool
			if *text.into, ok = value.(string); !ok {
				return fmt.Errorf("field %q is %s, expected a text", text.name, records.Excerpt(value))
			}
		}
		rating, _ := line.Field(field)
		var ok bool
		if r.Rating, ok = records.Number(rating); !ok {
			return fmt.Errorf("field %q is %s, expected a number", field, records.Excerpt(rating))
		}
		source, there := line.Field("source")
		if r.Source, ok = source.(string); there && source != nil && !ok {
			return fmt.Errorf("field \"source\" is %s, expected a text", records.Excerpt(source))
		}
		ratings = append(ratings, r)
		return nil
	})
	if err == nil && len(ratings) == 0 {
		err = fmt.Errorf("%s is empty, expected a rating a line", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading ratings: %w", err)
	}
	return ratings, nil
}

// fineTune goes on training with human ratings: the loss is the mean squared
// difference of the score from the rating, brought to 0 to 1 by the smallest
// and the largest of these ratings. It takes RatingEpochs passes at
// RatingLearningRate, with an optimizer of its own, and calls done after each
// step.
func fineTune(ctx context.Context, e *Encoder, r reader, ratings []Rating, c Settings, done func(step, steps int, loss float64)) error {
	low, high := math.Inf(1), math.Inf(-1)
	for _, rating := range ratings {
		low, high = min(low, rating.Rating), max(high, rating.Rating)
	}
	if !(low < high) {
		return fmt.Errorf("fine-tuning on %d ratings: all are alike", len(ratings))
	}
	rows := make([]encoder.Row, len(ratings))
	sizes := make([]int, len(ratings))
	for i, rating := range ratings {
		rows[i] = r.row(Pair{rating.Reference, rating.Candidate})
		sizes[i] = len(rows[i].Tokens)
	}
	schedule := c.OptimizerSettings
	schedule.LearningRate = c.RatingLearningRate
	optimizer := train.NewOptimizer(e, schedule)
	defer optimizer.Free()
	full := func(n, _ int) bool { return n > c.BatchSize }
	// Neighbours in length go together within windows of several batches, so
	// that batches differ from pass to pass.
	window := roundBatches * c.BatchSize
	steps := c.RatingEpochs * len(train.Bucket(random.New(c.Seed, "scorer", "ratings", 0), sizes, window, full))
	step := 0
	for epoch := range c.RatingEpochs {
		for _, batch := range train.Bucket(random.New(c.Seed, "scorer", "ratings", epoch), sizes, window, full) {
			if err := ctx.Err(); err != nil {
				return err
			}
			of := make([]encoder.Row, len(batch))
			targets := make([]float64, len(batch))
			for k, i := range batch {
				of[k], targets[k] = rows[i], (ratings[i].Rating-low)/(high-low)
			}
			var loss float64
			err := e.Session().Scope(func() (err error) {
				l := e.Scores(r.Batch(of)).Sub(e.Session().Float64s(targets, len(targets))).Square().Mean()
				if loss, err = l.Item(); err != nil {
					return err
				}
				l.Backward()
				_, err = optimizer.Step(step, train.Rate(schedule, step, steps))
				return err
			})
			if err != nil {
				return fmt.Errorf("fine-tuning on ratings: %w", err)
			}
			step++
			done(step, steps, loss)
		}
	}
	return nil
}
