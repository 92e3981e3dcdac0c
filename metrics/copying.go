package metrics

// longestNovel is the length of the longest n-grams that novelty counts.
const longestNovel = 4

// novelty is the share of the hypothesis's n-grams that the input does not
// have; 0 where it has none of that length.
func novelty(n int) func(r *reader) float64 {
	return func(r *reader) float64 {
		words, source := r.hypothesisFields(), r.sourceFields()
		all := len(words) - n + 1
		if all < 1 {
			return 0
		}
		return float64(r.grams.unseen(words, source, n)) / float64(all)
	}
}

// coverage is the share of the hypothesis's words that stand in fragments
// copied from the input.
func coverage(r *reader) float64 {
	copied := 0
	r.fragments(func(length int) { copied += length })
	return share(copied, len(r.hypothesisFields()))
}

// density is the mean, over the hypothesis's words, of the length of the
// copied fragment that a word belongs to.
func density(r *reader) float64 {
	squares := 0
	r.fragments(func(length int) { squares += length * length })
	return share(squares, len(r.hypothesisFields()))
}

func share(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// fragments calls f with the length of each fragment that the hypothesis
// shares with the input, by the greedy procedure of Grusky et al. (2018,
// figure 3): from a word of the hypothesis on, the longest run of words that
// the input has too is a fragment, and the search goes on behind it. As there,
// the input is read once for each fragment: a run that begins inside another
// one is not looked at.
func (r *reader) fragments(f func(length int)) {
	words, source := r.hypothesisFields(), r.sourceFields()
	if len(words) == 0 || len(source) == 0 {
		return
	}
	// Where each word stands in the input: first[word] and then[place] are
	// 1 + the next place, 0 where there is none.
	first := make(map[int32]int, len(source))
	then := make([]int, len(source))
	for place := len(source) - 1; place >= 0; place-- {
		then[place] = first[source[place]]
		first[source[place]] = place + 1
	}
	for i := 0; i < len(words); {
		longest, behind := 0, 0
		for next := first[words[i]]; next > 0; next = then[next-1] {
			place := next - 1
			if place < behind {
				continue
			}
			length := 1
			for i+length < len(words) && place+length < len(source) && words[i+length] == source[place+length] {
				length++
			}
			behind = place + length
			longest = max(longest, length)
		}
		if longest > 0 {
			f(longest)
		}
		i += max(longest, 1)
	}
}
