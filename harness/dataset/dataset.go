// Package dataset looks at a task's data before a night is spent on them: how many
// examples there are, how long they are, what of them a model will not see, and
// what two splits have in common that should have nothing.
package dataset

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"

	"lastmile/harness/data"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

// Survey is what was found in a task's data.
type Survey struct {
	// Task names the data.
	Task string `json:"task"`
	// Tokenizer names the folder of the tokenizer, MaxPrompt and MaxResponse are where
	// the task cuts, in tokens.
	Tokenizer   string  `json:"tokenizer"`
	MaxPrompt   int     `json:"max_prompt_tokens"`
	MaxResponse int     `json:"max_response_tokens"`
	Splits      []Split `json:"splits"`
}

// Split is what was found in one split.
type Split struct {
	Name string `json:"name"`
	// Files are those of the user's; none for an embedded data set.
	Files []string `json:"files,omitempty"`
	// Examples is how many the task uses, References how many references they have
	// together, and Conversations how many inputs are one.
	Examples      int `json:"examples"`
	References    int `json:"references"`
	Conversations int `json:"conversations"`
	// InputWords and ReferenceWords are lengths in words between blanks, PromptTokens
	// and ResponseTokens in tokens, before anything is cut, templates included.
	InputWords     Lengths `json:"input_words"`
	ReferenceWords Lengths `json:"reference_words"`
	PromptTokens   Lengths `json:"prompt_tokens"`
	ResponseTokens Lengths `json:"response_tokens"`
	// CutPrompts is how many prompts lose a part of their input, EmptyPrompts how many
	// all of it, and CutReferences how many first references lose their end, and with
	// it the end token.
	CutPrompts    int `json:"cut_prompts"`
	EmptyPrompts  int `json:"empty_prompts"`
	CutReferences int `json:"cut_references"`
	// NoWords is how many first references have no word that ROUGE counts, which are
	// those of Latin letters and digits.
	NoWords int `json:"no_rouge_words"`
	// Duplicates is how many inputs an earlier example of the split has too. InTrain is
	// how many the training examples have, and NearTrain how many more share at least
	// NearShare of their runs of NearWords words with them.
	Duplicates int `json:"duplicates"`
	InTrain    int `json:"in_train"`
	NearTrain  int `json:"near_train"`
}

// An input is near the training examples where they have this share of its runs of
// so many words.
const (
	NearShare = 0.3
	NearWords = 8
)

// Lengths are those of texts.
type Lengths struct {
	Min    int `json:"min"`
	Median int `json:"median"`
	P95    int `json:"p95"`
	Max    int `json:"max"`
	// Bins are counts between Min and Max, of equal width, and Width that width.
	Bins  []int `json:"bins"`
	Width int   `json:"width"`
}

// mostBins is the most bins of a histogram.
const mostBins = 24

// lengths summarises lengths, which it sorts.
func lengths(all []int) (l Lengths) {
	if len(all) == 0 {
		return l
	}
	slices.Sort(all)
	at := func(share float64) int { return all[int(share*float64(len(all)-1))] }
	l = Lengths{Min: all[0], Median: at(0.5), P95: at(0.95), Max: all[len(all)-1]}
	l.Width = (l.Max-l.Min)/mostBins + 1
	l.Bins = make([]int, (l.Max-l.Min)/l.Width+1)
	for _, n := range all {
		l.Bins[(n-l.Min)/l.Width]++
	}
	return l
}

// Look surveys a task's data, with the tokenizer of a folder as
// [stages.OpenLanguage] takes it. It calls progress now and then. The error is of
// the data or the tokenizer, or the context's.
func Look(ctx context.Context, task data.Task, folder string, progress func(done, total int, note string)) (Survey, error) {
	s := Survey{Task: task.Data, Tokenizer: folder, MaxPrompt: task.MaxPromptTokens, MaxResponse: task.MaxResponseTokens}
	splits, err := splitsOf(task)
	if err != nil {
		return s, stages.Mistake{Err: err}
	}
	l, err := stages.OpenLanguage(folder, task)
	if err != nil {
		return s, stages.Mistake{Err: err}
	}
	seen := newSeen()
	for i, name := range splits {
		split, err := look(ctx, task, l, name, seen)
		if err != nil {
			return s, err
		}
		s.Splits = append(s.Splits, split)
		progress(i+1, len(splits), name)
	}
	if len(s.Splits) == 1 {
		s.Splits[0].Name = "all"
	}
	return s, nil
}

// splitsOf are the splits of a task's data, the first only where all are the same
// files.
func splitsOf(task data.Task) ([]data.Split, error) {
	all := data.Splits()
	if task.Data != data.UserFiles {
		return all, nil
	}
	var files []string
	for _, split := range all {
		paths, err := task.Paths(split)
		if err != nil {
			return nil, err
		}
		files = append(files, strings.Join(paths, "\n"))
	}
	if len(slices.Compact(files)) == 1 {
		return all[:1], nil
	}
	return all, nil
}

func look(ctx context.Context, task data.Task, l stages.Language, name data.Split, seen *seen) (s Split, err error) {
	s.Name = name
	if task.Data == data.UserFiles {
		if s.Files, err = task.Paths(name); err != nil {
			return s, stages.Mistake{Err: err}
		}
	}
	examples, err := data.Read(task, name)
	if err != nil {
		return s, stages.Mistake{Err: err}
	}
	var inputWords, referenceWords, promptTokens, responseTokens []int
	for _, e := range examples {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		s.Examples++
		s.References += len(e.References)
		if len(e.Messages) > 0 {
			s.Conversations++
		}
		inputWords = append(inputWords, len(strings.Fields(e.Input)))
		for _, reference := range e.References {
			referenceWords = append(referenceWords, len(strings.Fields(reference)))
		}
		fit := l.Codec.Fit(e)
		promptTokens = append(promptTokens, fit.Prompt)
		responseTokens = append(responseTokens, fit.Response)
		s.CutPrompts += count(fit.PromptCut)
		s.EmptyPrompts += count(fit.PromptEmpty)
		s.CutReferences += count(fit.ResponseCut)
		s.NoWords += count(metrics.Words(e.References[0]) == 0)
		seen.add(&s, name, e.Input)
	}
	s.InputWords, s.ReferenceWords = lengths(inputWords), lengths(referenceWords)
	s.PromptTokens, s.ResponseTokens = lengths(promptTokens), lengths(responseTokens)
	return s, nil
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// seen holds what the inputs so far have.
type seen struct {
	seed   maphash.Seed
	own    map[uint64]string // by input, the split that had it last
	train  map[uint64]bool   // inputs
	shared map[uint64]bool   // runs of words of training inputs
}

func newSeen() *seen {
	return &seen{maphash.MakeSeed(), map[uint64]string{}, map[uint64]bool{}, map[uint64]bool{}}
}

// add counts an input of a split among those that were there before. Case and blanks
// do not count.
func (s *seen) add(split *Split, name data.Split, input string) {
	words := strings.Fields(strings.ToLower(input))
	whole := maphash.String(s.seed, strings.Join(words, " "))
	split.Duplicates += count(s.own[whole] == name)
	s.own[whole] = name
	var runs []uint64
	for i := 0; i+NearWords <= len(words); i++ {
		runs = append(runs, maphash.String(s.seed, strings.Join(words[i:i+NearWords], " ")))
	}
	if name == data.Train {
		s.train[whole] = true
		for _, run := range runs {
			s.shared[run] = true
		}
		return
	}
	if s.train[whole] {
		split.InTrain++
		return
	}
	both := 0
	for _, run := range runs {
		both += count(s.shared[run])
	}
	split.NearTrain += count(both > 0 && float64(both) >= NearShare*float64(len(runs)))
}
