package faithfulness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"lastmile/harness/encoder"
	"lastmile/harness/kept"
	"lastmile/metrics"
)

// maxTokens is SummaC's max_input_length.
const maxTokens = 500

// Model is a classifier of pairs of sentences. It belongs to the goroutine that opened
// it, which is the one to use and close it.
type Model struct {
	settings Settings
	labels   labels
	encoder  *encoder.Pretrained
	// known is what the classifier said so far, so that a sentence that
	// post-processing leaves as it was costs nothing and keeps its score.
	known map[pair]probabilities
	kept  *kept.File // nil where nothing is kept
}

// pair is a sentence of a source and one of a hypothesis.
type pair struct{ premise, hypothesis string }

// probabilities are what the classifier says of a pair.
type probabilities struct{ entailment, contradiction float64 }

// Open loads the classifier of the settings, to compute with so many threads on a device
// as [encoder.Open] names it. It locks the goroutine to its thread until Close.
func Open(settings Settings, threads int, device string) (*Model, error) {
	c, l, err := settings.read()
	if err != nil {
		return nil, err
	}
	m := &Model{settings: settings, labels: l, known: make(map[pair]probabilities)}
	if m.encoder, err = encoder.Open(settings.Model, c, true, threads, device); err != nil {
		return nil, fmt.Errorf("opening the classifier of faithfulness: %w", err)
	}
	m.encoder.Reader.Limit = min(m.encoder.Reader.Limit, maxTokens)
	return m, nil
}

// Keep has what the classifier says kept in a file, so that a process that scores the same
// and is interrupted computes nothing twice.
func (m *Model) Keep(in *kept.File) { m.kept = in }

// Close frees the classifier's memory and its thread.
func (m *Model) Close() error { return m.encoder.Close() }

// sentences are those of a text that count.
func (m *Model) sentences(text string) []string {
	var long []string
	for _, sentence := range metrics.Sentences(text) {
		if sentence = strings.TrimSpace(sentence); utf8.RuneCountInString(sentence) >= m.settings.MinCharacters {
			long = append(long, sentence)
		}
	}
	return long
}

// grid is the sentences of an input: those of the source that are premises, and those of
// the hypothesis.
func (m *Model) grid(in metrics.Input) (premises, hypotheses []string) {
	premises = m.sentences(in.Source)
	return premises[:min(len(premises), m.settings.MaxSentences)], m.sentences(in.Hypothesis)
}

// chunk is the number of inputs whose pairs are in memory at once.
const chunk = 64

// classify computes what is not known yet of the pairs of each input. progress is told how
// many of how many inputs are done; nil is told nothing.
func (m *Model) classify(ctx context.Context, progress func(done, total int), inputs []metrics.Input) error {
	done := 0
	for some := range slices.Chunk(inputs, chunk) {
		if err := m.classifyChunk(ctx, some); err != nil {
			return err
		}
		if done += len(some); progress != nil {
			progress(done, len(inputs))
		}
	}
	return nil
}

func (m *Model) classifyChunk(ctx context.Context, inputs []metrics.Input) error {
	var unknown []pair
	asked := make(map[pair]bool)
	var rows []encoder.Row
	tokens := make(map[string][]int)
	encode := func(text string) []int {
		if _, ok := tokens[text]; !ok {
			tokens[text] = m.encoder.Reader.Encode(text)
		}
		return tokens[text]
	}
	for _, in := range inputs {
		premises, hypotheses := m.grid(in)
		for _, h := range hypotheses {
			for _, d := range premises {
				p := pair{d, h}
				if _, ok := m.known[p]; ok || asked[p] {
					continue
				}
				asked[p] = true
				unknown, rows = append(unknown, p), append(rows, m.encoder.Reader.Pair(encode(d), encode(h)))
			}
		}
	}
	for _, batch := range encoder.Batches(rows, m.settings.BatchTokens) {
		if err := ctx.Err(); err != nil {
			return err
		}
		some, n := encoder.Pick(rows, batch), len(m.encoder.Config.Outputs())
		values, err := m.kept.Once(some, n*len(some), func() (values []float64, err error) {
			err = m.encoder.Session().NoGrad(func() (err error) {
				values, err = m.encoder.Outputs(m.encoder.Reader.Batch(some)).Softmax(-1).Value64s()
				return err
			})
			return values, err
		})
		if err != nil {
			return fmt.Errorf("computing faithfulness: %w", err)
		}
		for k, i := range batch {
			of := probabilities{entailment: values[k*n+m.labels.entailment]}
			if m.labels.contradiction >= 0 {
				of.contradiction = values[k*n+m.labels.contradiction]
			}
			m.known[unknown[i]] = of
		}
	}
	return nil
}

// score is what an input whose pairs are known scores.
func (m *Model) score(in metrics.Input) float64 {
	premises, hypotheses := m.grid(in)
	if len(premises) == 0 || len(hypotheses) == 0 {
		return 0
	}
	sum := 0.0
	for _, h := range hypotheses {
		var most probabilities
		for _, d := range premises {
			of := m.known[pair{d, h}]
			most.entailment, most.contradiction = max(most.entailment, of.entailment), max(most.contradiction, of.contradiction)
		}
		sum += most.entailment - most.contradiction
	}
	return sum / float64(len(hypotheses))
}
