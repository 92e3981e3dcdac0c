package experiments

// Default returns the configuration of a run of which nothing is said.
func Default() Config {
	optimizer := Optimizer{
		LearningRate:      3e-4,
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
	with := func(learningRate float64) Optimizer {
		o := optimizer
		o.LearningRate = learningRate
		return o
	}
	base := with(1e-2)
	base.MuonLearningRate = 0.02
	rl := with(1e-4)
	rl.FinalLearningRate = 1
	rl.CheckpointEvery = 20
	rl.WeightDecay = 0
	rl.Epsilon = 1e-5
	return Config{
		Seed: 1,
		Task: Task{
			Data:              "debian-descriptions",
			Fields:            Fields{Input: "input", References: []string{"reference", "references"}},
			Prompt:            "{input}\n=>",
			Response:          " {reference}",
			BaseShare:         0.7,
			MaxPromptTokens:   128,
			MaxResponseTokens: 32,
		},
		Model: Model{
			Path:                  "builtin",
			VocabSize:             4096,
			HiddenSize:            256,
			IntermediateSize:      640,
			NumHiddenLayers:       4,
			NumAttentionHeads:     4,
			NumKeyValueHeads:      2,
			MaxPositionEmbeddings: 512,
			RopeTheta:             10000,
		},
		LoRA: LoRA{
			Alpha:         16,
			TargetModules: []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"},
		},
		Base: Base{
			Optimizer:   base,
			Steps:       3000,
			BatchTokens: 4096,
			Copy:        0.1,
			CopySteps:   300,
			Reversed:    0.2,
		},
		MLE: MLE{
			Optimizer: with(1e-3),
			Epochs:    1,
			BatchSize: 32,
			EvalEvery: 100,
		},
		Negatives: Negatives{
			PerExample: 6,
			Random:     Negative{Weight: 1.2, Unended: 0.1},
			Irrelevant: Negative{Weight: 2.6},
			Shuffled:   Negative{Weight: 1, Unended: 0.1},
			Repetitive: Negative{Weight: 2.6, Unended: 0.1},
			Copy:       Negative{Weight: 0.8, Unended: 0.1},
		},
		Reward: Reward{
			Optimizer: with(1e-3),
			Loss:      "bradley-terry",
			Steps:     500,
			BatchSize: 8,
			EvalEvery: 100,
		},
		RL: RL{
			Optimizer:        rl,
			Algorithm:        "ppo",
			MLESteps:         200,
			Updates:          50,
			Prompts:          24,
			Samples:          4,
			Temperature:      0.7,
			Epochs:           2,
			Minibatches:      2,
			Clip:             0.2,
			ValueClip:        0.2,
			ValueCoefficient: 0.1,
			Gamma:            1,
			Lambda:           0.95,
			WhitenRewards:    true,
			WhitenAdvantages: true,
			TargetKL:         0.1,
			KL:               KL{Coefficient: 0.1, Estimator: "k3", Target: 6, Horizon: 10000},
			Shaping:          Shaping{Baseline: "truth", Clip: 2.5, LengthPenalty: 1, RepetitionPenalty: 4, MissingEndPenalty: 1},
		},
		Decode: map[string]Decode{
			"greedy": DefaultDecode("greedy"),
			"sample": DefaultDecode("sample"),
		},
		Postprocess: Postprocess{
			Chain:     []string{"first-line", "drop-unfinished", "remove-repeated-ngrams", "remove-repeated-sentences", "strip-echo", "cap-words"},
			MaxWords:  40,
			NGram:     3,
			EchoWords: 12,
		},
		Metrics: Metrics{
			Names:            []string{"rouge1", "rouge2", "rougeL", "la-rougeL", "bleurt", "length_ratio", "repetition", "ended"},
			Stemming:         true,
			LengthAdjustment: "ratio",
		},
		Scorer: Scorer{
			Optimizer:          with(1e-3),
			Exclude:            []string{},
			Targets:            []string{},
			Score:              []string{},
			RatingEpochs:       4,
			RatingLearningRate: 5e-5,
			Steps:              400,
			BatchSize:          32,
			HiddenSize:         128,
			IntermediateSize:   512,
			NumHiddenLayers:    3,
			NumAttentionHeads:  4,
			Seed:               1,
		},
	}
}

// DefaultDecode returns the decoding of which nothing is said but its name: greedy
// where that is its name, sampling otherwise.
func DefaultDecode(name string) Decode {
	strategy := "sample"
	if name == "greedy" || name == "beam" {
		strategy = name
	}
	return Decode{
		Enabled:       true,
		Strategy:      strategy,
		Temperature:   1,
		Temperatures:  []float64{},
		TuneOn:        "la-rougeL",
		TopP:          1,
		Beams:         4,
		LengthPenalty: 1,
		BatchSize:     64,
	}
}
