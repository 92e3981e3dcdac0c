package tokenizer

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// minCount is how often a pair must stand in the texts to become a token.
const minCount = 2

// Train learns a vocabulary of vocabSize tokens from texts: the special tokens,
// of which <|endoftext|> must be one, the 256 bytes, and then, again and
// again, the pair of neighbouring tokens that is most frequent within words
// (of equally frequent ones, that of the smaller ids). Digits are split one by
// one, as SmolLM2 and Llama 2 do: a number is then copied digit by digit and
// the vocabulary is not spent on years and versions.
//
// Texts in which fewer pairs come twice give a smaller vocabulary. The same
// texts give the same tokenizer, in whatever order they come.
func Train(texts iter.Seq[string], vocabSize int, specials []string) (*Tokenizer, error) {
	f := newFile(specials)
	if !slices.Contains(specials, EndOfText) {
		return nil, fmt.Errorf("training tokenizer: %q is not among the special tokens %q", EndOfText, specials)
	}
	if len(f.Model.Vocab) != len(specials)+256 {
		return nil, fmt.Errorf("training tokenizer: special tokens %q: expected different ones, none of a single character", specials)
	}
	if vocabSize < len(f.Model.Vocab) || vocabSize > maxID {
		return nil, fmt.Errorf("training tokenizer: vocabulary of %d tokens; expected at least %d (%d special tokens and 256 bytes) and at most %d",
			vocabSize, len(f.Model.Vocab), len(specials), maxID)
	}
	newTrainer(&f.Model, countWords(texts)).grow(vocabSize, specials)
	t, err := compile(f)
	if err != nil {
		return nil, fmt.Errorf("training tokenizer: %w", err)
	}
	t.eos = t.ids[EndOfText]
	t.ends = []int{t.eos}
	return t, nil
}

// newFile returns the tokenizer.json of a tokenizer that knows special tokens and
// bytes.
func newFile(specials []string) file {
	null := json.RawMessage("null")
	byteLevel := json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`)
	f := file{
		Version:       "1.0",
		Truncation:    null,
		Padding:       null,
		AddedTokens:   []addedToken{},
		Normalizer:    null,
		PreTokenizer:  json.RawMessage(`{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},` + string(byteLevel) + `]}`),
		PostProcessor: null,
		Decoder:       byteLevel,
		Model:         bpeModel{Type: "BPE", Vocab: vocab{}, Merges: []merge{}},
	}
	for id, token := range specials {
		f.Model.Vocab[token] = id
		f.AddedTokens = append(f.AddedTokens, addedToken{ID: id, Content: token, Special: true})
	}
	for i, c := range slices.Sorted(maps.Keys(byteOfChar)) {
		f.Model.Vocab[string(c)] = len(specials) + i
	}
	return f
}

// countWords returns how often each word of more than one byte stands in texts.
func countWords(texts iter.Seq[string]) map[string]*int {
	counts := map[string]*int{}
	for text := range texts {
		for text != "" {
			n := digitsApart(text)
			for part := text[:n]; part != ""; {
				size := gpt2Word(part)
				word := part[:size]
				part = part[size:]
				if size == 1 {
					continue
				}
				if count := counts[word]; count != nil {
					*count++
				} else {
					one := 1
					counts[strings.Clone(word)] = &one
				}
			}
			text = text[n:]
		}
	}
	return counts
}

// trainer is the state of the training.
type trainer struct {
	model  *bpeModel
	tokens []string         // by id
	words  []trainWord      // the distinct words
	counts map[pair]int     // how often each pair stands in the texts
	where  map[pair][]int32 // words that have, or had, the pair
	queue  pairQueue        // pairs by count, some with counts of the past
}

// trainWord is a word as the tokens that it is made of by now.
type trainWord struct {
	ids   []int32
	count int
}

func newTrainer(model *bpeModel, counts map[string]*int) *trainer {
	t := &trainer{
		model:  model,
		tokens: make([]string, len(model.Vocab)),
		counts: map[pair]int{},
		where:  map[pair][]int32{},
	}
	for token, id := range model.Vocab {
		t.tokens[id] = token
	}
	var bytes [256]int32
	for b := range bytes {
		bytes[b] = int32(model.Vocab[string(charOfByte[b])])
	}
	for word, count := range counts {
		w := trainWord{make([]int32, len(word)), *count}
		for i := range len(word) {
			w.ids[i] = bytes[word[i]]
		}
		t.words = append(t.words, w)
		t.addPairs(int32(len(t.words) - 1))
	}
	for p, count := range t.counts {
		t.queue = append(t.queue, pairCount{p, count})
	}
	heap.Init(&t.queue)
	return t
}

// addPairs counts the pairs of a word.
func (t *trainer) addPairs(word int32) {
	w := t.words[word]
	for i := 1; i < len(w.ids); i++ {
		p := pair{w.ids[i-1], w.ids[i]}
		t.counts[p] += w.count
		if list := t.where[p]; len(list) == 0 || list[len(list)-1] != word {
			t.where[p] = append(list, word)
		}
	}
}

// removePairs takes back what addPairs counted.
func (t *trainer) removePairs(word int32) {
	w := t.words[word]
	for i := 1; i < len(w.ids); i++ {
		p := pair{w.ids[i-1], w.ids[i]}
		if t.counts[p] -= w.count; t.counts[p] == 0 {
			delete(t.counts, p)
		}
	}
}

// grow merges the most frequent pair until the vocabulary has size tokens or no
// pair comes minCount times.
func (t *trainer) grow(size int, specials []string) {
	for len(t.tokens) < size && len(t.queue) > 0 {
		best := heap.Pop(&t.queue).(pairCount)
		if now := t.counts[best.pair]; now != best.count {
			// Counts that rose were queued again when they did.
			if now < best.count && now > 0 {
				heap.Push(&t.queue, pairCount{best.pair, now})
			}
			continue
		}
		if best.count < minCount {
			return
		}
		left, right := t.tokens[best.left], t.tokens[best.right]
		if slices.Contains(specials, left+right) {
			continue
		}
		id, known := t.model.Vocab[left+right]
		if !known {
			id = len(t.tokens)
			t.tokens = append(t.tokens, left+right)
			t.model.Vocab[left+right] = id
		}
		t.model.Merges = append(t.model.Merges, merge{left, right})
		t.merge(best.pair, int32(id))
	}
}

// merge replaces pair by id in all words.
func (t *trainer) merge(p pair, id int32) {
	places := t.where[p]
	delete(t.where, p)
	risen := map[pair]bool{}
	for _, word := range places {
		w := &t.words[word]
		if !contains(w.ids, p) {
			continue
		}
		t.removePairs(word)
		w.ids = replace(w.ids, p, id)
		t.addPairs(word)
		for i := 1; i < len(w.ids); i++ {
			if w.ids[i-1] == id || w.ids[i] == id {
				risen[pair{w.ids[i-1], w.ids[i]}] = true
			}
		}
	}
	for p := range risen {
		if count := t.counts[p]; count >= minCount {
			heap.Push(&t.queue, pairCount{p, count})
		}
	}
}

// contains tells whether p stands in ids.
func contains(ids []int32, p pair) bool {
	for i := 1; i < len(ids); i++ {
		if ids[i-1] == p.left && ids[i] == p.right {
			return true
		}
	}
	return false
}

// replace writes id for each p in ids, from the left, in place.
func replace(ids []int32, p pair, id int32) []int32 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == p.left && ids[i+1] == p.right {
			out = append(out, id)
			i++
		} else {
			out = append(out, ids[i])
		}
	}
	return out
}

// pairCount is a pair and its count when it was queued.
type pairCount struct {
	pair
	count int
}

// pairQueue is a heap with the most frequent pair on top. The order is total, so
// that the order in which words were counted does not matter.
type pairQueue []pairCount

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right)) < 0
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(pairCount)) }
func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
