package train

import (
	"slices"
	"testing"

	"lastmile/harness/random"
)

func TestBucketHoldsEveryItemOnce(t *testing.T) {
	for n := range 70 {
		sizes := make([]int, n)
		stream := random.New(1, "sizes", n)
		for i := range sizes {
			sizes[i] = 1 + stream.IntN(30)
		}
		for _, window := range []int{1, 7, 1000} {
			batches := Bucket(random.New(1, "order"), sizes, window, func(n, largest int) bool { return n*largest > 40 })
			var all []int
			for _, batch := range batches {
				if len(batch) == 0 {
					t.Fatal("a batch is empty")
				}
				largest := 0
				for _, i := range batch {
					largest = max(largest, sizes[i])
				}
				if len(batch) > 1 && len(batch)*largest > 40 {
					t.Fatalf("a batch of %d items of size %d is over the limit of 40", len(batch), largest)
				}
				all = append(all, batch...)
			}
			slices.Sort(all)
			for i := range n {
				if len(all) != n || all[i] != i {
					t.Fatalf("%d items, window %d: the batches hold %v", n, window, all)
				}
			}
		}
	}
}

func TestBucketPutsSimilarSizesTogether(t *testing.T) {
	sizes := make([]int, 64)
	for i := range sizes {
		sizes[i] = i * 7 % 64
	}
	full := func(n, _ int) bool { return n > 8 }
	batches := Bucket(random.New(1, "a"), sizes, 64, full)
	if len(batches) != 8 {
		t.Fatalf("%d batches, want 8 full ones", len(batches))
	}
	for _, batch := range batches {
		if sizes[batch[7]]-sizes[batch[0]] != 7 {
			t.Errorf("a batch spans the sizes %d to %d", sizes[batch[0]], sizes[batch[7]])
		}
	}
	if slices.EqualFunc(batches, Bucket(random.New(1, "b"), sizes, 64, full), slices.Equal) {
		t.Error("two streams gave one order")
	}
}

func TestABatchLearnsTheResponses(t *testing.T) {
	b := newBatch([]Sequence{{Tokens: []int{5, 6, 7, 8}, Prompt: 2}, {Tokens: []int{3, 4}, Prompt: 1}})
	if b.Rows != 2 || b.Length != 3 || !slices.Equal(b.Input.Tokens, []int64{5, 6, 7, 3, 0, 0}) {
		t.Errorf("%d rows of %d: %v", b.Rows, b.Length, b.Input.Tokens)
	}
	if !slices.Equal(b.predict, []int64{1, 2, 3}) || !slices.Equal(b.targets, []int64{7, 8, 4}) || b.tokens != 6 {
		t.Errorf("at %v are predicted %v, %d tokens in all", b.predict, b.targets, b.tokens)
	}
}

func TestMixOfTexts(t *testing.T) {
	var texts Texts
	for range 4000 {
		texts.Forward = append(texts.Forward, Sequence{Tokens: []int{1, 2}, Prompt: 1})
		texts.Reversed = append(texts.Reversed, Sequence{Tokens: []int{2, 1}, Prompt: 1})
	}
	texts.Vocabulary = 50
	c := BaseSettings{Copy: 0.1, Reversed: 0.3}
	mixed := mix(texts, c, 20, 1, 0)
	copies, reversed := 0, 0
	for _, q := range mixed {
		switch run := q.Prompt - 1; {
		case len(q.Tokens) > 2:
			copies++
			if len(q.Tokens) != 20 || run < 2 || run > 9 || !slices.Equal(q.Tokens[run:], q.Tokens[:20-run]) || slices.Max(q.Tokens) >= 50 {
				t.Fatalf("not one run over and over: %v", q)
			}
		case q.Tokens[0] == 2:
			reversed++
		}
	}
	if copies < 330 || copies > 470 || reversed < 1080 || reversed > 1320 {
		t.Errorf("%d copies and %d reversed of 4000, want about 400 and 1200", copies, reversed)
	}
	equal := func(a, b Sequence) bool { return slices.Equal(a.Tokens, b.Tokens) }
	if !slices.EqualFunc(mixed, mix(texts, c, 20, 1, 0), equal) || slices.EqualFunc(mixed, mix(texts, c, 20, 1, 1), equal) {
		t.Error("a mix does not depend on seed and epoch alone")
	}
}
