package metrics

import (
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// tails keeps what [studentTail] was asked for by every interval.
var tails sync.Map // of float64, the degrees of freedom, to float64

// studentTail is the distance from 0 beyond which, on either side together, lies
// the probability alpha of Student's t with so many degrees of freedom.
func studentTail(alpha, freedom float64) float64 {
	usual := alpha == 1-Confidence
	if usual {
		if known, ok := tails.Load(freedom); ok {
			return known.(float64)
		}
	}
	tail := -distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(alpha / 2)
	if usual {
		tails.Store(freedom, tail)
	}
	return tail
}
