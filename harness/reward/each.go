package reward

import "context"

// Each is a reward that looks at one response at a time.
type Each func(Group, Response) Value

// Score implements [Reward].
func (value Each) Score(_ context.Context, groups []Group) ([][]Value, error) {
	values := make([][]Value, len(groups))
	for i, g := range groups {
		for _, r := range g.Responses {
			values[i] = append(values[i], value(g, r))
		}
	}
	return values, nil
}
