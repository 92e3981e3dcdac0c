package negatives

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// negation is the truth with a negation more or less, so that it says the opposite of
// something: "is" becomes "is not", "without" becomes "with". It knows English alone.
type negation struct{}

// negationSettings are those of the truth with a negation more or less, in English. Of a
// truth that has no place for one none is made. Where there is neither a verb nor a
// "with", it says "not for" instead of "for", and "but not" instead of "and".
type negationSettings struct{ Ended }

var negationKind = define("negation", false, negationSettings{Ended{Weight: 1}}, nil, func(negationSettings) Kind { return negation{} })

// Make negates the truth at one place.
func (negation) Make(s *Source, _ bool, r *rand.Rand) []int {
	turns := append(negate(s.Truth, turning), verbs(s.Truth)...)
	if len(turns) == 0 {
		turns = negate(s.Truth, ofPhrases)
	}
	if len(turns) == 0 {
		return nil
	}
	t := turns[r.IntN(len(turns))]
	return s.response(s.Truth[:t.start] + t.text + s.Truth[t.end:])
}

// turn is a place of a text and what, said there instead, negates it.
type turn struct {
	place
	text string
}

// turner finds what can be negated. In replacement $1 and so on are groups of the
// pattern.
type turner struct {
	pattern     *regexp.Regexp
	replacement string
	// fits tells, of what stands before and after a match, whether it can be negated;
	// nil means always.
	fits func(before, after string) bool
}

// negate returns all ways in which one of the turners negates a text.
func negate(text string, turners []turner) []turn {
	var found []turn
	for _, t := range turners {
		for _, m := range t.pattern.FindAllStringSubmatchIndex(text, -1) {
			if t.fits != nil && !t.fits(text[:m[0]], text[m[1]:]) {
				continue
			}
			found = append(found, turn{place{m[0], m[1]}, string(t.pattern.ExpandString(nil, t.replacement, text, m))})
		}
	}
	return found
}

// turning are the turners that take a negation away, and those that put one in.
var turning = []turner{
	{regexp.MustCompile(`\bnot (\w+)`), "$1", func(before, _ string) bool {
		return !strings.HasSuffix(before, "or ") // "or not" says no more than "or"
	}},
	{regexp.MustCompile(`\b([Cc]an)not\b`), "$1", nil},
	{regexp.MustCompile(`\b([Cc]an)['’]t\b`), "$1", nil},
	{regexp.MustCompile(`\b([Ww])on['’]t\b`), "${1}ill", nil},
	{regexp.MustCompile(`\b(is|are|was|were|has|have|had|could|would|should|did|does|do|need)n['’]t\b`), "$1", nil},
	{regexp.MustCompile(`\b([Ww]ith)out\b`), "$1", nil},
	{regexp.MustCompile(`\bnever\b`), "always", nil},
	{regexp.MustCompile(`\balways\b`), "never", nil},
	{regexp.MustCompile(`\bno longer\b`), "still", nil},
	{regexp.MustCompile(`\bstill\b`), "no longer", nil},
	{regexp.MustCompile(`\b[Nn]on-(\w)`), "$1", nil},
	{regexp.MustCompile(`\bunable to\b`), "able to", nil},
	{regexp.MustCompile(`\bable to\b`), "unable to", nil},

	{regexp.MustCompile(`\b([Ww]ith)\b`), "${1}out", nil},
	{regexp.MustCompile(`\b(can)\b`), "cannot", notNegated},
	{regexp.MustCompile(`\b(is|are|was|were|could|will|would|should|must|might)\b`), "$1 not", notNegated},
	{regexp.MustCompile(`\b(has|have|had)( been| \w+ed| \w+en)\b`), "$1 not$2", notNegated},
	{regexp.MustCompile(`\bto (` + baseForms() + `)\b`), "not to $1", func(before, _ string) bool { return !strings.HasSuffix(before, "easy ") }},
	{regexp.MustCompile(`\b(based on|written in|designed|intended)\b`), "not $1", notNegated},
}

// ofPhrases are the turners of phrases without a verb.
var ofPhrases = []turner{
	{regexp.MustCompile(`\bfor\b`), "not for", notNegated},
	{regexp.MustCompile(`\bnot for\b`), "for", nil},
	{regexp.MustCompile(`\band\b`), "but not", notNegated},
	{regexp.MustCompile(`\bbut not\b`), "and", nil},
	{regexp.MustCompile(`\b(using)\b`), "without $1", notNegated},
}

// notNegated is false where a negation stands before or after already. A letter or an
// apostrophe right behind makes another word of a match: "isn't", "can-opener".
func notNegated(before, after string) bool {
	return !strings.HasPrefix(after, " not ") && !strings.HasPrefix(after, "'") && !strings.HasPrefix(after, "’") && !strings.HasPrefix(after, "-") &&
		!strings.HasSuffix(before, "not ") && !strings.HasSuffix(before, "-")
}

// baseVerbs are verbs that summaries and descriptions use most.
var baseVerbs = strings.Fields(`access accept add advise agree allow ask analyze apologize apply arrive ask automate become begin believe bring
	browse build buy call change check choose come complain contain control convert create deal decide decode describe detect display download
	edit emulate enable encode encourage enjoy execute expect explain extract feel fetch find generate get give go handle hate help hope
	implement import inform install integrate introduce invite join keep know learn leave let like list listen load love maintain make
	manage manipulate measure meet monitor need offer open order parse pay perform persuade plan play prefer prepare print process promise
	provide read receive recommend record reject remove render request require run save say scan search see sell send serve show
	speak start stay store suggest support take teach tell thank think translate try turn understand update use validate verify view
	visit wait want warn watch wish work worry write`)

func baseForms() string { return strings.Join(baseVerbs, "|") }

// thirdPerson maps the third person of a verb to its base form.
var thirdPerson = func() map[string]string {
	forms := map[string]string{"has": "have"}
	for _, verb := range baseVerbs {
		form := verb + "s"
		switch n := len(verb); {
		case strings.HasSuffix(verb, "s"), strings.HasSuffix(verb, "sh"), strings.HasSuffix(verb, "ch"), strings.HasSuffix(verb, "o"), strings.HasSuffix(verb, "x"):
			form = verb + "es"
		case strings.HasSuffix(verb, "y") && !strings.ContainsRune("aeiou", rune(verb[n-2])):
			form = verb[:n-1] + "ies"
		}
		forms[form] = verb
	}
	return forms
}()

// subjects are words, besides names, behind which a word such as "plans" is a verb.
var subjects = map[string]bool{
	"he": true, "she": true, "it": true, "who": true, "which": true, "that": true, "also": true,
	"package": true, "program": true, "library": true, "module": true, "tool": true, "plugin": true,
}

// participle matches what makes "has" an auxiliary.
var participle = regexp.MustCompile(`^ (been|\w+ed|\w+en)\b`)

// verbs are the turns of verbs in the third person: "provides" becomes "does not
// provide". Behind most nouns such a word may be a noun as well, and is left alone.
func verbs(text string) []turn {
	var found []turn
	last := core{}
	for _, w := range cores(text) {
		base := thirdPerson[w.text]
		first, _ := utf8.DecodeRuneInString(last.text)
		gap := text[last.end:w.start]
		isSubject := subjects[strings.ToLower(last.text)] || unicode.IsUpper(first) && (w.begins || strings.Trim(gap, "#") == " ")
		if base != "" && !w.begins && last.text != "" && isSubject {
			if w.text != "has" || !participle.MatchString(text[w.end:]) {
				found = append(found, turn{w.place, "does not " + base})
			}
		}
		last = w
	}
	return found
}
