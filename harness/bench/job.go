package main

import "lastmile/harness/train"

// Job is one piece of work for either side.
type Job struct {
	// Kind is "decode", "mle", "loss" (the first batch's alone) or "rl".
	Kind string `json:"kind"`
	// Model is a Hugging Face folder.
	Model   string `json:"model"`
	Threads int    `json:"threads"`
	// Device is "cpu" or "cuda:N".
	Device string `json:"device"`
	Seed   int    `json:"seed"`
	// Texts are the prompts, with their responses where a job learns from them.
	Texts []Text `json:"texts"`
	// End ends a response. Where all responses are to have the same length it
	// is a token that no model ever says.
	End int `json:"end"`
	// Batch is the number of texts decoded at once, or in a training step.
	Batch int `json:"batch"`
	// MaxTokens is the longest new response.
	MaxTokens int `json:"max_tokens"`
	// Greedy decodes greedily; otherwise tokens are sampled at temperature 1.
	Greedy bool `json:"greedy"`
	// Steps is the number of timed training steps. One that is not timed comes
	// before them.
	Steps        int     `json:"steps"`
	LearningRate float64 `json:"learning_rate"`
	// LoRA trains adapters of rank adapterRank on all linear layers instead of the
	// parameters themselves.
	LoRA bool `json:"lora"`
	// BF16 computes a training step's products in bf16.
	BF16 bool `json:"bf16"`
	// Samples is the number of responses that an RL step samples to a prompt.
	Samples int `json:"samples"`
	// KL weighs an RL step's penalty for leaving the reference policy.
	KL float64 `json:"kl"`
	// Roofline asks for the result's Bound. The device is measured before and after the job.
	Roofline bool `json:"roofline"`
}

// Text is a prompt and its response, as tokens. The response has its end token.
type Text struct {
	Prompt   []int `json:"prompt"`
	Response []int `json:"response"`
}

// Result is what a side reports of its work.
type Result struct {
	// Seconds is the time of the timed part, and Work what was done in it:
	// new tokens, tokens of real text, or RL steps.
	Seconds float64 `json:"seconds"`
	Work    int     `json:"work"`
	// Total is the number of tokens that the whole job, the untimed step
	// included, decoded or learned from: both sides must have the same.
	Total int `json:"total"`
	// Responses are what was decoded, in the order of the texts.
	Responses [][]int `json:"responses,omitempty"`
	// Loss is the first training step's, in nats a response token.
	Loss float64 `json:"loss,omitempty"`
	// Bound is the least that the timed part takes, in seconds, at what the device was
	// measured to do, see roofline; 0 where the job does not ask for it.
	Bound float64 `json:"bound"`
	// Tenth and End are the process's peak memory, in MB, after a tenth of the
	// timed part and at its end.
	Tenth float64 `json:"tenth"`
	End   float64 `json:"end"`
}

// sequences are the texts as training examples.
func (j Job) sequences() []train.Sequence {
	out := make([]train.Sequence, len(j.Texts))
	for i, t := range j.Texts {
		out[i] = train.Sequence{Tokens: append(append([]int{}, t.Prompt...), t.Response...), Prompt: len(t.Prompt)}
	}
	return out
}
