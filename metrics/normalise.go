package metrics

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
)

// RandomSystem is a system that knows a task's inputs and nothing else: it
// writes as many words as it is asked for, taken from the input as it comes.
// What it scores is what a text of that length gets for its length alone. The
// package comment has the formula.
type RandomSystem struct {
	inputs []Input // the task's, or a part of them
	draws  int     // texts for each input and length
	task   string  // in signatures

	sentences [][][]string // by input: the words of its sentences
	mutex     sync.Mutex
	curves    map[curve]map[int]float64 // F1 by length
}

// curve is a kind of ROUGE that a random system is scored by.
type curve struct {
	kind            rougeKind
	stemming, split bool
}

// randomTexts is the least number of random texts behind the F1 of a length,
// and the greatest number of inputs that they are made from.
const randomTexts = 4000

// NewRandomSystem makes the random system of a task: of inputs with their
// source and references, whatever the hypotheses are.
func NewRandomSystem(task []Input) (*RandomSystem, error) {
	if len(task) == 0 {
		return nil, fmt.Errorf("%s: the task has no examples", LengthNormalised)
	}
	s := &RandomSystem{curves: map[curve]map[int]float64{}}
	hash := sha256.New()
	for i, in := range task {
		if strings.TrimSpace(in.Source) == "" {
			return nil, &LackError{Example: i, Metric: "length adjustment " + strconv.Quote(LengthNormalised), What: "input text"}
		}
		fmt.Fprintf(hash, "%q %q\n", in.Source, in.References)
	}
	s.task = hex.EncodeToString(hash.Sum(nil))[:8]
	for i := range min(len(task), randomTexts) {
		s.inputs = append(s.inputs, task[i*len(task)/min(len(task), randomTexts)])
	}
	s.draws = (randomTexts + len(s.inputs) - 1) / len(s.inputs)
	for _, in := range s.inputs {
		s.sentences = append(s.sentences, wordsOfSentences(in.Source))
	}
	return s, nil
}

// wordsOfSentences returns the words of each sentence of a text that has any.
func wordsOfSentences(text string) [][]string {
	var sentences [][]string
	for line := range strings.SplitSeq(text, "\n") {
		for _, sentence := range Sentences(line) {
			if words := Tokenize(sentence, false); len(words) > 0 {
				sentences = append(sentences, words)
			}
		}
	}
	return sentences
}

// text writes n words of an input: its sentences in a random order, read in a
// circle from a random word on. It is the beginning of a longer one by the
// same draw.
func (s *RandomSystem) text(input, draw, n int) string {
	random := rand.New(stream("random system "+s.inputs[input].Source, draw))
	var words []string
	for _, i := range random.Perm(len(s.sentences[input])) {
		words = append(words, s.sentences[input][i]...)
	}
	if len(words) == 0 {
		return ""
	}
	start := random.IntN(len(words))
	var text strings.Builder
	for k := range n {
		text.WriteString(words[(start+k)%len(words)])
		text.WriteByte(' ')
	}
	return text.String()
}

// f1 is the mean F1 of random texts of n words, interpolated between the
// lengths 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on.
func (s *RandomSystem) f1(of curve, n int) float64 {
	low, high := n, n
	if n > 4 {
		low = 4
		for high = 6; high < n; {
			low, high = high, low*2
		}
		if high == n {
			low = n
		}
	}
	below := s.at(of, low)
	if low == high {
		return below
	}
	return below + (s.at(of, high)-below)*float64(n-low)/float64(high-low)
}

// at is the mean F1 of random texts of exactly n words. Those of different
// lengths begin alike, so that the curve is smooth.
func (s *RandomSystem) at(of curve, n int) float64 {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	lengths := s.curves[of]
	if lengths == nil {
		lengths = map[int]float64{}
		s.curves[of] = lengths
	}
	known, ok := lengths[n]
	if ok {
		return known
	}
	texts := make([]Input, 0, len(s.inputs)*s.draws)
	for i, in := range s.inputs {
		for draw := range s.draws {
			texts = append(texts, Input{Hypothesis: s.text(i, draw, n), References: in.References})
		}
	}
	scores := make([]float64, len(texts))
	each(texts, 0, false, func(r *reader, i int) {
		scores[i] = r.rouge(of.kind, Options{Stemming: of.stemming, SplitSentences: of.split}).score.F1
	})
	lengths[n] = mean(scores)
	return lengths[n]
}

// normalised is a kind of ROUGE over what a random system of the same length
// gets.
type normalised struct {
	name      string
	signature string
	options   Options
	curve     curve
}

func (k rougeKind) normalised(name string, options Options) (Metric, error) {
	if options.Random == nil {
		return nil, errors.New("length adjustment " + strconv.Quote(LengthNormalised) + " needs the task's inputs")
	}
	if options.Tokenizer == Unicode {
		return nil, fmt.Errorf("length adjustment %q has words of the tokenizer %q only", LengthNormalised, RougeScore)
	}
	return normalised{
		name:      name,
		signature: k.signature(name, options, "length:"+LengthNormalised, "random:sentences", "task:"+options.Random.task),
		options:   options,
		curve:     curve{k, options.Stemming, options.SplitSentences},
	}, nil
}

func (m normalised) Name() string         { return m.name }
func (m normalised) Signature() string    { return m.signature }
func (m normalised) Direction() Direction { return Higher }

func (m normalised) ScoreAll(inputs []Input) ([]float64, error) {
	if err := check([]builtin{{name: m.name, references: true}}, inputs); err != nil {
		return nil, err
	}
	scores, lengths := make([]float64, len(inputs)), make([]int, len(inputs))
	each(inputs, 0, false, func(r *reader, i int) {
		result := r.rouge(m.curve.kind, m.options)
		scores[i], lengths[i] = result.score.F1, result.h
	})
	for i, f1 := range scores {
		if f1 == 0 {
			continue
		}
		random := m.options.Random.f1(m.curve, lengths[i])
		if random == 0 {
			return nil, fmt.Errorf("random texts of %d words from the task's inputs score 0 by %s, so there is nothing to divide by; another length adjustment is needed",
				lengths[i], m.curve.kind.name)
		}
		scores[i] /= random
	}
	return scores, nil
}

// stream is the random stream of that purpose and number.
func stream(purpose string, number int) *rand.ChaCha8 {
	name := binary.LittleEndian.AppendUint64([]byte(purpose), 0)
	name = binary.LittleEndian.AppendUint64(name, uint64(number))
	return rand.NewChaCha8(sha256.Sum256(name))
}
