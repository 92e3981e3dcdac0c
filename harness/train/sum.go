package train

import "lastmile/harness/torch"

// SumBy adds up the values of tokens [tokens], response after response, over each
// response: [len(lengths)]. lengths are the responses' tokens.
func SumBy(values *torch.Tensor, lengths []int) *torch.Tensor {
	tokens := 0
	for _, n := range lengths {
		tokens += n
	}
	of := make([]float64, len(lengths)*tokens) // 1 at the tokens of each response
	at := 0
	for i, n := range lengths {
		for range n {
			of[i*tokens+at] = 1
			at++
		}
	}
	s := values.Session()
	return s.Float64s(of, len(lengths), tokens).MatMul(values.Reshape(tokens, 1)).Reshape(len(lengths))
}

// PerToken gives each token of a response its response's value: [len(lengths)] becomes
// [tokens].
func PerToken(values *torch.Tensor, lengths []int) *torch.Tensor {
	var of []int64
	for i, n := range lengths {
		for range n {
			of = append(of, int64(i))
		}
	}
	return values.IndexSelect(0, values.Session().Ints(of, len(of)))
}
