package train

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// Hooks tie an algorithm to the stage that runs it.
type Hooks struct {
	// Dir is the folder that takes the checkpoints (in "checkpoint") and the
	// learning curves ("curves.jsonl").
	Dir string
	// Progress is told how far the training is.
	Progress func(done, total int, note string)
	// Tokens is told of each batch's real tokens.
	Tokens func(n int)
	// Evaluate scores a model's greedy outputs for the first dev examples, 0 for
	// all: means over examples by metric, that of the name on among them unless it
	// is "". Trainings that choose nothing by it need none.
	Evaluate func(ctx context.Context, m *model.Model, on string, examples int) (map[string]float64, error)
}

// Point is one point of a learning curve.
type Point struct {
	Step  int     `json:"step"`
	Split string  `json:"split"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Network is what can be trained: named parameters in one session.
type Network interface {
	Session() *torch.Session
	// Parameters lists the parameters in a fixed order.
	Parameters() []model.Parameter
	// Train makes gradients flow to all parameters.
	Train()
}

// Trainer is a network in training.
type Trainer struct {
	// Model is the network where that is a language model, otherwise nil.
	Model     *model.Model
	Optimizer *Optimizer
	// Done is the number of updates made; Steps the number of optimizer steps.
	Done, Steps int

	network Network
	hooks   Hooks
	config  OptimizerSettings
	curves  []Point
	sums    map[string]string // of the files in the checkpoint
	// checkpoint is when the last one was written, or the training begun, and how
	// long the writing took.
	checkpoint struct {
		last time.Time
		took time.Duration
	}
}

// NewTrainer makes a trainer that starts at step 0. What its session computes
// from then on is in bf16 where the configuration says so.
func NewTrainer(n Network, config OptimizerSettings, hooks Hooks) *Trainer {
	if hooks.Progress == nil {
		hooks.Progress = func(int, int, string) {}
	}
	if hooks.Tokens == nil {
		hooks.Tokens = func(int) {}
	}
	n.Session().Autocast(config.BF16)
	m, _ := n.(*model.Model)
	if m != nil {
		m.Checkpointing = config.GradientCheckpointing
	}
	t := &Trainer{Model: m, Optimizer: NewOptimizer(n, config), network: n, hooks: hooks, config: config}
	t.checkpoint.last = time.Now()
	return t
}

// Session is the session of the trainer's network.
func (t *Trainer) Session() *torch.Session { return t.network.Session() }

// Update takes an optimizer step along the loss's gradient at the given share
// of the peak learning rate. A loss that is not a number is an error.
func (t *Trainer) Update(loss *torch.Tensor, share float64) (float64, error) {
	value, err := t.Backward(loss)
	if err != nil {
		return value, err
	}
	return value, t.Step(share)
}

// Backward adds the gradient of a loss, a part of a step's, to that of the
// network's parameters. A loss that is not a number is an error.
func (t *Trainer) Backward(loss *torch.Tensor) (float64, error) {
	value, err := loss.Item()
	if err != nil {
		return 0, err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return value, fmt.Errorf("the loss is %g at step %d", value, t.Steps+1)
	}
	loss.Backward()
	if t.Model != nil {
		t.Model.Recompute()
	}
	return value, nil
}

// Step takes an optimizer step along the gradients at the given share of the
// peak learning rate.
func (t *Trainer) Step(share float64) error {
	if _, err := t.Optimizer.Step(t.Steps, share); err != nil {
		return err
	}
	t.Steps++
	return nil
}

// Micro cuts a step's examples into those whose gradients are computed at once.
func Micro[T any](examples []T, size int) iter.Seq[[]T] {
	if size == 0 {
		size = max(1, len(examples))
	}
	return slices.Chunk(examples, size)
}

// Dropout lets a model's adapters leave out a part of their input in the next
// step, if they are made to, by the random numbers of the run's seed, the stage
// and the step.
func (t *Trainer) Dropout(seed int, stage string) {
	t.Model.Dropout(random.New(seed, stage, "dropout", t.Steps).Uint64())
}

// Log adds a point to a learning curve.
func (t *Trainer) Log(split, name string, value float64) {
	t.curves = append(t.curves, Point{t.Done, split, name, value})
}

// Progress reports how far the training is.
func (t *Trainer) Progress(total int, note string) { t.hooks.Progress(t.Done, total, note) }

// Tokens reports a batch's real tokens.
func (t *Trainer) Tokens(n int) { t.hooks.Tokens(n) }

// Finish writes the learning curves.
func (t *Trainer) Finish() error {
	f, err := os.Create(filepath.Join(t.hooks.Dir, "curves.jsonl"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	encoder := json.NewEncoder(w)
	for _, p := range t.curves {
		if err := encoder.Encode(p); err != nil {
			f.Close()
			return err
		}
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
