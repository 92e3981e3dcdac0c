package scorer

import (
	"fmt"
	"os"
)

// CheckFiles tells whether a training can begin with what lies under Path and
// Ratings. It does not read parameters.
func (s Settings) CheckFiles() error {
	if s.Path != "" {
		if err := s.checkPath(); err != nil {
			return fmt.Errorf("scorer.path: %w; expected a Hugging Face folder of a BERT encoder or of a scorer", err)
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
	c, _, err := startConfig(s.Path, s.outputs())
	if err != nil {
		return err
	}
	if _, err := readVocabulary(s.Path, c); err != nil {
		return err
	}
	_, err = os.Stat(weightsFile(s.Path))
	return err
}

// outputs are those of the scorer's head.
func (s Settings) outputs() []string { return append([]string{overlapTarget}, s.Targets...) }

// ratingField is the field of the ratings that a training learns from.
const ratingField = "rating"
