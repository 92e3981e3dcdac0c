package metrics

import (
	"math/bits"
	"slices"
)

// lcs finds longest common subsequences, 64 cells of the dynamic programme at
// a time (Hyyrö 2004, "Bit-parallel LCS-length computation revisited").
//
// A row of the table belongs to a prefix of the reference; bit j of it is 0
// where the row's value rises by one at the candidate's word j. The next row
// follows from the row and the positions in the candidate of the reference's
// next word.
type lcs struct {
	// Positions of a word in the candidate: head[word] is 1 + the last one, or
	// 0, and next[position] continues in the same way. Heads are 0 between
	// calls.
	head  []int32
	next  []int32
	match []uint64 // positions of one word as bits; 0 between rows
	rows  []uint64
	saved []uint64
	// maxRows bounds the memory for rows of the table, in machine words.
	maxRows int
}

func newLCS() *lcs { return &lcs{maxRows: 1 << 21} }

// length returns the length of the longest common subsequence.
func (l *lcs) length(reference, candidate []int32) int {
	if len(candidate) > len(reference) {
		reference, candidate = candidate, reference
	}
	if len(candidate) == 0 {
		return 0
	}
	l.index(reference, candidate)
	defer l.clear(candidate)
	l.rows = ones(l.rows, width(candidate))
	for _, word := range reference {
		l.step(l.rows, l.rows, word)
	}
	return rises(l.rows, len(candidate))
}

// mark sets marks[i] for each word i of the reference that is in the longest
// common subsequence which rouge-score finds among equally long ones: from the
// ends of both texts backwards, equal words are taken; otherwise the last word
// of the candidate goes where the sequence without it is longer than without
// the last word of the reference, which goes otherwise.
func (l *lcs) mark(reference, candidate []int32, marks []bool) {
	if len(candidate) == 0 || len(reference) == 0 {
		return
	}
	l.index(reference, candidate)
	defer l.clear(candidate)
	w := width(candidate)

	// Where the table is too large to be kept, every block-th row is, and the
	// rows between two of these are made again on the way back.
	block := len(reference)
	if block*w > l.maxRows {
		block = 1
		for block*block < len(reference) {
			block++
		}
	}
	first := (len(reference) - 1) / block * block
	l.saved = ones(l.saved, w)
	for i := range first {
		if i%block == 0 {
			l.saved = append(l.saved, l.saved[len(l.saved)-w:]...)
		}
		last := l.saved[len(l.saved)-w:]
		l.step(last, last, reference[i])
	}
	// saved[k] is now row k·block.

	j := len(candidate) // words of the candidate that are left
	first = len(reference)
	for i := len(reference); i > 0 && j > 0; i-- { // words of the reference
		if i <= first {
			first = (i - 1) / block * block
			l.rows = append(l.rows[:0], l.saved[first/block*w:][:w]...)
			for k := first; k < i; k++ {
				l.rows = slices.Grow(l.rows, w)[:len(l.rows)+w]
				n := len(l.rows)
				l.step(l.rows[n-w:], l.rows[n-2*w:n-w], reference[k])
			}
		}
		row := l.rows[(i-first)*w:][:w]
		above := l.rows[(i-first-1)*w:][:w]
		here, up := rises(row, j), rises(above, j)
		for j > 0 && reference[i-1] != candidate[j-1] {
			left := here - rise(row, j-1)
			if left <= up {
				break
			}
			up -= rise(above, j-1)
			here = left
			j--
		}
		if j > 0 && reference[i-1] == candidate[j-1] {
			marks[i-1] = true
			j--
		}
	}
}

// index notes where the candidate's words stand.
func (l *lcs) index(reference, candidate []int32) {
	l.head = zeros(l.head, int(max(slices.Max(reference), slices.Max(candidate)))+1)
	if n := len(candidate); n > len(l.next) {
		l.next = make([]int32, n)
		l.match = make([]uint64, width(candidate))
	}
	for i, word := range candidate {
		l.next[i] = l.head[word]
		l.head[word] = int32(i + 1)
	}
}

func (l *lcs) clear(candidate []int32) {
	for _, word := range candidate {
		l.head[word] = 0
	}
}

// step computes the row after from, for the reference's next word. The two may
// be the same.
func (l *lcs) step(to, from []uint64, word int32) {
	if l.head[word] == 0 {
		copy(to, from)
		return
	}
	for p := l.head[word]; p != 0; p = l.next[p-1] {
		l.match[(p-1)>>6] |= 1 << ((p - 1) & 63)
	}
	var carry uint64
	for k, v := range from {
		m := l.match[k]
		l.match[k] = 0
		var sum uint64
		sum, carry = bits.Add64(v, v&m, carry)
		to[k] = sum | v&^m
	}
}

func width(candidate []int32) int { return (len(candidate) + 63) / 64 }

// ones returns a row of ones, the one for an empty reference.
func ones(row []uint64, n int) []uint64 {
	row = row[:0]
	for range n {
		row = append(row, ^uint64(0))
	}
	return row
}

// rise says whether the row rises at the candidate's word j: 1 or 0.
func rise(row []uint64, j int) int {
	return int(^row[j>>6] >> (j & 63) & 1)
}

// rises returns the row's value after n words of the candidate.
func rises(row []uint64, n int) int {
	total := 0
	for k := range n / 64 {
		total += bits.OnesCount64(^row[k])
	}
	if rest := n % 64; rest > 0 {
		total += bits.OnesCount64(^row[n/64] << (64 - rest))
	}
	return total
}
