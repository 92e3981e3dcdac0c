package scorer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/random"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

const (
	maxPositions  = 512 // tokens in a row, as BERT's
	roundBatches  = 8   // batches whose pairs are drawn, and sorted by length, together
	evaluateEvery = 100 // steps
	devReferences = 100 // each is distorted in every way
)

// Texts are what a scorer learns from, and is measured on.
type Texts struct {
	// Train and Dev are references, and other texts to distort.
	Train, Dev []string
	// Same are the references of one input each, of either, where it has several: what
	// people wrote who had the same to say.
	Same [][]string
}

// Train trains a scorer on distortions of texts, and then on ratings
// where there are any. It starts from the folder c.Path, or from scratch with
// the tokenizer t, and writes to the folder of the hooks: the scorer as a
// Hugging Face folder, training.json with c, curves.jsonl (train: loss; dev:
// loss, pearson, spearman) and quality.json with the [Quality] on distortions
// of the dev references, which it returns.
//
// A step takes BatchSize pairs of references drawn at random, each with a kind
// drawn at random; the loss is the mean squared difference from the targets.
func Train(ctx context.Context, s *torch.Session, t *tokenizer.Tokenizer, texts Texts, c Settings, hooks train.Hooks) (Quality, error) {
	from, held := newSource(texts.Train), newSource(texts.Dev)
	if len(from) == 0 || len(held) == 0 {
		return Quality{}, fmt.Errorf("the scorer needs references with words: %d in train, %d in dev", len(from), len(held))
	}
	e, v, err := begin(s, t, c)
	if err != nil {
		return Quality{}, err
	}
	var ratings []Rating
	if c.Ratings != "" {
		if ratings, err = ReadRatings(c.Ratings, ratingField); err != nil {
			return Quality{}, err
		}
	}
	training := trainer{Trainer: train.NewTrainer(e, c.OptimizerSettings, hooks), encoder: e, reader: newReader(v, e.Config), config: c}
	if training.targets, err = training.labeller(s, from); err != nil {
		return Quality{}, err
	}
	var more []kind
	if c.Path != "" && v.Word != nil {
		more = append(more, newNeighbours(e, v).kind())
	}
	if slices.Contains(c.Targets, adequateTarget) {
		more = append(more, adequacyKinds(texts.Same)...)
	}
	if slices.Contains(c.Targets, fluentTarget) {
		more = append(more, fluencyKinds(from, texts.Same)...)
	}
	training.kinds = kinds(c.Exclude, more...)
	training.Progress(c.Steps, "labelling dev")
	set, err := training.evaluationSet(held[:min(devReferences, len(held))])
	if err != nil {
		return Quality{}, err
	}
	if err := training.run(ctx, from, set); err != nil {
		return Quality{}, err
	}
	training.Optimizer.Free()
	if ratings != nil {
		err := fineTune(ctx, e, training.reader, ratings, c, func(step, steps int, loss float64) {
			training.Log("ratings", "loss", loss)
			training.Progress(c.Steps, fmt.Sprintf("rating step %d/%d, loss %.3f", step, steps, loss))
		})
		if err != nil {
			return Quality{}, err
		}
	}
	quality, err := training.evaluate(ctx, set)
	if err != nil {
		return Quality{}, err
	}
	if err := training.Finish(); err != nil {
		return Quality{}, err
	}
	if err := e.Save(hooks.Dir); err != nil {
		return Quality{}, fmt.Errorf("saving the scorer: %w", err)
	}
	if err := v.Save(hooks.Dir); err != nil {
		return Quality{}, err
	}
	if err := stage.WriteJSON(filepath.Join(hooks.Dir, "training.json"), c); err != nil {
		return Quality{}, err
	}
	return quality, stage.WriteJSON(filepath.Join(hooks.Dir, "quality.json"), quality)
}

// begin returns the encoder and the vocabulary that a training starts from.
func begin(s *torch.Session, t *tokenizer.Tokenizer, c Settings) (*Encoder, encoder.Vocabulary, error) {
	if c.Path == "" {
		e, err := New(s, newConfig(c, t), c.Seed)
		return e, encoder.ByteLevel(t), err
	}
	e, err := Start(s, c.Path, c.outputs(), c.Seed)
	if err != nil {
		return nil, encoder.Vocabulary{}, fmt.Errorf("starting a scorer from %s: %w", c.Path, err)
	}
	v, err := encoder.ReadVocabulary(c.Path, e.Config.Config)
	if err != nil {
		return nil, encoder.Vocabulary{}, fmt.Errorf("starting a scorer from %s: %w", c.Path, err)
	}
	e.setScore(c.Score)
	return e, v, nil
}

func newConfig(c Settings, t *tokenizer.Tokenizer) Config {
	config := Config{
		RestartPositions: true,
		Score:            c.Score,
		Config: encoder.Config{
			ModelType:             encoder.BERT,
			VocabSize:             t.VocabSize(),
			HiddenSize:            c.HiddenSize,
			IntermediateSize:      c.IntermediateSize,
			NumHiddenLayers:       c.NumHiddenLayers,
			NumAttentionHeads:     c.NumAttentionHeads,
			MaxPositionEmbeddings: maxPositions,
			TypeVocabSize:         2,
			PositionEmbeddingType: "absolute",
			HiddenAct:             "gelu",
			InitializerRange:      0.02,
			LayerNormEps:          1e-12,
			PadTokenID:            t.EOS(),
			ProblemType:           "regression",
			TorchDType:            "float32",
		},
	}
	config.Architectures = []string{config.Classifier()}
	config.SetOutputs(append([]string{overlapTarget}, c.Targets...))
	return config
}

// trainer is a scorer in training.
type trainer struct {
	*train.Trainer
	encoder *Encoder
	reader  reader
	config  Settings
	kinds   []kind // of distortions
	targets *labeller
}

// example is a pair as the encoder reads it, with its targets.
type example struct {
	row     encoder.Row
	targets []float64 // of each output
}

func (t trainer) run(ctx context.Context, from source, set evaluationSet) error {
	if err := t.Resume(&struct{}{}); err != nil {
		return err
	}
	c := t.config
	var examples []example
	var batches [][]int
	for round := -1; t.Done < c.Steps; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r := t.Done / roundBatches; r != round {
			round = r
			var err error
			if examples, batches, err = t.round(from, round); err != nil {
				return err
			}
		}
		loss, err := t.step(examples, batches[t.Done%roundBatches])
		if err != nil {
			return err
		}
		t.Done++
		t.Log("train", "loss", loss)
		if t.Done%evaluateEvery == 0 && t.Done < c.Steps {
			if _, err := t.evaluate(ctx, set); err != nil {
				return err
			}
		}
		if t.Due(ctx) {
			if err := t.Checkpoint(struct{}{}); err != nil {
				return err
			}
		}
		t.Progress(c.Steps, fmt.Sprintf("loss %.3f", loss))
	}
	return nil
}

// round draws the pairs of a round, and shares them out to batches.
func (t trainer) round(from source, round int) ([]example, [][]int, error) {
	drafts := make([]draft, roundBatches*t.config.BatchSize)
	for i := range drafts {
		stream := random.New(t.config.Seed, "scorer", "pair", round, i)
		drafts[i] = from.draft(t.kinds[stream.IntN(len(t.kinds))], stream, from[stream.IntN(len(from))])
	}
	targets, err := t.targets.all(drafts)
	if err != nil {
		return nil, nil, err
	}
	examples := make([]example, len(drafts))
	sizes := make([]int, len(drafts))
	for i, d := range drafts {
		examples[i] = example{t.reader.row(d.Pair), targets[i]}
		sizes[i] = len(examples[i].row.Tokens)
	}
	order := random.New(t.config.Seed, "scorer", "order", round)
	return examples, train.Bucket(order, sizes, len(sizes), func(n, _ int) bool { return n > t.config.BatchSize }), nil
}

// step takes one optimizer step and returns the loss before it.
func (t trainer) step(examples []example, batch []int) (loss float64, err error) {
	rows := make([]encoder.Row, len(batch))
	var targets []float64
	tokens := 0
	for i, at := range batch {
		rows[i], targets = examples[at].row, append(targets, examples[at].targets...)
		tokens += len(rows[i].Tokens)
	}
	s := t.Session()
	err = s.Scope(func() error {
		outputs := t.encoder.Outputs(t.reader.Batch(rows))
		var err error
		loss, err = t.Update(outputs.Sub(s.Float64s(targets, outputs.Shape()...)).Square().Mean(), train.Rate(t.config.OptimizerSettings, t.Done, t.config.Steps))
		return err
	})
	t.Tokens(tokens)
	return loss, err
}

// evaluationSet is the pairs that a scorer's quality is measured on.
type evaluationSet struct {
	kinds   []string // of each pair
	itself  []int    // for each pair, the index of its reference with itself
	pairs   []Pair
	targets []float64
}

// evaluationSet distorts each of the references by every kind. The first pair of each
// is the reference with itself. The target of a pair is that of the score.
func (t trainer) evaluationSet(from source) (evaluationSet, error) {
	var set evaluationSet
	var drafts []draft
	for i, words := range from {
		text := strings.Join(words, " ")
		first := len(set.pairs)
		add := func(kind string, d draft) {
			set.kinds, set.itself, set.pairs = append(set.kinds, kind), append(set.itself, first), append(set.pairs, d.Pair)
			drafts = append(drafts, d)
		}
		add(same, draft{Pair{text, text}, true, true})
		for _, k := range t.kinds {
			if d := from.draft(k, stream(t.config.Seed, i, k), words); d.Hypothesis != text {
				add(k.name, d)
			}
		}
	}
	// The references of the set are texts that somebody wrote, too.
	labels := *t.targets
	labels.bigrams = newLabeller(nil, from).bigrams
	for b := range t.targets.bigrams {
		labels.bigrams[b] = true
	}
	targets, err := labels.all(drafts)
	for _, of := range targets {
		set.targets = append(set.targets, t.encoder.Config.score(of))
	}
	return set, err
}

func stream(seed, reference int, k kind) *rand.Rand {
	return random.New(seed, "scorer", "dev", reference, k.name)
}

// evaluate measures the quality and logs it.
func (t trainer) evaluate(ctx context.Context, set evaluationSet) (Quality, error) {
	scores, err := t.encoder.score(ctx, t.reader, set.pairs, nil, nil)
	if err != nil {
		return Quality{}, err
	}
	trials := make([]trial, len(scores))
	for i, score := range scores {
		trials[i] = trial{kind: set.kinds[i], score: score, target: set.targets[i], itself: scores[set.itself[i]]}
	}
	q := qualityOf(trials)
	t.Log("dev", "loss", q.Error*q.Error)
	t.Log("dev", "pearson", q.Pearson)
	t.Log("dev", "spearman", q.Spearman)
	return q, nil
}
