package train

import "lastmile/experiments"

// OptimizerSettings are what every training stage has. A section of a sweep file
// embeds them.
type OptimizerSettings struct {
	// LearningRate is the peak learning rate of AdamW (Loshchilov and Hutter
	// 2019).
	LearningRate float64 `toml:"learning_rate" json:"learning_rate"`
	// Warmup is the share of the steps over which the rate rises from 0.
	Warmup float64 `toml:"warmup" json:"warmup"`
	// Schedule is how the rate falls from the peak after the warm-up: "cosine",
	// "linear", or "constant", not at all.
	Schedule string `toml:"schedule" json:"schedule"`
	// FinalLearningRate is the share of the peak at which a cosine or a line
	// ends.
	FinalLearningRate float64 `toml:"final_learning_rate" json:"final_learning_rate"`
	// WeightDecay is decoupled, and spares norms, biases and scalar heads.
	WeightDecay float64 `toml:"weight_decay" json:"weight_decay"`
	// Beta1, Beta2 and Epsilon are Adam's.
	Beta1   float64 `toml:"beta1" json:"beta1"`
	Beta2   float64 `toml:"beta2" json:"beta2"`
	Epsilon float64 `toml:"epsilon" json:"epsilon"`
	// ClipNorm is the largest global gradient norm; 0 means no clipping.
	ClipNorm float64 `toml:"clip_norm" json:"clip_norm"`
	// MuonLearningRate, where it is not 0, trains the matrices of the layers
	// with Muon (Jordan et al. 2024) at this peak rate, and the rest with
	// AdamW.
	MuonLearningRate float64 `toml:"muon_learning_rate" json:"muon_learning_rate"`
	// MicroBatch is the number of a step's examples (prompts, for the reward
	// model and on-policy algorithms) whose gradients are computed at once;
	// those of all are added up before the step. 0 means all at once. It
	// changes memory and rounding.
	MicroBatch int `toml:"micro_batch" json:"micro_batch"`
	// GradientCheckpointing keeps no more of a pass than what each layer starts
	// from, and computes the rest again for the gradients: much less memory for
	// a third more time.
	GradientCheckpointing bool `toml:"gradient_checkpointing" json:"gradient_checkpointing"`
	// BF16 computes the stage's products within layers in bf16 and all else in
	// f32, as torch.autocast does. It needs a CUDA device.
	BF16 bool `toml:"bf16" json:"bf16"`
	// CheckpointEvery is the number of steps between two checkpoints; where steps are
	// slow there are more.
	CheckpointEvery int `toml:"checkpoint_every" json:"checkpoint_every"`
}

// DefaultOptimizer are the settings of which nothing is said but the peak
// learning rate.
func DefaultOptimizer(learningRate float64) OptimizerSettings {
	return OptimizerSettings{
		LearningRate:      learningRate,
		Warmup:            0.05,
		Schedule:          "cosine",
		FinalLearningRate: 0.1,
		WeightDecay:       0.01,
		Beta1:             0.9,
		Beta2:             0.98,
		Epsilon:           1e-8,
		ClipNorm:          1,
		CheckpointEvery:   100,
	}
}

// optimizerRules are those of [OptimizerSettings].
var optimizerRules = experiments.Rules{
	"learning_rate":          experiments.AboveTo(0, 10),
	"warmup":                 experiments.From(0, 1),
	"schedule":               experiments.Choice("schedule", "cosine", "linear", "constant"),
	"final_learning_rate":    experiments.From(0, 1),
	"weight_decay":           experiments.From(0, 1),
	"beta1":                  experiments.FromBelow(0, 1),
	"beta2":                  experiments.FromBelow(0, 1),
	"epsilon":                experiments.AboveTo(0, 1),
	"clip_norm":              experiments.NotBelow(0),
	"muon_learning_rate":     experiments.From(0, 10),
	"micro_batch":            experiments.Whole(0, 1<<16),
	"gradient_checkpointing": experiments.Anything,
	"bf16":                   experiments.Anything,
	"checkpoint_every":       experiments.AtLeast(1),
}

// WithOptimizer adds the rules of [OptimizerSettings] to those of a section that
// embeds them.
func WithOptimizer(rules experiments.Rules) experiments.Rules { return optimizerRules.And(rules) }

// CheckpointCost is the key of a section that changes no more than the cost of
// its stage.
func CheckpointCost(section string) string { return section + ".checkpoint_every" }
