package likelihood

import (
	"fmt"
	"strings"

	"lastmile/experiments"
)

// Settings say which causal language model computes the metrics likelihood,
// likelihood_reference, likelihood_recall, likelihood_source and
// likelihood_source_gain, and what it reads.
type Settings struct {
	// Model is the Hugging Face folder of a causal language model and its
	// tokenizer.
	Model string `toml:"model" json:"model"`
	// Start is the token that stands in front of all that the model reads, as it
	// is spelled in tokenizer.json. Empty means <|endoftext|> where the vocabulary
	// has it, which stands between the texts of pre-training; otherwise
	// bos_token_id of config.json where that is a special token, and otherwise the
	// end token.
	Start string `toml:"start" json:"start,omitempty"`
	// ReferencePrompt is what stands before the hypothesis in likelihood_reference;
	// {reference} stands for a reference.
	ReferencePrompt string `toml:"reference_prompt" json:"reference_prompt"`
	// RecallPrompt is what stands before a reference in likelihood_recall;
	// {hypothesis} stands for the hypothesis.
	RecallPrompt string `toml:"recall_prompt" json:"recall_prompt"`
	// SourcePrompt is what stands before the hypothesis in likelihood_source;
	// {source} stands for the text that the hypothesis was made from.
	SourcePrompt string `toml:"source_prompt" json:"source_prompt"`
	// BatchTokens is the number of tokens that are computed together, those that
	// fill up shorter rows included; a longer row is computed alone.
	BatchTokens int `toml:"batch_tokens" json:"batch_tokens"`
}

// The places in prompts that stand for texts.
const (
	referencePlace  = "{reference}"
	hypothesisPlace = "{hypothesis}"
	sourcePlace     = "{source}"
)

// DefaultSettings have no model, and prompts that are the text and a line's end.
func DefaultSettings() Settings {
	return Settings{
		ReferencePrompt: referencePlace + "\n",
		RecallPrompt:    hypothesisPlace + "\n",
		SourcePrompt:    sourcePlace + "\n",
		BatchTokens:     2048,
	}
}

// Section is the section [likelihood] of a sweep file.
func Section(active func(experiments.Config) bool) experiments.Section {
	return experiments.Section{
		Key:     "likelihood",
		Default: DefaultSettings(),
		Rules: experiments.Rules{
			"model":            experiments.Anything,
			"start":            experiments.Anything,
			"reference_prompt": promptOf(referencePlace),
			"recall_prompt":    promptOf(hypothesisPlace),
			"source_prompt":    promptOf(sourcePlace),
			"batch_tokens":     experiments.Whole(1, 1<<24),
		},
		Paths:  []experiments.Path{{Key: "model"}},
		Active: active,
		Check: func(c experiments.Config) []experiments.Complaint {
			if experiments.Get[Settings](c, "likelihood").Model != "" {
				return nil
			}
			return []experiments.Complaint{{
				Keys:    []string{"metrics.names", "likelihood.model"},
				Message: "a likelihood needs a causal language model: likelihood.model = \"FOLDER\", in Hugging Face layout",
			}}
		},
	}
}

// promptOf allows prompts that hold a place once.
func promptOf(place string) experiments.Check {
	return experiments.Check{
		Allowed: "a text that holds " + place + " once",
		Broken: func(value any) string {
			text, _ := value.(string)
			if _, err := splitPrompt(text, place); err != nil {
				return err.Error()
			}
			return ""
		},
	}
}

// prompt is a template around a text.
type prompt struct{ before, after string }

func splitPrompt(text, place string) (prompt, error) {
	if n := strings.Count(text, place); n != 1 {
		return prompt{}, fmt.Errorf("%q holds %s %d times, expected once", text, place, n)
	}
	before, after, _ := strings.Cut(text, place)
	return prompt{before, after}, nil
}
