package tokenizer

import (
	"strings"
	"testing"

	"lastmile/harness/random"
)

// TestAddedTokensAreTheLeftmostAndOfThoseTheLongest looks for tokens of two letters in
// texts of three, one by one and with the set.
func TestAddedTokensAreTheLeftmostAndOfThoseTheLongest(t *testing.T) {
	draw := func(n int, letters string, name ...any) string {
		stream := random.New(1, name...)
		var b strings.Builder
		for range n {
			b.WriteByte(letters[stream.IntN(len(letters))])
		}
		return b.String()
	}
	for round := range 200 {
		stream := random.New(1, "round", round)
		tokens := []*addedToken{{Content: ""}}
		for i := range 1 + stream.IntN(12) {
			tokens = append(tokens, &addedToken{ID: i, Content: draw(1+stream.IntN(6), "ab"[:1+round%2], "token", round, i)})
		}
		set := newAddedTokens(tokens)
		text := draw(30, "abc", "text", round)
		for from := range len(text) {
			var want match
			found := false
			for start := from; start < len(text) && !found; start++ {
				for _, token := range tokens {
					longer := want.token == nil || len(token.Content) > len(want.token.Content)
					if token.Content != "" && longer && strings.HasPrefix(text[start:], token.Content) {
						want, found = match{token, start, start + len(token.Content), start + len(token.Content)}, true
					}
				}
			}
			if got, ok := set.next(text, from, 0); ok != found || got != want {
				t.Fatalf("in %q from %d: %+v, %v; want %+v, %v", text, from, got, ok, want, found)
			}
		}
	}
}

// TestManyAddedTokens declares more tokens than anybody has: reading them takes no time
// that grows with their square.
func TestManyAddedTokens(t *testing.T) {
	const n = 100_000
	var f file
	f.Model.Vocab = map[string]int{"a": 0}
	var d declarations
	for i := range n {
		d.listed = append(d.listed, addedToken{ID: i, Content: "<" + strings.Repeat("x", i%7) + string(rune(0x4e00+i%20_000)) + string(rune('a'+i/20_000)) + ">"})
	}
	d.named = []addedToken{{Content: "</s>", Special: true}, d.listed[5]}
	d.addTo(&f)
	if len(f.AddedTokens) != n+1 || f.AddedTokens[0].ID != 1 || f.AddedTokens[n].ID != n+1 || !f.AddedTokens[5].Special || f.AddedTokens[n].Content != "</s>" {
		t.Errorf("%d tokens, the last is %+v", len(f.AddedTokens), f.AddedTokens[len(f.AddedTokens)-1])
	}
	all := make([]*addedToken, len(f.AddedTokens))
	for i := range all {
		all[i] = &f.AddedTokens[i]
	}
	set := newAddedTokens(all)
	found := 0
	for i := 0; ; found++ {
		m, ok := set.next(strings.Repeat("<", 100_000)+"</s>", i, i)
		if !ok {
			break
		}
		i = m.end
	}
	if found != 1 {
		t.Errorf("%d tokens found", found)
	}
}
