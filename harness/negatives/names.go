package negatives

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"lastmile/harness/data"
)

// name is what an entity is called, at a place of a text.
type name struct {
	place
	text string
	// class is what a name looks like. Only names of one class replace each other,
	// so that "PDF" becomes "XML" and "#Person1#" becomes "#Person2#".
	class string
	// before is the word in front, in lower case.
	before string
}

func (n name) same(other name) bool { return n.text == other.text }

// namesOfTruths are the names in the references of a split, to find and to replace
// those of one of them.
type namesOfTruths struct {
	// Within sentences, how often each word was written with a capital in front, and
	// how often in lower case.
	capital, small map[string]int
	// have counts the references that have a word.
	have map[string]int
	// truths is the number of references.
	truths int
	// byClass has every name as often as it occurs and every rare word once, behind the
	// same also by the word in front.
	byClass map[string][]name
	behind  map[[2]string][]name
}

func namesOf(examples []data.Example) *namesOfTruths {
	k := &namesOfTruths{
		capital: map[string]int{}, small: map[string]int{}, have: map[string]int{}, truths: len(examples),
		byClass: map[string][]name{}, behind: map[[2]string][]name{},
	}
	for _, e := range examples {
		seen := map[string]bool{}
		for _, w := range cores(e.References[0]) {
			word := strings.ToLower(w.text)
			if !seen[word] {
				seen[word] = true
				k.have[word]++
			}
			switch first, _ := utf8.DecodeRuneInString(w.text); {
			case unicode.IsLower(first):
				k.small[word]++
			case unicode.IsUpper(first) && !w.begins:
				k.capital[word]++
			}
		}
	}
	listed := map[string]bool{}
	for _, e := range examples {
		for _, n := range k.in(e.References[0]) {
			k.list(n)
		}
		for _, n := range k.rareIn(e.References[0], e.Input) {
			if !listed[n.text] {
				listed[n.text] = true
				k.list(n)
			}
		}
	}
	return k
}

func (k *namesOfTruths) list(n name) {
	k.byClass[n.class] = append(k.byClass[n.class], n)
	k.behind[[2]string{n.class, n.before}] = append(k.behind[[2]string{n.class, n.before}], n)
}

// enough is how many names behind one word make a choice.
const enough = 8

// like returns names that may replace n: those of its class behind the word that n
// stands behind, so that "for Java" becomes "for Perl", or where they are few, all of
// its class.
func (k *namesOfTruths) like(n name) []name {
	if found := k.behind[[2]string{n.class, n.before}]; len(found) >= enough {
		return found
	}
	return k.byClass[n.class]
}

// quotation is a text between quotation marks, which has no others in it.
var quotation = regexp.MustCompile(`"([^"\n]{2,40})"|“([^“”\n]{2,40})”|(?:^|[\s(])'([^'\n]{2,40})'(?:$|[\s).,:;])`)

// in returns the names in a text, from left to right.
func (k *namesOfTruths) in(text string) []name {
	var found []name
	words := cores(text)
	quotes := quotation.FindAllStringSubmatchIndex(text, -1)
	for i := 0; i < len(words); i++ {
		w := words[i]
		if len(quotes) > 0 {
			p := inner(quotes[0])
			if w.start >= p.start { // what is quoted is one name
				found = append(found, name{place: p, text: text[p.start:p.end], class: "quotation"})
				quotes = quotes[1:]
				for i < len(words) && words[i].start < p.end {
					i++
				}
				i--
				continue
			}
		}
		if !k.isName(w) {
			continue
		}
		n := name{w.place, w.text, shape(w.text), wordBefore(words, i)}
		for i+1 < len(words) && words[i+1].start == n.end+1 && text[n.end] == ' ' && k.isName(words[i+1]) &&
			(len(quotes) == 0 || words[i+1].start < inner(quotes[0]).start) {
			i++
			n.end, n.class = words[i].end, "several words"
		}
		n.text = text[n.start:n.end]
		if before, _ := utf8.DecodeLastRuneInString(text[:n.start]); strings.ContainsRune("#@$<", before) {
			n.class += " after " + string(before)
		}
		found = append(found, n)
	}
	return found
}

// wordBefore is the word in front of one of a text's words, in lower case; "" at the
// beginning.
func wordBefore(words []core, i int) string {
	if i == 0 {
		return ""
	}
	return strings.ToLower(words[i-1].text)
}

// inner is the place between the quotation marks of a match.
func inner(match []int) place {
	for i := 2; i < len(match); i += 2 {
		if match[i] >= 0 {
			return place{match[i], match[i+1]}
		}
	}
	return place{}
}

// notNames are words with a capital that stand for no name.
var notNames = map[string]bool{"i": true, "a": true, "mr": true, "mrs": true, "ms": true, "dr": true, "prof": true, "miss": true}

// isName reports whether a word is a name by how it is written.
func (k *namesOfTruths) isName(w core) bool {
	word := strings.ToLower(w.text)
	if notNames[word] {
		return false
	}
	switch shape(w.text) {
	case "":
		return false
	case "capitalised":
		return k.capital[word] > k.small[word] || !w.begins && k.capital[word]+k.small[word] == 0
	}
	return true
}

// shape says how a name is written; "" of what looks like none.
func shape(word string) string {
	letters, capitals, digits := 0, 0, 0
	for _, c := range word {
		switch {
		case unicode.IsUpper(c):
			letters++
			capitals++
		case unicode.IsLetter(c):
			letters++
		case unicode.IsDigit(c):
			digits++
		}
	}
	first, _ := utf8.DecodeRuneInString(word)
	switch {
	case letters == 0 || !unicode.IsLetter(first), capitals == 0 && digits == 0:
		return ""
	case digits > 0:
		return "letters and digits"
	case capitals == letters:
		return "all capitals"
	case capitals == 1 && unicode.IsUpper(first):
		return "capitalised"
	}
	return "mixed case"
}

// rareShare is the share of truths that have a rare word, at most.
const rareShare = 0.01

// functionWords are those of four letters or more that have no content by themselves.
var functionWords = func() map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(`about above across after again against also although always among another anything around because
		been before being below between both cannot could does doing down during each either else ever every everything from have having
		here however instead into itself just less like many more most much must neither never only onto other others over same several
		should since some something such than that their them then there these they this those through together toward towards under
		until upon using very well were what when where whether which while will with within without would your`) {
		set[word] = true
	}
	return set
}()

// rareIn returns the words of a text, in lower case and of four letters or more, that
// few truths have and the input has too, those with the same ending in one class.
func (k *namesOfTruths) rareIn(text, input string) []name {
	there := map[string]bool{}
	for _, w := range cores(input) {
		there[strings.ToLower(w.text)] = true
	}
	var found []name
	words := cores(text)
	for i, w := range words {
		if strings.ToLower(w.text) == w.text && long(w.text) && !functionWords[w.text] && there[w.text] && !strings.ContainsFunc(w.text, unicode.IsDigit) &&
			k.have[w.text] > 0 && float64(k.have[w.text]) <= rareShare*float64(k.truths) {
			found = append(found, name{w.place, w.text, "rare " + ending(w.text), wordBefore(words, i)})
		}
	}
	return found
}

// endings tell, roughly, what part of speech a word of English is.
var endings = []string{"ing", "ed", "ly", "tion", "ment", "ers", "er", "or", "able", "al", "ic", "ive", "ous", "ss", "s"}

func ending(word string) string {
	for _, e := range endings {
		if strings.HasSuffix(word, e) {
			return e
		}
	}
	return ""
}

// core is a word without the marks around it and without a possessive s.
type core struct {
	place
	text   string
	begins bool // a sentence
}

// cores returns the words of a text. What has no letter or digit is no word.
func cores(text string) []core {
	var found []core
	begins := true
	for _, p := range words(text) {
		word := text[p.start:p.end]
		isMark := func(c rune) bool { return unicode.IsPunct(c) || unicode.IsSymbol(c) }
		w := core{place: p, begins: begins}
		w.start += len(word) - len(strings.TrimLeftFunc(word, isMark))
		if w.start < p.end {
			trimmed := strings.TrimRightFunc(text[w.start:p.end], isMark)
			for _, s := range []string{"'s", "’s", "'ll", "’ll", "'re", "’re", "'ve", "’ve", "'d", "’d"} {
				trimmed = strings.TrimRightFunc(strings.TrimSuffix(trimmed, s), isMark)
			}
			w.end = w.start + len(trimmed)
			w.text = trimmed
			if trimmed != "" {
				found = append(found, w)
			}
		}
		last, _ := utf8.DecodeLastRuneInString(word)
		begins = strings.ContainsRune(".!?。:-–", last) && !notNames[strings.ToLower(w.text)] // "Mr." ends no sentence
	}
	return found
}
