package scorer

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"lastmile/experiments"
	"lastmile/harness/random"
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

// QualityFile is where [Train] leaves the quality in its folder.
func QualityFile(dir string) string { return filepath.Join(dir, "quality.json") }

// Train trains a scorer from scratch on distortions of the references, and
// writes to the folder of the hooks: the scorer as a Hugging Face folder,
// curves.jsonl (train: loss; dev: loss, pearson, spearman) and quality.json
// with the [Quality] on distortions of the dev references, which it returns.
//
// A step takes BatchSize pairs of references drawn at random, each with a kind
// drawn at random; the loss is the mean squared difference from the target.
func Train(ctx context.Context, s *torch.Session, t *tokenizer.Tokenizer, references, dev []string, c experiments.Scorer, hooks train.Hooks) (Quality, error) {
	from, held := newSource(references), newSource(dev)
	if len(from) == 0 || len(held) == 0 {
		return Quality{}, fmt.Errorf("the scorer needs references with words: %d in train, %d in dev", len(from), len(held))
	}
	e, err := New(s, newConfig(c, t), c.Seed)
	if err != nil {
		return Quality{}, err
	}
	school := school{Trainer: train.NewTrainer(e, c.Optimizer, hooks), encoder: e, reader: newReader(byteLevel(t), e.Config), config: c}
	exam, err := newExam(held[:min(devReferences, len(held))], c.Seed)
	if err != nil {
		return Quality{}, err
	}
	if err := school.run(ctx, from, exam); err != nil {
		return Quality{}, err
	}
	quality, err := school.examine(ctx, exam)
	if err != nil {
		return Quality{}, err
	}
	school.Optimizer.Free()
	if err := school.Finish(); err != nil {
		return Quality{}, err
	}
	if err := e.Save(hooks.Dir); err != nil {
		return Quality{}, fmt.Errorf("saving the scorer: %w", err)
	}
	if err := t.Save(hooks.Dir); err != nil {
		return Quality{}, err
	}
	text, err := json.MarshalIndent(quality, "", "  ")
	if err != nil {
		return Quality{}, err
	}
	return quality, os.WriteFile(QualityFile(hooks.Dir), append(text, '\n'), 0o666)
}

func newConfig(c experiments.Scorer, t *tokenizer.Tokenizer) Config {
	return Config{
		RestartPositions:      true,
		Architectures:         []string{Architecture},
		ModelType:             "bert",
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
		ID2Label:              map[string]string{"0": "score"},
		Label2ID:              map[string]int{"score": 0},
		TorchDType:            "float32",
	}
}

// school is a scorer in training.
type school struct {
	*train.Trainer
	encoder *Encoder
	reader  reader
	config  experiments.Scorer
}

// lesson is a pair that is ready to be learned.
type lesson struct {
	row    row
	target float64
}

func (h school) run(ctx context.Context, from source, exam exam) error {
	if err := h.Resume(&struct{}{}); err != nil {
		return err
	}
	c := h.config
	var lessons []lesson
	var batches [][]int
	for round := -1; h.Done < c.Steps; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r := h.Done / roundBatches; r != round {
			round = r
			var err error
			if lessons, batches, err = h.round(from, round); err != nil {
				return err
			}
		}
		loss, err := h.step(lessons, batches[h.Done%roundBatches])
		if err != nil {
			return err
		}
		h.Done++
		h.Log("train", "loss", loss)
		if h.Done%evaluateEvery == 0 && h.Done < c.Steps {
			if _, err := h.examine(ctx, exam); err != nil {
				return err
			}
		}
		if h.Due() {
			if err := h.Checkpoint(struct{}{}); err != nil {
				return err
			}
		}
		h.Progress(c.Steps, fmt.Sprintf("loss %.3f", loss))
	}
	return nil
}

// round draws the pairs of a round, and shares them out to batches.
func (h school) round(from source, round int) ([]lesson, [][]int, error) {
	ways := kinds()
	pairs := make([]Pair, roundBatches*h.config.BatchSize)
	for i := range pairs {
		stream := random.New(h.config.Seed, "scorer", "pair", round, i)
		pairs[i] = from.pair(ways[stream.IntN(len(ways))], stream, from[stream.IntN(len(from))])
	}
	targets, err := Targets(pairs)
	if err != nil {
		return nil, nil, err
	}
	lessons := make([]lesson, len(pairs))
	sizes := make([]int, len(pairs))
	for i, p := range pairs {
		lessons[i] = lesson{h.reader.row(p), targets[i]}
		sizes[i] = len(lessons[i].row.tokens)
	}
	order := random.New(h.config.Seed, "scorer", "order", round)
	return lessons, train.Bucket(order, sizes, len(sizes), func(n, _ int) bool { return n > h.config.BatchSize }), nil
}

// step takes one optimizer step and returns the loss before it.
func (h school) step(lessons []lesson, batch []int) (loss float64, err error) {
	rows := make([]row, len(batch))
	targets := make([]float64, len(batch))
	tokens := 0
	for i, at := range batch {
		rows[i], targets[i] = lessons[at].row, lessons[at].target
		tokens += len(rows[i].tokens)
	}
	s := h.Session()
	scoped := s.Scope(func() {
		scores := h.encoder.Scores(h.reader.batch(rows))
		loss, err = h.Update(scores.Sub(s.Float64s(targets, len(targets))).Square().Mean(), train.Rate(h.config.Optimizer, h.Done, h.config.Steps))
	})
	if err == nil {
		err = scoped
	}
	h.Tokens(tokens)
	return loss, err
}

// exam is the pairs that a scorer's quality is measured on.
type exam struct {
	kinds   []string // of each pair
	itself  []int    // for each pair, the index of its reference with itself
	pairs   []Pair
	targets []float64
}

// newExam distorts each of the references in every way. The first pair of each
// is the reference with itself.
func newExam(from source, seed int) (exam, error) {
	var x exam
	for i, words := range from {
		text := strings.Join(words, " ")
		first := len(x.pairs)
		add := func(kind string, p Pair) {
			x.kinds, x.itself, x.pairs = append(x.kinds, kind), append(x.itself, first), append(x.pairs, p)
		}
		add(same, Pair{text, text})
		for _, k := range kinds() {
			p := from.pair(k, stream(seed, i, k), words)
			if p.Hypothesis != text {
				add(k.name, p)
			}
		}
	}
	var err error
	x.targets, err = Targets(x.pairs)
	return x, err
}

func stream(seed, reference int, k kind) *rand.Rand {
	return random.New(seed, "scorer", "dev", reference, k.name)
}

// examine measures the quality and logs it.
func (h school) examine(ctx context.Context, x exam) (Quality, error) {
	scores, err := h.encoder.score(ctx, h.reader, x.pairs)
	if err != nil {
		return Quality{}, err
	}
	trials := make([]trial, len(scores))
	for i, score := range scores {
		trials[i] = trial{kind: x.kinds[i], score: score, target: x.targets[i], itself: scores[x.itself[i]]}
	}
	q := judge(trials)
	h.Log("dev", "loss", q.Error*q.Error)
	h.Log("dev", "pearson", q.Pearson)
	h.Log("dev", "spearman", q.Spearman)
	return q, nil
}
