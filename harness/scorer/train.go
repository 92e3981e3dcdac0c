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

// Train trains a scorer on distortions of the references, and then on ratings
// where there are any. It starts from the folder c.Path, or from scratch with
// the tokenizer t, and writes to the folder of the hooks: the scorer as a
// Hugging Face folder, training.json with c, curves.jsonl (train: loss; dev:
// loss, pearson, spearman) and quality.json with the [Quality] on distortions
// of the dev references, which it returns.
//
// A step takes BatchSize pairs of references drawn at random, each with a kind
// drawn at random; the loss is the mean squared difference from the targets.
func Train(ctx context.Context, s *torch.Session, t *tokenizer.Tokenizer, references, dev []string, c experiments.Scorer, hooks train.Hooks) (Quality, error) {
	from, held := newSource(references), newSource(dev)
	if len(from) == 0 || len(held) == 0 {
		return Quality{}, fmt.Errorf("the scorer needs references with words: %d in train, %d in dev", len(from), len(held))
	}
	e, v, err := begin(s, t, c)
	if err != nil {
		return Quality{}, err
	}
	var ratings []Rating
	if c.Ratings != "" {
		if ratings, err = ReadRatings(c.Ratings, "rating"); err != nil {
			return Quality{}, err
		}
	}
	school := school{Trainer: train.NewTrainer(e, c.Optimizer, hooks), encoder: e, reader: newReader(v, e.Config), config: c}
	if school.teacher, err = school.teach(s, from); err != nil {
		return Quality{}, err
	}
	school.ways = kinds(c.Exclude)
	if c.Path != "" && v.word != nil {
		school.ways = kinds(c.Exclude, newNeighbours(e, v).kind())
	}
	exam, err := school.newExam(held[:min(devReferences, len(held))])
	if err != nil {
		return Quality{}, err
	}
	if err := school.run(ctx, from, exam); err != nil {
		return Quality{}, err
	}
	school.Optimizer.Free()
	if ratings != nil {
		err := fineTune(ctx, e, school.reader, ratings, c, func(step, steps int, loss float64) {
			school.Log("ratings", "loss", loss)
			school.Progress(c.Steps, fmt.Sprintf("rating step %d/%d, loss %.3f", step, steps, loss))
		})
		if err != nil {
			return Quality{}, err
		}
	}
	quality, err := school.examine(ctx, exam)
	if err != nil {
		return Quality{}, err
	}
	if err := school.Finish(); err != nil {
		return Quality{}, err
	}
	if err := e.Save(hooks.Dir); err != nil {
		return Quality{}, fmt.Errorf("saving the scorer: %w", err)
	}
	if err := v.save(hooks.Dir); err != nil {
		return Quality{}, err
	}
	if err := writeJSON(filepath.Join(hooks.Dir, "training.json"), c); err != nil {
		return Quality{}, err
	}
	return quality, writeJSON(QualityFile(hooks.Dir), quality)
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}

// begin returns the encoder and the vocabulary that a training starts from.
func begin(s *torch.Session, t *tokenizer.Tokenizer, c experiments.Scorer) (*Encoder, vocabulary, error) {
	outputs := append([]string{overlapTarget}, c.Targets...)
	if c.Path == "" {
		e, err := New(s, newConfig(c, t), c.Seed)
		return e, byteLevel(t), err
	}
	e, err := Start(s, c.Path, outputs, c.Seed)
	if err != nil {
		return nil, vocabulary{}, fmt.Errorf("starting a scorer from %s: %w", c.Path, err)
	}
	v, err := readVocabulary(c.Path, e.Config)
	if err != nil {
		return nil, vocabulary{}, fmt.Errorf("starting a scorer from %s: %w", c.Path, err)
	}
	e.setScore(c.Score)
	return e, v, nil
}

func newConfig(c experiments.Scorer, t *tokenizer.Tokenizer) Config {
	config := Config{
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
		TorchDType:            "float32",
		Score:                 c.Score,
	}
	config.setOutputs(append([]string{overlapTarget}, c.Targets...))
	return config
}

// school is a scorer in training.
type school struct {
	*train.Trainer
	encoder *Encoder
	reader  reader
	config  experiments.Scorer
	ways    []kind
	teacher *teacher
}

// lesson is a pair that is ready to be learned.
type lesson struct {
	row     row
	targets []float64 // of each output
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
	drafts := make([]draft, roundBatches*h.config.BatchSize)
	for i := range drafts {
		stream := random.New(h.config.Seed, "scorer", "pair", round, i)
		drafts[i] = from.draft(h.ways[stream.IntN(len(h.ways))], stream, from[stream.IntN(len(from))])
	}
	targets, err := h.teacher.all(drafts)
	if err != nil {
		return nil, nil, err
	}
	lessons := make([]lesson, len(drafts))
	sizes := make([]int, len(drafts))
	for i, d := range drafts {
		lessons[i] = lesson{h.reader.row(d.Pair), targets[i]}
		sizes[i] = len(lessons[i].row.tokens)
	}
	order := random.New(h.config.Seed, "scorer", "order", round)
	return lessons, train.Bucket(order, sizes, len(sizes), func(n, _ int) bool { return n > h.config.BatchSize }), nil
}

// step takes one optimizer step and returns the loss before it.
func (h school) step(lessons []lesson, batch []int) (loss float64, err error) {
	rows := make([]row, len(batch))
	var targets []float64
	tokens := 0
	for i, at := range batch {
		rows[i], targets = lessons[at].row, append(targets, lessons[at].targets...)
		tokens += len(rows[i].tokens)
	}
	s := h.Session()
	err = s.Scope(func() error {
		outputs := h.encoder.Outputs(h.reader.batch(rows))
		var err error
		loss, err = h.Update(outputs.Sub(s.Float64s(targets, outputs.Shape()...)).Square().Mean(), train.Rate(h.config.Optimizer, h.Done, h.config.Steps))
		return err
	})
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
// is the reference with itself. The target of a pair is that of the score.
func (h school) newExam(from source) (exam, error) {
	var x exam
	var drafts []draft
	for i, words := range from {
		text := strings.Join(words, " ")
		first := len(x.pairs)
		add := func(kind string, d draft) {
			x.kinds, x.itself, x.pairs = append(x.kinds, kind), append(x.itself, first), append(x.pairs, d.Pair)
			drafts = append(drafts, d)
		}
		add(same, draft{Pair{text, text}, true})
		for _, k := range h.ways {
			if d := from.draft(k, stream(h.config.Seed, i, k), words); d.Hypothesis != text {
				add(k.name, d)
			}
		}
	}
	teacher := *h.teacher
	teacher.joints = newTeacher(nil, from).joints
	for j := range h.teacher.joints {
		teacher.joints[j] = true
	}
	targets, err := teacher.all(drafts)
	for _, of := range targets {
		x.targets = append(x.targets, h.encoder.Config.score(of))
	}
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
