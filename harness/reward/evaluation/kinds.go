package evaluation

import "slices"

// Kind is one kind of negatives, with the end token or without it.
type Kind struct {
	Kind  string `json:"kind"`
	Ended bool   `json:"ended"`
	// Trained tells whether the reward model has learned from negatives of this kind and
	// form.
	Trained bool `json:"trained"`
	// N is the number of prompts that one could be made of.
	N int `json:"n"`
	// Accuracy is the share of them whose truth scores above the negative; a tie counts
	// as half.
	Accuracy float64 `json:"accuracy"`
	// Trivial are the accuracies of the trivial scorers.
	Trivial []Trivial `json:"trivial"`
}

// Trivial is what a trivial scorer reaches on a kind.
type Trivial struct {
	Scorer   string  `json:"scorer"`
	Accuracy float64 `json:"accuracy"`
}

// kinds counts on how many prompts the truth scores above the negative.
func kinds(prompts []Prompt, names Names) []Kind {
	all := []Kind{}
	for _, p := range prompts {
		for _, n := range p.Negatives {
			k := slices.IndexFunc(all, func(k Kind) bool { return k.Kind == n.Kind && k.Ended == n.Ended })
			if k < 0 {
				k = len(all)
				all = append(all, Kind{Kind: n.Kind, Ended: n.Ended, Trained: names.Trained(n.Kind, n.Ended)})
				for _, scorer := range names.Trivial {
					all[k].Trivial = append(all[k].Trivial, Trivial{Scorer: scorer})
				}
			}
			all[k].N++
			all[k].Accuracy += right(p.Truth, n.Score)
			for i, value := range n.Trivial {
				all[k].Trivial[i].Accuracy += value
			}
		}
	}
	for k := range all {
		n := float64(all[k].N)
		all[k].Accuracy /= n
		for i := range all[k].Trivial {
			all[k].Trivial[i].Accuracy /= n
		}
	}
	return all
}
