package main

import (
	"math"
	"testing"

	"lastmile/harness/model"
)

// tiny has 3 layers of 4·4 + 2·(4·2) + 4·4 parameters in attention and 3·(4·8) in the MLP.
var tiny = model.Config{VocabSize: 10, HiddenSize: 4, IntermediateSize: 8, NumHiddenLayers: 3, NumAttentionHeads: 2, NumKeyValueHeads: 1}

const (
	tinyLayers     = 3 * (16 + 16 + 16 + 96)
	tinyVocabulary = 40
	tinyPair       = 3 * 2 * (2 * 4) // scores and their sum over values, 4 wide, two operations each
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9*want {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

func TestOperationsOfAPass(t *testing.T) {
	n := networkOf(tiny, 0)
	near(t, "the layers' parameters", n.layers, tinyLayers)
	near(t, "the bytes that a step reads", n.bytes(), 4*(tinyLayers+tinyVocabulary))
	// A prompt of 2 tokens, and responses of 1 and 3 behind it: each token attends to
	// itself and to those before it on its branch.
	of := tree{2, []int{1, 3}}
	const tokens, pairs = 2 + 1 + 3, (1 + 2) + 3 + (3 + 4 + 5)
	want := float64(2*tinyLayers*tokens + 2*tinyVocabulary*4 + tinyPair*pairs)
	near(t, "a pass without gradients", n.forward(of), want)
	near(t, "one with them", n.training(of), 3*want)
}

func TestFrozenWeightsNeedNoGradient(t *testing.T) {
	n := networkOf(tiny, 2)
	const adapters = 3 * 2 * ((4 + 4) + 2*(4+2) + (4 + 4) + 3*(4+8))
	of := tree{2, []int{2}}
	layers, adapted, others := float64(2*tinyLayers*4), float64(2*adapters*4), float64(2*tinyVocabulary*2+tinyPair*10)
	near(t, "with adapters", n.training(of), 2*layers+3*adapted+3*others)
}

func TestAStepReadsAllWeightsOrComputes(t *testing.T) {
	n := networkOf(tiny, 0)
	prompt := float64(2*tinyLayers*2 + tinyPair*3 + 2*tinyVocabulary) // and the first token
	step := float64(2*tinyLayers + 2*tinyVocabulary + tinyPair*3)     // the second token's
	trees := []tree{{2, []int{2}}, {2, []int{2}}}
	computes := roofline{products: 1, reads: 1e9}
	near(t, "products alone", computes.decoding(n, trees, 2), 2*prompt+2*step)
	reads := roofline{products: 1e9, reads: 1}
	near(t, "two at once", reads.decoding(n, trees, 2), n.bytes()+2*prompt/1e9)
	near(t, "one by one", reads.decoding(n, trees, 1), 2*n.bytes()+2*prompt/1e9)
}

func TestWhatIsTimedIsAPartOfTheJob(t *testing.T) {
	n, one := networkOf(tiny, 0), roofline{products: 1, reads: math.Inf(1)}
	text := Text{Prompt: []int{1, 2}, Response: []int{3, 4}}
	job := Job{Kind: "mle", Texts: []Text{text, text, text}, Batch: 1, Steps: 2}
	learned := n.training(tree{2, []int{2}})
	near(t, "two of three steps", one.bound(tiny, job, Result{Work: 8, Total: 12}), 2*learned)
	job.LoRA = true
	near(t, "with adapters", one.bound(tiny, job, Result{Work: 8, Total: 12}), 2*networkOf(tiny, adapterRank).training(tree{2, []int{2}}))
	job = Job{Kind: "rl", Texts: job.Texts, Batch: 1, Steps: 2, Samples: 3, MaxTokens: 5}
	sampled := tree{2, []int{5, 5, 5}}
	near(t, "two of three updates", one.bound(tiny, job, Result{}), 2*(n.forward(sampled)+n.training(sampled)+one.decoding(n, []tree{sampled}, 3)))
	job = Job{Kind: "decode", Batch: 1, Texts: []Text{{Prompt: []int{1, 2, 3}}, {Prompt: []int{1, 2, 4}}}}
	trees := []tree{{3, []int{2}}, {3, []int{2}}}
	near(t, "with a beginning that is computed once", one.bound(tiny, job, Result{Responses: [][]int{{5, 6}, {7, 8}}}), one.decoding(n, trees, 1)-n.forward(tree{prompt: 2}))
	if job.BF16 = true; one.bound(tiny, job, Result{}) != 0 {
		t.Error("a roofline in f32 says something of bf16")
	}
}
