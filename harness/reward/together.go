package reward

// scoreTogether scores the responses of all groups by one call: item is what is asked of a
// response, and score answers in their order.
func scoreTogether[T any](groups []Group, item func(Group, Response) T, score func([]T) ([]float64, error)) ([][]Value, error) {
	var items []T
	for _, g := range groups {
		for _, r := range g.Responses {
			items = append(items, item(g, r))
		}
	}
	scores, err := score(items)
	if err != nil {
		return nil, err
	}
	values := make([][]Value, len(groups))
	for i, g := range groups {
		for range g.Responses {
			values[i] = append(values[i], Value{Total: scores[0]})
			scores = scores[1:]
		}
	}
	return values, nil
}
