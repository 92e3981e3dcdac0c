package dataset

import (
	"context"
	"fmt"

	"lastmile/harness/data"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

// Warnings says in a line each what will disappoint in a task's data: most references
// are cut, so that no end is learned from them; prompts have nothing of their input
// left; references have no word by which ROUGE, with a tokenizer of its
// [metrics.Options], could judge. folder is that of the model's tokenizer.
func Warnings(ctx context.Context, task data.Task, folder, tokenizer string) ([]string, error) {
	l, err := stages.OpenLanguage(folder, task)
	if err != nil {
		return nil, stages.Mistake{Err: err}
	}
	var found []string
	for _, split := range data.Splits() {
		examples, err := data.Read(task, split)
		if err != nil {
			return nil, stages.Mistake{Err: err}
		}
		var cut, empty, wordless int
		for _, e := range examples {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			fit := l.Codec.Fit(e)
			cut += count(fit.ResponseCut)
			empty += count(fit.PromptEmpty)
			wordless += count(tokenizer != metrics.Unicode && metrics.Words(e.References[0]) == 0)
		}
		add := func(n int, what string) {
			found = append(found, fmt.Sprintf("%s: %d of %d examples %s", split, n, len(examples), what))
		}
		if 2*cut > len(examples) {
			add(cut, fmt.Sprintf("have a reference of more than %d tokens, which is cut, so that no end is learned from it (task.max_response_tokens)", task.MaxResponseTokens))
		}
		if empty > 0 {
			add(empty, fmt.Sprintf("have a prompt of more than %d tokens, and nothing of their input is left in it (task.max_prompt_tokens)", task.MaxPromptTokens))
		}
		if wordless > 0 {
			add(wordless, Wordless)
		}
	}
	return found, nil
}

// Wordless is what warnings say of texts in scripts that rouge-score does not know.
const Wordless = `have a reference without a word of the letters a to z or digits, the only ones that ROUGE counts (metrics.tokenizer = "unicode" counts those of any script)`
