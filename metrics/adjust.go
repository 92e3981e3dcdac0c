package metrics

import (
	"fmt"
	"math"
	"strconv"
)

// adjustment is one formula of length-adjusted ROUGE: a factor for texts of h
// and r words, both above 0, or none where it divides by a random system.
type adjustment struct {
	name   string
	factor func(h, r, alpha float64) float64
	alpha  bool // the formula has an α, which then stands in the signature
}

// LengthNormalised is the formula that needs [Options.Random].
const LengthNormalised = "length-normalised"

// adjustments lists the formulas; the first is the default.
var adjustments = []adjustment{
	{name: "ratio", factor: func(h, r, _ float64) float64 { return min(h/r, r/h) }},
	{name: "exp", alpha: true, factor: func(h, r, alpha float64) float64 { return math.Exp(-alpha * math.Abs(h/r-1)) }},
	{name: "brevity", factor: func(h, r, _ float64) float64 { return math.Exp(1 - max(h/r, r/h)) }},
	{name: LengthNormalised},
}

// Adjustments lists the names of the formulas.
func Adjustments() []string {
	var names []string
	for _, a := range adjustments {
		names = append(names, a.name)
	}
	return names
}

// adjusted makes the length-adjusted form of a kind of ROUGE.
func (k rougeKind) adjusted(options Options) (Metric, error) {
	a, err := options.adjustment()
	if err != nil {
		return nil, err
	}
	unicode, err := options.unicode()
	if err != nil {
		return nil, err
	}
	alpha := options.Alpha
	if alpha == 0 {
		alpha = 1
	}
	details := []string{"length:" + a.name}
	if a.alpha {
		if !(alpha > 0) || math.IsInf(alpha, 0) {
			return nil, fmt.Errorf("length adjustment %q: alpha is %v, expected a number above 0", a.name, alpha)
		}
		details = append(details, "alpha:"+strconv.FormatFloat(alpha, 'g', -1, 64))
	}
	name := "la-" + k.name
	if a.factor == nil {
		return k.normalised(name, options)
	}
	return builtin{
		name:       name,
		unicode:    unicode,
		signature:  k.signature(name, options, details...),
		direction:  Higher,
		references: true,
		score: func(r *reader) float64 {
			result := r.rouge(k, options)
			if result.score.F1 == 0 {
				return 0
			}
			return result.score.F1 * a.factor(float64(result.h), float64(result.r), alpha)
		},
	}, nil
}

func (o Options) adjustment() (adjustment, error) {
	if o.LengthAdjustment == "" {
		return adjustments[0], nil
	}
	for _, a := range adjustments {
		if a.name == o.LengthAdjustment {
			return a, nil
		}
	}
	return adjustment{}, unknownName("length adjustment", o.LengthAdjustment, Adjustments())
}
