package decode

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"lastmile/harness/model"
	"lastmile/harness/random"
	"lastmile/harness/torch"
)

// sequence is a response in the making.
type sequence struct {
	request, sample int
	slot            int
	stream          *rand.Rand
	Response
}

// sampler decodes by sampling, or greedily.
type sampler struct {
	m        *model.Model
	s        *torch.Session
	o        Options
	requests []Request
	finish   func(request int, responses []Response) error

	waiting []int         // requests, in the order in which they are taken
	prefix  *model.Prefix // of all requests
	cache   *model.Cache
	free    []int // slots of the cache
	active  []*sequence
	answers map[int][]Response // of the requests in work
	open    map[int]int        // their samples that have not ended
}

// newSampler makes a sampler that answers the requests at the places of order, the
// longest prompts first.
func newSampler(m *model.Model, requests []Request, order []int, o Options, finish func(int, []Response) error) *sampler {
	d := &sampler{
		m: m, s: m.Session(), o: o, requests: requests, finish: finish,
		waiting: order, answers: make(map[int][]Response), open: make(map[int]int),
	}
	d.prefix = prefixOf(m, requests, o)
	slots := min(max(1, o.BatchSize), len(order)) * o.Samples
	d.cache = m.NewCache(slots, len(requests[order[0]].Prompt)+o.MaxTokens)
	for slot := range slots {
		d.free = append(d.free, slot)
	}
	return d
}

// prefillTokens is how many tokens of prompts are computed at once, at least
// one prompt's: enough for fast products, and not so many that short prompts
// are padded to much longer ones.
const prefillTokens = 1024

func (d *sampler) run(ctx context.Context) error {
	room := len(d.free)
	for len(d.waiting) > 0 || len(d.active) > 0 {
		// A few that enter together cost less than one after the other.
		if len(d.waiting) > 0 && (len(d.active) == 0 || 8*len(d.free) >= room) {
			if err := d.admit(ctx); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(d.active) == 0 {
			continue
		}
		tokens, slots, rows := make([]int64, len(d.active)), make([]int, len(d.active)), make([]int64, len(d.active))
		for i, q := range d.active {
			tokens[i], slots[i], rows[i] = int64(q.Tokens[len(q.Tokens)-1]), q.slot, int64(i)
		}
		sequences := d.active
		d.active = nil
		if err := d.s.Scope(func() error { return d.extend(sequences, step(d.m, d.cache, tokens, slots, d.o), rows) }); err != nil {
			return err
		}
	}
	return nil
}

// admit takes waiting requests into the free slots and draws their first
// tokens.
func (d *sampler) admit(ctx context.Context) error {
	for len(d.waiting) > 0 && len(d.free) >= d.o.Samples {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(len(d.waiting), len(d.free)/d.o.Samples)
		n = min(n, max(1, prefillTokens/(len(d.requests[d.waiting[0]].Prompt)-d.prefix.Length())))
		var prompts [][]int
		var slots []int
		var sequences []*sequence
		var rows []int64 // of the sequences among the prompts
		for row, request := range d.waiting[:n] {
			r := d.requests[request]
			taken := d.free[:d.o.Samples]
			d.free = d.free[d.o.Samples:]
			prompts, slots = append(prompts, r.Prompt), append(slots, taken[0])
			d.answers[request], d.open[request] = make([]Response, d.o.Samples), d.o.Samples
			for sample, slot := range taken {
				sequences = append(sequences, &sequence{
					request: request, sample: sample, slot: slot,
					stream: random.New(d.o.Seed, d.o.Stage, r.ID, sample),
				})
				rows = append(rows, int64(row))
			}
		}
		d.waiting = d.waiting[n:]
		err := d.s.Scope(func() error {
			states := prefill(d.m, d.cache, d.prefix, prompts, slots, d.o)
			for i, q := range sequences {
				if from := slots[rows[i]]; q.slot != from {
					d.cache.Copy(from, q.slot)
				}
			}
			return d.extend(sequences, states, rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// extend draws each sequence's next token from its row of states, [n, hidden].
// Those that go on become active, the others leave their slots.
func (d *sampler) extend(sequences []*sequence, states *torch.Tensor, rows []int64) error {
	logits := d.m.Logits(states)
	if d.o.Strategy != Greedy && d.o.Temperature != 1 {
		logits = logits.MulScalar(1 / d.o.Temperature)
	}
	tokens, logprobs, err := d.next(sequences, logits, rows)
	if err != nil {
		return err
	}
	var values, entropies []float32
	if d.o.Values {
		if values, err = d.m.Scores(states).Values(); err != nil {
			return err
		}
	}
	if d.o.Entropies {
		all := logits.LogSoftmax(-1)
		if entropies, err = all.Exp().Mul(all).SumDim(-1, false).Neg().Values(); err != nil {
			return err
		}
	}
	for i, q := range sequences {
		q.Tokens = append(q.Tokens, tokens[i])
		if logprobs != nil {
			q.Logprobs = append(q.Logprobs, logprobs[i])
		}
		if values != nil {
			q.Values = append(q.Values, values[rows[i]])
		}
		if entropies != nil {
			q.Entropies = append(q.Entropies, entropies[rows[i]])
		}
		q.Ended = slices.Contains(d.o.Ends, tokens[i])
		if !q.Ended && len(q.Tokens) < d.o.MaxTokens {
			d.active = append(d.active, q)
			continue
		}
		d.cache.Clear(q.slot)
		d.free = append(d.free, q.slot)
		d.answers[q.request][q.sample] = q.Response
		if d.open[q.request]--; d.open[q.request] == 0 {
			if err := d.finish(q.request, d.answers[q.request]); err != nil {
				return err
			}
			delete(d.answers, q.request)
			delete(d.open, q.request)
		}
	}
	return nil
}

// next chooses the tokens, and with sampling their log-probabilities, from
// logits at the temperature, [n, vocab_size].
func (d *sampler) next(sequences []*sequence, logits *torch.Tensor, rows []int64) (tokens []int, logprobs []float32, err error) {
	tokens = make([]int, len(sequences))
	if d.o.Strategy == Greedy {
		best, err := logits.ArgMax(-1).IntValues()
		if err != nil {
			return nil, nil, err
		}
		for i, row := range rows {
			tokens[i] = int(best[row])
		}
		return tokens, nil, nil
	}
	distributions := logits.Softmax(-1)
	if fromAll(d.o.TopK, d.o.TopP) && distributions.Inverts() {
		shares := make([]float64, len(sequences))
		for i, q := range sequences {
			shares[i] = q.stream.Float64()
		}
		tokens, logprobs, err := distributions.Invert(rows, shares)
		for i, p := range logprobs {
			logprobs[i] = float32(math.Log(float64(p)))
		}
		return tokens, logprobs, err
	}
	all, err := distributions.Values()
	if err != nil {
		return nil, nil, err
	}
	size := int64(d.m.Config.VocabSize)
	logprobs = make([]float32, len(sequences))
	for i, q := range sequences {
		probabilities := all[rows[i]*size : (rows[i]+1)*size]
		tokens[i] = choose(q.stream, probabilities, d.o.TopK, d.o.TopP)
		logprobs[i] = float32(math.Log(float64(probabilities[tokens[i]])))
	}
	return tokens, logprobs, nil
}
