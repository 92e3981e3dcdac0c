package likelihood

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lastmile/harness/model"
)

// asked is a question as the model reads it.
type asked struct {
	question
	prompt, response []int
}

// empty is the score of a response without tokens.
func (m *Model) empty() float64 { return -math.Log(float64(m.model.Config.VocabSize)) }

// encode makes tokens of a question. What is too long for the model's positions loses
// the first tokens of the text in its prompt.
func (m *Model) encode(q question) (*asked, error) {
	before := append([]int{m.start}, m.tokenizer.Encode(m.prompts[q.given].before)...)
	after := m.prompts[q.given].after
	response := m.tokenizer.Encode(strings.TrimSpace(q.response))
	whole := append([]int{m.start}, m.tokenizer.Encode(m.prompts[q.given].before+strings.TrimSpace(q.text)+after)...)
	positions := m.model.Config.MaxPositionEmbeddings
	if len(whole)+len(response) <= positions {
		return &asked{q, whole, response}, nil
	}
	room := positions - len(before) - len(response)
	if least := len(m.tokenizer.Encode(after)); room < least {
		return nil, fmt.Errorf("the text %.40q… has %d tokens, and the %d positions of %s leave room for %d", q.response, len(response), positions, m.settings.Model, positions-len(before)-least)
	}
	rest := m.tokenizer.Encode(strings.TrimSpace(q.text) + after)
	return &asked{q, append(before, rest[max(0, len(rest)-room):]...), response}, nil
}

// tree is a row of the model: questions that have the same prompt.
type tree []*asked

func (t tree) row() model.Tree {
	row := model.Tree{Prompt: t[0].prompt}
	for _, a := range t {
		row.Responses = append(row.Responses, a.response)
	}
	return row
}

// trees join questions of the same prompt, as long as their responses are together not
// longer than it: beyond that the row would cost more than the prompt saves.
func trees(questions []*asked) []tree {
	slices.SortStableFunc(questions, func(a, b *asked) int {
		return cmp.Or(slices.Compare(a.prompt, b.prompt), cmp.Compare(len(a.response), len(b.response)))
	})
	var all []tree
	total := 0
	for _, a := range questions {
		if n := len(all); n > 0 && slices.Equal(all[n-1][0].prompt, a.prompt) && total+len(a.response) <= len(a.prompt) {
			all[n-1] = append(all[n-1], a)
			total += len(a.response)
			continue
		}
		all = append(all, tree{a})
		total = len(a.response)
	}
	return all
}

// batches put trees of similar length together, as [model.Batches] does.
func batches(all []tree, tokens int) [][]tree {
	lengths := make([]int, len(all))
	for i, t := range all {
		lengths[i] = t.row().Tokens()
	}
	var batches [][]tree
	for _, places := range model.Batches(lengths, tokens) {
		batch := make([]tree, len(places))
		for k, i := range places {
			batch[k] = all[i]
		}
		batches = append(batches, batch)
	}
	return batches
}
