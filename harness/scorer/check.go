package scorer

import (
	"fmt"

	"lastmile/harness/encoder"
)

// CheckFiles tells whether a training can begin with what lies under Path and
// Ratings. Of parameters it reads names and shapes.
func (s Settings) CheckFiles() error {
	if s.Path != "" {
		if err := s.checkPath(); err != nil {
			return fmt.Errorf("scorer.path: %w; expected a Hugging Face folder of a BERT, RoBERTa or DeBERTa-v3 encoder or of a scorer", err)
		}
	}
	if s.Ratings != "" {
		if _, err := ReadRatings(s.Ratings, ratingField); err != nil {
			return fmt.Errorf("scorer.ratings: %w", err)
		}
	}
	return nil
}

func (s Settings) checkPath() error {
	c, keep, err := startConfig(s.Path, s.outputs())
	if err != nil {
		return err
	}
	if _, err := encoder.ReadVocabulary(s.Path, c.Config); err != nil {
		return err
	}
	return encoder.CheckFolder(s.Path, c.Config, true, func(p encoder.Parameter) bool { return !keep && drawn(c, p) })
}

// outputs are those of the scorer's head.
func (s Settings) outputs() []string { return append([]string{overlapTarget}, s.Targets...) }

// ratingField is the field of the ratings that a training learns from.
const ratingField = "rating"
