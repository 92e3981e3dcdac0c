package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// bpe merges the bytes or the characters of words into tokens, and remembers
// what became of a word.
type bpe struct {
	// bytes holds the ids of bytes where those are the alphabet, -1 where the
	// vocabulary lacks one.
	bytes [256]int32
	// chars, where it is not nil, holds the ids of characters, which then are
	// the alphabet; bytes then are those that byte_fallback spells a character
	// of another alphabet with, all -1 without it.
	chars map[rune]int32
	// unknown is the id of unk_token, -1 where there is none: then what is not
	// in the alphabet is left out. With fuse, several in a row are one.
	unknown int32
	fuse    bool

	merges map[pair]product // what two neighbours become
	whole  map[string]int   // with ignore_merges, words that are tokens; else nil

	seed    maphash.Seed
	cache   []atomic.Pointer[cached] // by hash, the newer word replaces the older
	scratch sync.Pool                // *workspace
}

// pair is two neighbouring tokens.
type pair struct{ left, right int32 }

// product is the token that a pair becomes; of two pairs the one of the lower
// rank is merged first.
type product struct{ rank, id int32 }

// cached is a word and its ids.
type cached struct {
	word string
	ids  []int
}

const (
	cacheSlots = 1 << 16
	// Longer words hardly ever come twice.
	cacheWord = 64
)

func newBPE() *bpe {
	return &bpe{
		unknown: -1,
		merges:  map[pair]product{},
		seed:    maphash.MakeSeed(),
		cache:   make([]atomic.Pointer[cached], cacheSlots),
		scratch: sync.Pool{New: func() any { return new(workspace) }},
	}
}

// appendWord appends the ids of word.
func (m *bpe) appendWord(ids []int, word string) []int {
	if len(word) == 1 && m.chars == nil && m.bytes[word[0]] >= 0 {
		return append(ids, int(m.bytes[word[0]]))
	}
	if len(word) > cacheWord {
		return m.appendMerged(ids, word)
	}
	slot := &m.cache[maphash.String(m.seed, word)%cacheSlots]
	if c := slot.Load(); c != nil && c.word == word {
		return append(ids, c.ids...)
	}
	start := len(ids)
	ids = m.appendMerged(ids, word)
	// A copy of the word: a slice of it would keep the whole text in memory.
	slot.Store(&cached{strings.Clone(word), append([]int(nil), ids[start:]...)})
	return ids
}

// workspace is what merging a word needs.
type workspace struct {
	symbols []symbol
	queue   []candidate
}

// symbol is a token of a word that is being merged, in a linked list.
type symbol struct {
	id         int32 // -1 once it was merged into its left neighbour
	prev, next int32 // -1 at the ends
}

// candidate is a merge that may be done: of the symbol at position and the next.
type candidate struct {
	product
	position int32
}

func (c candidate) before(d candidate) bool {
	return c.rank < d.rank || c.rank == d.rank && c.position < d.position
}

// appendMerged merges word's symbols, always the pair of the lowest rank and of
// those the leftmost, in n log n of the word's length.
func (m *bpe) appendMerged(ids []int, word string) []int {
	if id, ok := m.whole[word]; ok {
		return append(ids, id)
	}
	w := m.scratch.Get().(*workspace)
	defer m.scratch.Put(w)
	w.symbols, w.queue = w.symbols[:0], w.queue[:0]
	m.spell(w, word)
	for i := range w.symbols {
		m.propose(w, int32(i))
	}
	for len(w.queue) > 0 {
		c := w.pop()
		left := &w.symbols[c.position]
		if left.id < 0 || left.next < 0 {
			continue
		}
		right := &w.symbols[left.next]
		if now, ok := m.merges[pair{left.id, right.id}]; !ok || now.id != c.id {
			continue // one of the two has become something else since
		}
		left.id, right.id = c.id, -1
		left.next = right.next
		if left.next >= 0 {
			w.symbols[left.next].prev = c.position
		}
		if left.prev >= 0 {
			m.propose(w, left.prev)
		}
		m.propose(w, c.position)
	}
	if len(w.symbols) > 0 {
		for i := int32(0); i >= 0; i = w.symbols[i].next {
			ids = append(ids, int(w.symbols[i].id))
		}
	}
	return ids
}

// spell puts the symbols that word begins as into w.
func (m *bpe) spell(w *workspace, word string) {
	due := false // an unk_token
	for word != "" {
		var id int32
		n := 1
		if m.chars == nil {
			id = m.bytes[word[0]]
		} else {
			id, n = m.char(word)
		}
		switch {
		case id >= 0:
			if due {
				w.add(m.unknown)
				due = false
			}
			w.add(id)
		case m.chars != nil && m.hasBytes(word[:n]):
			// As in Hugging Face's, unknown characters before it come after it.
			for i := range n {
				w.add(m.bytes[word[i]])
			}
		case m.unknown >= 0:
			if due && !m.fuse {
				w.add(m.unknown)
			}
			due = true
		}
		word = word[n:]
	}
	if due {
		w.add(m.unknown)
	}
}

// char returns the id of the character that s begins with, -1 where the alphabet
// lacks it, and its length in bytes.
func (m *bpe) char(s string) (id int32, n int) {
	c, n := utf8.DecodeRuneInString(s)
	if c == utf8.RuneError && n == 1 {
		return -1, 1
	}
	if id, ok := m.chars[c]; ok {
		return id, n
	}
	return -1, n
}

// hasBytes tells whether the vocabulary has all bytes of a character.
func (m *bpe) hasBytes(char string) bool {
	for i := range len(char) {
		if m.bytes[char[i]] < 0 {
			return false
		}
	}
	return true
}

// add puts a symbol behind the others.
func (w *workspace) add(id int32) {
	n := int32(len(w.symbols))
	if n > 0 {
		w.symbols[n-1].next = n
	}
	w.symbols = append(w.symbols, symbol{id, n - 1, -1})
}

// propose queues the merge of the symbol at position with the next, where
// there is one.
func (m *bpe) propose(w *workspace, position int32) {
	next := w.symbols[position].next
	if next < 0 {
		return
	}
	if p, ok := m.merges[pair{w.symbols[position].id, w.symbols[next].id}]; ok {
		w.push(candidate{p, position})
	}
}

// push and pop keep queue a binary heap. container/heap would allocate for
// each candidate.
func (w *workspace) push(c candidate) {
	w.queue = append(w.queue, c)
	q := w.queue
	for i := len(q) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q[i].before(q[parent]) {
			break
		}
		q[i], q[parent] = q[parent], q[i]
		i = parent
	}
}

func (w *workspace) pop() candidate {
	q := w.queue
	top := q[0]
	last := len(q) - 1
	q[0] = q[last]
	q = q[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(q) {
			break
		}
		if child+1 < len(q) && q[child+1].before(q[child]) {
			child++
		}
		if !q[child].before(q[i]) {
			break
		}
		q[i], q[child] = q[child], q[i]
		i = child
	}
	w.queue = q
	return top
}
