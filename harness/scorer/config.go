package scorer

import (
	"fmt"
	"slices"

	"lastmile/harness/encoder"
)

// Config mirrors Hugging Face's config.json for an encoder with a regression
// head, and that of bleurt-pytorch.
type Config struct {
	// RestartPositions is ours: positions count from 1 again behind the first
	// [SEP]. Without it they run through, as BERT's do.
	RestartPositions bool `json:"restart_positions"`
	// Score is ours: the outputs whose mean is the score, by their names in
	// id2label. Without it the first output is.
	Score []string `json:"score,omitempty"`
	encoder.Config
}

// ReadConfig reads and checks the config.json of a scorer's folder.
func ReadConfig(dir string) (Config, error) {
	c, err := readConfig(dir)
	if err != nil {
		return Config{}, err
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("reading %s: %w", encoder.ConfigFile(dir), err)
	}
	return c, nil
}

// readConfig reads a config.json with what transformers takes for granted
// where the file says nothing; sizes it must say.
func readConfig(dir string) (c Config, err error) {
	err = c.Config.Read(dir, &c)
	return c, err
}

// scoreWeights is what each output counts in the score.
func (c Config) scoreWeights() []float32 {
	names := c.Outputs()
	weights := make([]float32, len(names))
	if len(c.Score) == 0 {
		weights[0] = 1
	}
	for _, name := range c.Score {
		weights[slices.Index(names, name)] += 1 / float32(len(c.Score))
	}
	return weights
}

// score is the score that a head's outputs make.
func (c Config) score(outputs []float64) float64 {
	sum := 0.0
	for k, weight := range c.scoreWeights() {
		sum += float64(weight) * outputs[k]
	}
	return sum
}

func (c Config) check() error {
	if err := c.Check(); err != nil {
		return err
	}
	if !c.IsClassifier() {
		return fmt.Errorf("architectures is %q; expected %s, an encoder of model_type %s with a head", c.Architectures, c.Classifier(), c.ModelType)
	}
	for _, name := range c.Score {
		if !slices.Contains(c.Outputs(), name) {
			return fmt.Errorf("score names %q, which is none of the outputs %q of id2label", name, c.Outputs())
		}
	}
	return nil
}
