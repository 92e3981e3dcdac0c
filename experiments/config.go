// Package experiments holds what an experiment is: the sweep files, and the
// code that reads, checks and expands them into a grid of runs.
//
// A sweep file is TOML. Whatever it leaves out has the value that [Default]
// gives, and nowhere else is a default written. A run is one complete
// [Config]; its ID is the hash of that configuration, so the same
// configuration is the same run, whichever file named it.
package experiments

// Config is the complete configuration of one run.
type Config struct {
	// Seed names every random stream of the run.
	Seed int `toml:"seed" json:"seed"`

	Task        Task              `toml:"task" json:"task"`
	Model       Model             `toml:"model" json:"model"`
	LoRA        LoRA              `toml:"lora" json:"lora"`
	Base        Base              `toml:"base" json:"base"`
	MLE         MLE               `toml:"mle" json:"mle"`
	Negatives   Negatives         `toml:"negatives" json:"negatives"`
	Reward      Reward            `toml:"reward" json:"reward"`
	RL          RL                `toml:"rl" json:"rl"`
	Decode      map[string]Decode `toml:"decode" json:"decode"`
	Postprocess Postprocess       `toml:"postprocess" json:"postprocess"`
	Metrics     Metrics           `toml:"metrics" json:"metrics"`
	Scorer      Scorer            `toml:"scorer" json:"scorer"`
}

// Task says which texts are to be learned: pairs of an input and one or more
// references, in three splits.
type Task struct {
	// Data is the name of an embedded data set ("debian-descriptions"), or
	// "files" for JSON lines of the user's.
	Data string `toml:"data" json:"data"`
	// Files are the JSON-lines files (plain or .gz) when Data is "files".
	// Relative paths start at the folder of the sweep file.
	Files Files `toml:"files" json:"files"`
	// Fields says where a line of Files holds what.
	Fields Fields `toml:"fields" json:"fields"`
	// Prompt is the template of the prompt; {input} stands for the input.
	Prompt string `toml:"prompt" json:"prompt"`
	// Chat makes the prompt what the user says in the chat template of the
	// model's folder, behind which the response follows as the assistant's.
	Chat bool `toml:"chat" json:"chat,omitempty"`
	// Response is the template of the response; {reference} stands for the
	// reference. The end token follows it.
	Response string `toml:"response" json:"response"`
	// MaxPromptTokens cuts the input, from its end, until the rendered prompt
	// has at most so many tokens.
	MaxPromptTokens int `toml:"max_prompt_tokens" json:"max_prompt_tokens"`
	// MaxResponseTokens is the longest response, in tokens, the end token
	// included: training references are cut there without an end token, and
	// decoding stops there.
	MaxResponseTokens int `toml:"max_response_tokens" json:"max_response_tokens"`
	// BaseShare is the share of an embedded data set's training examples that
	// only a model from scratch learns from; all later stages use the others.
	// A model that has learned an input's output by heart has nothing to learn
	// from it any more, and neither has the reward model that is made from it.
	// The built-in model was trained with 0.7 of debian-descriptions. 0 gives
	// all to all.
	BaseShare float64 `toml:"base_share" json:"base_share"`
	// Train, Dev and Test are the most examples that are used of each split,
	// drawn by seed 0 whatever the run's seed; 0 means all.
	Train int `toml:"train" json:"train"`
	Dev   int `toml:"dev" json:"dev"`
	Test  int `toml:"test" json:"test"`
}

// Files are the paths of a task's three splits.
type Files struct {
	Train string `toml:"train" json:"train"`
	Dev   string `toml:"dev" json:"dev"`
	Test  string `toml:"test" json:"test"`
}

// Fields names the fields of a JSON-lines file.
type Fields struct {
	// ID is the field with the example's name; lines are numbered where it is
	// empty.
	ID string `toml:"id" json:"id"`
	// Input is the field with the input text.
	Input string `toml:"input" json:"input"`
	// References are the fields with references, each a string or a list of
	// strings; those that a line has are used, and it must have one.
	References []string `toml:"references" json:"references"`
}

// Model says which model the policy starts from.
type Model struct {
	// Path is "builtin" for the model that ships with lastmile, a Hugging Face
	// folder, or "" to train one from scratch on the task's training texts,
	// with the sizes below and the section [base].
	Path string `toml:"path" json:"path"`
	// The sizes of a model from scratch, named as in Hugging Face's
	// config.json for LlamaForCausalLM.
	VocabSize             int     `toml:"vocab_size" json:"vocab_size"`
	HiddenSize            int     `toml:"hidden_size" json:"hidden_size"`
	IntermediateSize      int     `toml:"intermediate_size" json:"intermediate_size"`
	NumHiddenLayers       int     `toml:"num_hidden_layers" json:"num_hidden_layers"`
	NumAttentionHeads     int     `toml:"num_attention_heads" json:"num_attention_heads"`
	NumKeyValueHeads      int     `toml:"num_key_value_heads" json:"num_key_value_heads"`
	MaxPositionEmbeddings int     `toml:"max_position_embeddings" json:"max_position_embeddings"`
	RopeTheta             float64 `toml:"rope_theta" json:"rope_theta"`
}

// LoRA says whether MLE, reward model and PPO train all parameters or low-rank
// adapters of them (Hu et al. 2022), which leave the model as it is: policy,
// reference policy, reward model and value function then share one copy of it.
// The names are PEFT's.
type LoRA struct {
	// R is the rank of the adapters; 0 trains all parameters.
	R int `toml:"r" json:"r"`
	// Alpha scales what adapters add: by alpha / r.
	Alpha float64 `toml:"alpha" json:"alpha"`
	// Dropout is the share of their input that adapters do without in MLE and
	// the training of the reward model. PPO has no dropout.
	Dropout float64 `toml:"dropout" json:"dropout"`
	// TargetModules are the projections that have an adapter.
	TargetModules []string `toml:"target_modules" json:"target_modules"`
}

// Optimizer holds what every training stage has.
type Optimizer struct {
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
	// MicroBatch is the number of a step's examples (prompts, for reward model
	// and PPO) whose gradients are computed at once; those of all are added up
	// before the step. 0 means all at once. It changes memory and rounding.
	MicroBatch int `toml:"micro_batch" json:"micro_batch"`
	// GradientCheckpointing keeps no more of a pass than what each layer starts
	// from, and computes the rest again for the gradients: much less memory for
	// a third more time.
	GradientCheckpointing bool `toml:"gradient_checkpointing" json:"gradient_checkpointing"`
	// BF16 computes the stage's products within layers in bf16 and all else in
	// f32, as torch.autocast does. It needs a CUDA device.
	BF16 bool `toml:"bf16" json:"bf16"`
	// CheckpointEvery is the number of steps between two checkpoints.
	CheckpointEvery int `toml:"checkpoint_every" json:"checkpoint_every"`
}

// BF16 is the key of a stage that is to compute in bf16, or "".
func (c Config) BF16() string {
	for _, section := range []struct {
		name string
		Optimizer
	}{{"base", c.Base.Optimizer}, {"mle", c.MLE.Optimizer}, {"reward", c.Reward.Optimizer}, {"rl", c.RL.Optimizer}, {"scorer", c.Scorer.Optimizer}} {
		if section.BF16 {
			return section.name + ".bf16"
		}
	}
	return ""
}

// Base is the training of a model from scratch: next-token prediction over the
// task's training texts.
type Base struct {
	Optimizer
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchTokens is the number of tokens in a step.
	BatchTokens int `toml:"batch_tokens" json:"batch_tokens"`
	// Copy is the share of the texts that are runs of random tokens said over
	// and over, which teach copying.
	Copy float64 `toml:"copy" json:"copy"`
	// CopySteps is the number of first steps that learn nothing but copying.
	CopySteps int `toml:"copy_steps" json:"copy_steps"`
	// Reversed is the share of the texts that put the reference before the
	// input.
	Reversed float64 `toml:"reversed" json:"reversed"`
}

// MLE is the fine-tuning by maximum likelihood: cross-entropy on the response.
type MLE struct {
	Optimizer
	// Epochs is the number of passes over the training examples.
	Epochs float64 `toml:"epochs" json:"epochs"`
	// BatchSize is the number of examples in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// EvalEvery is the number of steps between two evaluations on dev; the
	// best of them is kept.
	EvalEvery int `toml:"eval_every" json:"eval_every"`
	// Patience is the number of evaluations without a better dev loss after
	// which training stops; 0 means never.
	Patience int `toml:"patience" json:"patience"`
}

// Negatives says how bad responses are made from the ground truth.
type Negatives struct {
	// PerExample is the number of negatives for each truth.
	PerExample int `toml:"per_example" json:"per_example"`
	// The five kinds of the paper.
	Random     Negative `toml:"random" json:"random"`
	Irrelevant Negative `toml:"irrelevant" json:"irrelevant"`
	Shuffled   Negative `toml:"shuffled" json:"shuffled"`
	Repetitive Negative `toml:"repetitive" json:"repetitive"`
	Copy       Negative `toml:"copy" json:"copy"`
}

// Negative is one kind of negatives.
type Negative struct {
	// Weight is the kind's share among the negatives, relative to the others;
	// 0 switches it off.
	Weight float64 `toml:"weight" json:"weight"`
	// Unended is the share of the kind that lacks the end token: cut off at
	// the longest response where the kind can be prolonged, as a loop can.
	Unended float64 `toml:"unended" json:"unended"`
}

// Reward is the reward model: the MLE policy with a scalar head, trained to
// put the truth above its negatives.
type Reward struct {
	Optimizer
	// Loss is "bradley-terry" over pairs of truth and negative, or "bce",
	// binary cross-entropy over single responses.
	Loss string `toml:"loss" json:"loss"`
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of prompts in a step, each with its truth and
	// PerExample negatives.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// DevExamples is the number of dev examples that accuracies are measured
	// on; 0 means all.
	DevExamples int `toml:"dev_examples" json:"dev_examples"`
	// EvalEvery is the number of steps between two evaluations on dev.
	EvalEvery int `toml:"eval_every" json:"eval_every"`
}

// RL is what follows MLE.
type RL struct {
	Optimizer
	// Algorithm is "none"; "ppo" (Schulman et al. 2017); or "mle", the control
	// that goes on with maximum likelihood for MLESteps steps.
	Algorithm string `toml:"algorithm" json:"algorithm"`
	// MLESteps is the number of steps of the algorithm "mle".
	MLESteps int `toml:"mle_steps" json:"mle_steps"`
	// Updates is the number of rounds of sampling and learning.
	Updates int `toml:"updates" json:"updates"`
	// Prompts is the number of prompts in an update.
	Prompts int `toml:"prompts" json:"prompts"`
	// Samples is the number of responses to each prompt.
	Samples int `toml:"samples" json:"samples"`
	// Temperature is the sampling temperature.
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Epochs is the number of passes over an update's responses.
	Epochs int `toml:"epochs" json:"epochs"`
	// Minibatches is the number of optimizer steps in a pass.
	Minibatches int `toml:"minibatches" json:"minibatches"`
	// Clip bounds the probability ratio to 1 ± Clip.
	Clip float64 `toml:"clip" json:"clip"`
	// ValueClip bounds how far a value may move from the one at sampling.
	ValueClip float64 `toml:"value_clip" json:"value_clip"`
	// ValueCoefficient weighs the value loss.
	ValueCoefficient float64 `toml:"value_coefficient" json:"value_coefficient"`
	// Gamma and Lambda are those of generalized advantage estimation
	// (Schulman et al. 2016).
	Gamma  float64 `toml:"gamma" json:"gamma"`
	Lambda float64 `toml:"lambda" json:"lambda"`
	// WhitenRewards and WhitenAdvantages scale to unit variance over an
	// update; advantages are centred as well.
	WhitenRewards    bool `toml:"whiten_rewards" json:"whiten_rewards"`
	WhitenAdvantages bool `toml:"whiten_advantages" json:"whiten_advantages"`
	// TargetKL ends an update's passes once the policy has moved so far, in
	// nats a token (k3), from the one that sampled; 0 means never.
	TargetKL float64 `toml:"target_kl" json:"target_kl"`

	KL      KL      `toml:"kl" json:"kl"`
	Shaping Shaping `toml:"reward" json:"reward"`
}

// KL is the penalty for leaving the reference policy, token by token.
type KL struct {
	// Coefficient weighs the penalty, per nat.
	Coefficient float64 `toml:"coefficient" json:"coefficient"`
	// Estimator is "k1", "k2" or "k3" (Schulman 2020, "Approximating KL
	// divergence").
	Estimator string `toml:"estimator" json:"estimator"`
	// Adaptive moves the coefficient towards Target (Ziegler et al. 2019).
	Adaptive bool `toml:"adaptive" json:"adaptive"`
	// Target is the wanted KL of a response, in nats.
	Target float64 `toml:"target" json:"target"`
	// Horizon is how slowly the coefficient adapts, in responses.
	Horizon float64 `toml:"horizon" json:"horizon"`
}

// Shaping turns the reward model's score into the reward of a response.
type Shaping struct {
	// Baseline is "truth", which subtracts the score of the prompt's truth and
	// divides by the mean spread within a prompt, or "none".
	Baseline string `toml:"baseline" json:"baseline"`
	// Clip bounds that score to ± Clip; 0 means no bound.
	Clip float64 `toml:"clip" json:"clip"`
	// LengthPenalty weighs |ln(length / length of the truth)|, in tokens.
	LengthPenalty float64 `toml:"length_penalty" json:"length_penalty"`
	// RepetitionPenalty weighs the share of the response's tokens that it had
	// said before, beyond that of the truth, and is taken off where they are
	// said again. A reward model that looks for the right words likes them said
	// twice.
	RepetitionPenalty float64 `toml:"repetition_penalty" json:"repetition_penalty"`
	// MissingEndPenalty is taken off a response without end token.
	MissingEndPenalty float64 `toml:"missing_end_penalty" json:"missing_end_penalty"`
}

// Decode is one named way of decoding the test set.
type Decode struct {
	// Enabled is false where a sweep file takes a decoding out: greedy and sample
	// are there unless it does. A run's Config holds none that is not enabled.
	Enabled bool `toml:"enabled" json:"-"`
	// Strategy is "greedy", "sample" or "beam".
	Strategy string `toml:"strategy" json:"strategy"`
	// Temperature of the strategy "sample".
	Temperature float64 `toml:"temperature" json:"temperature"`
	// Temperatures, where there are any, are tried on dev, and the one with the best
	// TuneOn metric there replaces Temperature.
	Temperatures []float64 `toml:"temperatures" json:"temperatures"`
	// TuneOn is the metric that chooses among Temperatures.
	TuneOn string `toml:"tune_on" json:"tune_on"`
	// TopK keeps the K likeliest tokens; 0 means all.
	TopK int `toml:"top_k" json:"top_k"`
	// TopP keeps the likeliest tokens that together reach this probability.
	TopP float64 `toml:"top_p" json:"top_p"`
	// Beams is the width of the strategy "beam".
	Beams int `toml:"beams" json:"beams"`
	// LengthPenalty divides a beam's log-probability by length^LengthPenalty,
	// as transformers does.
	LengthPenalty float64 `toml:"length_penalty" json:"length_penalty"`
	// BatchSize is the number of prompts decoded at once; it changes speed and memory,
	// and nothing else but rounding.
	BatchSize int `toml:"batch_size" json:"batch_size"`
}

// Postprocess is the chain of repairs after which outputs are scored again.
type Postprocess struct {
	// Chain names the processors, in order.
	Chain []string `toml:"chain" json:"chain"`
	// MaxWords is the limit of the processor "cap-words".
	MaxWords int `toml:"max_words" json:"max_words"`
	// NGram is the length from which "remove-repeated-ngrams" removes.
	NGram int `toml:"ngram" json:"ngram"`
	// EchoWords is the shortest copied run of words that "strip-echo" removes.
	EchoWords int `toml:"echo_words" json:"echo_words"`
}

// Metrics says what is scored.
type Metrics struct {
	// Names lists the metrics, as the table of the package metrics knows them.
	Names []string `toml:"names" json:"names"`
	// Stemming applies Porter's stemmer in ROUGE.
	Stemming bool `toml:"stemming" json:"stemming"`
	// LengthAdjustment is the formula of la-ROUGE: "ratio", "exp", "brevity" or
	// "length-normalised", which divides by what a random system of that length
	// gets on the task's inputs.
	LengthAdjustment string `toml:"length_adjustment" json:"length_adjustment"`
	// LengthAlpha is the α of the formula "exp"; 0 means 1.
	LengthAlpha float64 `toml:"length_alpha" json:"length_alpha,omitempty"`
}

// Scorer is the training of the learned metric "bleurt": an encoder with a
// regression head over (reference, hypothesis), trained on synthetic
// perturbations of the training references.
type Scorer struct {
	Optimizer
	// Path is the folder of a BERT encoder in Hugging Face layout, or of a
	// scorer, that the training starts from; empty means from scratch, with the
	// sizes below and the tokenizer of the base model.
	Path string `toml:"path" json:"path,omitempty"`
	// Exclude lists kinds of distortions that no training pair is made with:
	// those that the negatives have too, where the scorer is to judge a policy
	// by nothing that its reward model has learned.
	Exclude []string `toml:"exclude" json:"exclude,omitempty"`
	// Targets lists what the network learns to say of a pair beside overlap:
	// intact, synthetic, alignment-precision, alignment-recall, alignment-f1
	// (from the encoder in path), or a ROUGE, BLEU or chrF by its name as a
	// metric.
	Targets []string `toml:"targets" json:"targets,omitempty"`
	// Score lists the targets whose mean is the score; empty means overlap.
	Score []string `toml:"score" json:"score,omitempty"`
	// Sentences takes the sentences of the inputs for texts to distort, beside
	// the references.
	Sentences bool `toml:"sentences" json:"sentences,omitempty"`
	// Ratings is a file of JSON lines with the fields reference, candidate and
	// rating, that the scorer is fine-tuned on; empty means none.
	Ratings string `toml:"ratings" json:"ratings,omitempty"`
	// RatingEpochs is the number of passes over the ratings.
	RatingEpochs int `toml:"rating_epochs" json:"rating_epochs,omitempty"`
	// RatingLearningRate is the peak learning rate over the ratings.
	RatingLearningRate float64 `toml:"rating_learning_rate" json:"rating_learning_rate,omitempty"`
	// Steps is the number of optimizer steps.
	Steps int `toml:"steps" json:"steps"`
	// BatchSize is the number of pairs in a step.
	BatchSize int `toml:"batch_size" json:"batch_size"`
	// The sizes of the encoder, named as in Hugging Face's config.json for
	// BertModel.
	HiddenSize        int `toml:"hidden_size" json:"hidden_size"`
	IntermediateSize  int `toml:"intermediate_size" json:"intermediate_size"`
	NumHiddenLayers   int `toml:"num_hidden_layers" json:"num_hidden_layers"`
	NumAttentionHeads int `toml:"num_attention_heads" json:"num_attention_heads"`
	// Seed is the scorer's own, so that all runs of a sweep share one.
	Seed int `toml:"seed" json:"seed"`
}
