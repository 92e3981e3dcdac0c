package decode

import (
	"context"
	"errors"
	"reflect"
	"testing"
)

// memory is a keeper. It keeps no log-probabilities, as a keeper need not.
type memory map[string][][]Response

func (k memory) Kept(name string) ([][]Response, bool, error) {
	responses, ok := k[name]
	return responses, ok, nil
}

func (k memory) Keep(name string, responses [][]Response) error {
	k[name] = bare(responses)
	return nil
}

func bare(responses [][]Response) [][]Response {
	all := make([][]Response, len(responses))
	for i, of := range responses {
		for _, r := range of {
			all[i] = append(all[i], Response{Tokens: r.Tokens, Ended: r.Ended})
		}
	}
	return all
}

// TestAnInterruptedDecodingGoesOn interrupts decodings in their second part of several:
// what they end with is what they would have without, and nothing is computed twice.
func TestAnInterruptedDecodingGoesOn(t *testing.T) {
	m := newModel(t, 13, 16)
	asked := requests(60, 13)
	for _, strategy := range []string{"greedy", "sample", "beam", "mbr"} {
		o := options(strategy, 2)
		samples := 1
		if strategy == "mbr" {
			o.Candidates, samples = 2, 2
		}
		parts := 60 / (partBatches * 2 / samples)
		tokens := 0
		o.Tokens = func(n int) { tokens += n }
		whole := memory{}
		o.Keeper, o.partWork = whole, 1
		want := bare(decode(t, m, asked, o))
		if len(whole) < parts || parts < 3 {
			t.Errorf("%s: %d parts, want %d or one more", strategy, len(whole), parts)
		}
		all := tokens

		interrupted := memory{}
		o.Keeper, tokens = interrupted, 0
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(done, total int) {
			if done == 20 {
				cancel()
			}
		}
		if _, err := Decode(ctx, m, asked, o); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want that it was cancelled", strategy, err)
		}
		if n := len(interrupted); n == 0 || n >= len(whole) {
			t.Errorf("%s: %d of %d parts were kept", strategy, n, len(whole))
		}
		last, calls := 0, 0
		o.Progress = func(done, total int) { last, calls = done, calls+1 }
		before := tokens
		if got := bare(decode(t, m, asked, o)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: other responses than of one that was not interrupted", strategy)
		}
		if last != 60 || calls >= 60 {
			t.Errorf("%s: %d prompts were done in %d steps", strategy, last, calls)
		}
		if tokens-before >= all {
			t.Errorf("%s: %d tokens were computed after an interruption, %d at all", strategy, tokens-before, all)
		}
	}
}

// TestResponsesOfOtherSettingsAreNotTaken changes what parts are kept for.
func TestResponsesOfOtherSettingsAreNotTaken(t *testing.T) {
	m := newModel(t, 13, 16)
	kept := memory{}
	o := options("sample", 2)
	o.Keeper = kept
	decode(t, m, requests(20, 13), o)
	for what, change := range map[string]func(*Options){
		"another temperature": func(o *Options) { o.Temperature = 0.5 },
		"another seed":        func(o *Options) { o.Seed = 2 },
		"another stage":       func(o *Options) { o.Stage = "other" },
		"shorter responses":   func(o *Options) { o.MaxTokens = 3 },
		"more samples":        func(o *Options) { o.Samples = 2 },
	} {
		changed, alone := o, o
		change(&changed)
		change(&alone)
		alone.Keeper = nil
		if got, want := decode(t, m, requests(20, 13), changed), decode(t, m, requests(20, 13), alone); !reflect.DeepEqual(bare(got), bare(want)) {
			t.Errorf("%s: the responses are those of before", what)
		}
	}
	o.Keeper = kept
	if got, want := decode(t, m, requests(21, 13), o), 21; len(got) != want {
		t.Errorf("a request more: %d responses", len(got))
	}
}
