package reward

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
)

// Sum is the weighted sum of rewards.
type Sum []Term

// Term is a reward in a sum.
type Term struct {
	Reward
	Name   string
	Weight float64
}

// NewSum makes the rewards that the list [[reward]] of a stage's settings names,
// as an object by name, in the order of the rewards.
func NewSum(settings json.RawMessage, env Env) (Sum, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(settings, &members); err != nil {
		return nil, fmt.Errorf("reading the rewards: %w", err)
	}
	var sum Sum
	for _, e := range rewards {
		text, there := members[e.name]
		if !there {
			continue
		}
		delete(members, e.name)
		weight, r, err := e.read(text, env)
		if err != nil {
			return nil, err
		}
		sum = append(sum, Term{r, e.name, weight})
	}
	for name := range members {
		return nil, fmt.Errorf("unknown reward %q; one of %s", name, strings.Join(names(), ", "))
	}
	return sum, nil
}

// Scored are the values of a batch of responses, by group and response.
type Scored struct {
	// Sum are the weighted sums, token by token.
	Sum [][]Value
	// Parts are the unweighted totals of each reward, by name.
	Parts map[string][][]float64
}

// Score sums the rewards of all responses of the groups.
func (s Sum) Score(ctx context.Context, groups []Group) (Scored, error) {
	scored := Scored{Sum: make([][]Value, len(groups)), Parts: map[string][][]float64{}}
	for i, g := range groups {
		scored.Sum[i] = make([]Value, len(g.Responses))
		for j, r := range g.Responses {
			scored.Sum[i][j].Tokens = make([]float64, len(r.Tokens))
		}
	}
	for _, term := range s {
		values, err := term.Score(ctx, groups)
		if err != nil {
			return Scored{}, fmt.Errorf("the reward %s: %w", term.Name, err)
		}
		if err := fit(values, groups); err != nil {
			return Scored{}, fmt.Errorf("the reward %s: %w", term.Name, err)
		}
		totals := make([][]float64, len(groups))
		for i := range groups {
			for j, v := range values[i] {
				if math.IsNaN(v.Total) || math.IsInf(v.Total, 0) {
					return Scored{}, fmt.Errorf("the reward %s of response %d to %q is %g", term.Name, j+1, groups[i].ID, v.Total)
				}
				totals[i] = append(totals[i], v.Total)
				scored.Sum[i][j].add(term.Weight, v)
			}
		}
		scored.Parts[term.Name] = totals
	}
	return scored, nil
}

// fit says where a reward gave not one value to each response, or not one to each of
// its tokens.
func fit(values [][]Value, groups []Group) error {
	if len(values) != len(groups) {
		return fmt.Errorf("found values for %d prompts, expected %d", len(values), len(groups))
	}
	for i, g := range groups {
		if len(values[i]) != len(g.Responses) {
			return fmt.Errorf("found %d values for the responses to %q, expected %d", len(values[i]), g.ID, len(g.Responses))
		}
		for j, v := range values[i] {
			if n := len(g.Responses[j].Tokens); v.Tokens != nil && len(v.Tokens) != n {
				return fmt.Errorf("found values for %d tokens of response %d to %q, expected %d", len(v.Tokens), j+1, g.ID, n)
			}
		}
	}
	return nil
}

// add adds a weighted value. The sum has Tokens, those of the response.
func (v *Value) add(weight float64, other Value) {
	v.Total += weight * other.Total
	if other.Tokens == nil {
		v.Tokens[len(v.Tokens)-1] += weight * other.Total
		return
	}
	for i, part := range other.Tokens {
		v.Tokens[i] += weight * part
	}
}

// State is what rewards must remember between updates, by name: pointers, into
// which JSON is read back.
type State map[string]any

// UnmarshalJSON reads a state back into the rewards that it belongs to.
func (s State) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	for name, into := range s {
		if member, there := members[name]; there {
			if err := json.Unmarshal(member, into); err != nil {
				return fmt.Errorf("the state of the reward %s: %w", name, err)
			}
		}
	}
	return nil
}

// State is what the rewards of the sum remember.
func (s Sum) State() State {
	state := State{}
	for _, term := range s {
		if r, ok := term.Reward.(Stateful); ok {
			state[term.Name] = r.State()
		}
	}
	return state
}
