package metrics

import "slices"

// lengthDistance is the distance of the distribution of the hypotheses' lengths from
// that of the references' over all texts that are scored together: Wasserstein's of
// order 1, in words. An output that is too short makes up for one that is too long
// in no ratio; here neither does.
type lengthDistance struct{ unicode bool }

func (lengthDistance) Name() string { return "length_distance" }

func (m lengthDistance) Signature() string {
	return "length_distance|over:run|refs:all|tok:" + tokenizerName(m.unicode) + "|" + version
}

func (lengthDistance) Direction() Direction { return Lower }

// ScoreAll gives each text its part in the distance, in such a way that the mean over
// texts is the distance ∫ |F − G| of the distribution functions: at each length at
// which fewer hypotheses than references end, F < G, a text counts what it adds to
// G − F, elsewhere what it adds to F − G. That is also how the distance changes where
// the text counts for more. Of several references each has an equal share.
func (m lengthDistance) ScoreAll(inputs []Input) ([]float64, error) {
	lengths := make([]lengthsOf, len(inputs))
	own := builtin{name: m.Name(), references: true}
	if err := check([]builtin{own}, inputs); err != nil {
		return nil, err
	}
	each(inputs, 0, m.unicode, func(r *reader, i int) {
		lengths[i].hypothesis = len(r.hypothesis.words)
		for k := range r.references {
			lengths[i].references = append(lengths[i].references, len(r.references[k].words))
		}
	})
	longest := 0
	for _, l := range lengths {
		longest = max(longest, l.hypothesis, slices.Max(l.references))
	}
	// F − G at each length, of all texts.
	gap := make([]float64, longest+1)
	for _, l := range lengths {
		for at := l.hypothesis; at <= longest; at++ {
			gap[at]++
		}
		for _, n := range l.references {
			for at := n; at <= longest; at++ {
				gap[at] -= 1 / float64(len(l.references))
			}
		}
	}
	scores := make([]float64, len(inputs))
	for i, l := range lengths {
		for at, g := range gap {
			part := l.ended(at)
			if g < 0 {
				part = -part
			}
			scores[i] += part
		}
	}
	return scores, nil
}

// lengthsOf are the lengths of a text and its references, in words.
type lengthsOf struct {
	hypothesis int
	references []int
}

// ended is what the text adds to F − G at a length.
func (l lengthsOf) ended(at int) float64 {
	sum := 0.0
	if l.hypothesis <= at {
		sum++
	}
	for _, n := range l.references {
		if n <= at {
			sum -= 1 / float64(len(l.references))
		}
	}
	return sum
}
