package rollout

import (
	"math"
	"slices"
	"testing"

	"lastmile/harness/random"
)

func TestGAE(t *testing.T) {
	// By hand, from the last: δ3 = 2 - 0.5 = 1.5; δ2 = 0 + 0.9·0.5 - 1 = -0.55
	// and -0.55 + 0.72·1.5 = 0.53; δ1 = 1 + 0.9·1 - 0.2 = 1.7 and 1.7 + 0.72·0.53.
	got := GAE([]float64{1, 0, 2}, []float64{0.2, 1, 0.5}, 0.9, 0.8)
	for i, want := range []float64{2.0816, 0.53, 1.5} {
		if math.Abs(got[i]-want) > 1e-12 {
			t.Errorf("advantage %d is %g, want %g", i, got[i], want)
		}
	}
	stream := random.New(1, "gae")
	for n := range 8 {
		rewards, values := make([]float64, n), make([]float64, n)
		for i := range n {
			rewards[i], values[i] = stream.NormFloat64(), stream.NormFloat64()
		}
		whole, single := GAE(rewards, values, 1, 1), GAE(rewards, values, 0.5, 0)
		rest, next := 0.0, 0.0
		for i := n - 1; i >= 0; i-- {
			rest += rewards[i]
			if math.Abs(whole[i]-(rest-values[i])) > 1e-12 {
				t.Errorf("with gamma and lambda 1 advantage %d is %g, but return less value %g", i, whole[i], rest-values[i])
			}
			if want := rewards[i] + 0.5*next - values[i]; math.Abs(single[i]-want) > 1e-12 {
				t.Errorf("with lambda 0 advantage %d is %g, but the temporal difference %g", i, single[i], want)
			}
			next = values[i]
		}
	}
}

func TestWhiten(t *testing.T) {
	batch := Batch{{Advantages: []float64{2, 2}}, {Advantages: []float64{-3}}, {Advantages: []float64{}}}
	Whiten(batch.Advantages(), true)
	mean, deviation := moments(slices.Concat(batch.Advantages()...))
	if math.Abs(mean) > 1e-12 || math.Abs(deviation-1) > 1e-12 || batch[0].Advantages[0] != batch[0].Advantages[1] {
		t.Errorf("advantages %v of mean %g and deviation %g", batch.Advantages(), mean, deviation)
	}
	rewards := [][]float64{{3, 0}, {6}}
	Whiten(rewards, false)
	if _, deviation := moments(slices.Concat(rewards...)); math.Abs(deviation-1) > 1e-12 || rewards[0][1] != 0 || math.Abs(rewards[1][0]-2*rewards[0][0]) > 1e-12 {
		t.Errorf("without a shift %v", rewards)
	}
	for _, centre := range []bool{true, false} {
		equal := [][]float64{{0.25, 0.25}, {0.25}}
		if Whiten(equal, centre); equal[0][0] != 0.25 || equal[1][0] != 0.25 {
			t.Errorf("equal values became %v", equal)
		}
	}
}

func TestLeaveOneOut(t *testing.T) {
	// 1 less the mean of 2 and 6; and so on.
	if got := LeaveOneOut([]float64{1, 2, 6, 0, 0, 3}, 3); !slices.Equal(got, []float64{-3, -1.5, 4.5, -1.5, -1.5, 3}) {
		t.Errorf("advantages %v", got)
	}
	if got := LeaveOneOut([]float64{1, 2}, 1); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("of single samples %v", got)
	}
	for samples := 2; samples < 9; samples++ {
		stream := random.New(1, "leave one out", samples)
		rewards := make([]float64, 5*samples)
		for i := range rewards {
			rewards[i] = stream.NormFloat64()
		}
		advantages := LeaveOneOut(rewards, samples)
		for start := 0; start < len(rewards); start += samples {
			sum, mean := 0.0, 0.0
			for i := range samples {
				sum += advantages[start+i]
				mean += rewards[start+i] / float64(samples)
			}
			if math.Abs(sum) > 1e-12 {
				t.Errorf("the advantages of %d samples sum to %g", samples, sum)
			}
			// It is the reward less the mean of all, n / (n − 1) times.
			want := (rewards[start] - mean) * float64(samples) / float64(samples-1)
			if math.Abs(advantages[start]-want) > 1e-12 {
				t.Errorf("of %d samples the first has advantage %g, want %g", samples, advantages[start], want)
			}
		}
	}
}

func TestDeviation(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{7}, 0}, {[]float64{1, 3}, math.Sqrt2}, {[]float64{1, 2, 3, 4}, math.Sqrt(5.0 / 3)},
	} {
		if got := Deviation(test.values); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("the deviation of %v is %g, want %g", test.values, got, test.want)
		}
	}
	values := []float64{1, 3}
	if Standardize(values, 0); math.Abs(values[0]+math.Sqrt2/2) > 1e-12 || math.Abs(values[1]-math.Sqrt2/2) > 1e-12 {
		t.Errorf("standardized: %v", values)
	}
	values = []float64{5, 5, 5}
	if Standardize(values, 1e-4); !slices.Equal(values, []float64{0, 0, 0}) {
		t.Errorf("equal values, standardized: %v", values)
	}
}

func TestAllTokensHaveTheirResponsesAdvantage(t *testing.T) {
	batch := Batch{{Tokens: []int{4, 5}}, {Tokens: []int{6}}}
	batch.SetAdvantages([]float64{2, -1})
	if !slices.Equal(batch[0].Advantages, []float64{2, 2}) || !slices.Equal(batch[1].Advantages, []float64{-1}) {
		t.Errorf("advantages %v", batch.Advantages())
	}
}
