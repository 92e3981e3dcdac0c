package rollout

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lastmile/harness/model/modeltest"
	"lastmile/harness/torch"
)

func TestKLEstimators(t *testing.T) {
	policy, reference := []float64{0.5, 0.3, 0.15, 0.05}, []float64{0.25, 0.25, 0.1, 0.4}
	want := 0.0
	expected := make(map[string]float64)
	for i, p := range policy {
		logRatio := math.Log(p / reference[i])
		want += p * logRatio
		for _, estimator := range []string{K1, K2, K3} {
			k := KL(estimator, logRatio)
			if estimator != K1 && k < 0 {
				t.Errorf("%s of %g is %g", estimator, logRatio, k)
			}
			expected[estimator] += p * k
		}
	}
	for _, estimator := range []string{K1, K3} {
		if math.Abs(expected[estimator]-want) > 1e-12 {
			t.Errorf("%s expects %g, but the divergence is %g", estimator, expected[estimator], want)
		}
	}
	for _, x := range []float64{-3, -1e-9, 0, 1e-9, 2} {
		if KL(K2, x) != x*x/2 || KL(K3, x) < 0 {
			t.Errorf("of %g k2 is %g and k3 %g", x, KL(K2, x), KL(K3, x))
		}
	}
}

func TestPenalizedRewards(t *testing.T) {
	l := &Learner{}
	l.Settings.KL.In, l.state.KL = InReward, 2
	// k1 of each token; the reward of 5 falls on the last.
	r := Rollout{Tokens: []int{4, 5, 6}, TokenKL: []float64{0, 0.5, -1}, TokenRewards: []float64{0, 0, 5}}
	if got := l.PenalizedRewards(r); !slices.Equal(got, []float64{0, -1, 7}) {
		t.Errorf("rewards %v", got)
	}
	// Of the reward of 5, repetition took 3 off, which the second token caused.
	r.TokenRewards = []float64{0, -3, 8}
	got := l.PenalizedRewards(r)
	if !slices.Equal(got, []float64{0, -4, 10}) {
		t.Errorf("rewards %v with a repetition", got)
	}
	Whiten([][]float64{got}, false)
	if _, deviation := moments(got); math.Abs(deviation-1) > 1e-12 || got[0] != 0 || !(got[1] < 0) {
		t.Errorf("whitened rewards %v, want deviation 1 and no shift", got)
	}
}

func TestTheCoefficientMovesTowardsTheTarget(t *testing.T) {
	l := &Learner{}
	l.Settings.KL = KLSettings{Adaptive: true, Target: 4, Horizon: 100}
	for measured, want := range map[float64]float64{
		4: 1, 4.4: 1.01, 3.6: 0.99, 400: 1.02, 0: 0.98, // ten responses of a horizon of 100, at most 20 % off
	} {
		batch := make(Batch, 10)
		for i := range batch {
			batch[i].KL = measured
		}
		l.state.KL = 1
		l.adapt(batch)
		if got := l.state.KL; math.Abs(got-want) > 1e-12 {
			t.Errorf("a KL of %g against a target of 4: coefficient %g, want %g", measured, got, want)
		}
	}
	l.Settings.KL.Adaptive, l.state.KL = false, 1
	l.adapt(Batch{{KL: 100}})
	if l.state.KL != 1 {
		t.Errorf("a fixed coefficient moved to %g", l.state.KL)
	}
}

// actions is the number of tokens of the small softmax policy below, whose responses
// have two of them. The first is drawn by row 0 of its logits, the second by the row
// after the first token's.
const actions = 5

// small is a small softmax policy's log-probabilities, [1 + actions][actions].
type small [][]float64

// newSmall makes log-probabilities of logits, [1 + actions][actions].
func newSmall(logit func(state, action int) float64) small {
	m := make(small, 1+actions)
	for state := range m {
		total := 0.0
		for action := range actions {
			total += math.Exp(logit(state, action))
		}
		for action := range actions {
			m[state] = append(m[state], logit(state, action)-math.Log(total))
		}
	}
	return m
}

// apart are a policy and a reference whose logits differ by something of the size far.
func apart(far float64) (policy, reference small) {
	logit := func(state, action int) float64 { return math.Sin(float64(7*state+3*action*action)) * 1.5 }
	shift := func(state, action int) float64 { return far * math.Cos(float64(11*state+5*action)) }
	return newSmall(func(s, a int) float64 { return logit(s, a) + shift(s, a) }), newSmall(logit)
}

// klOf is the divergence of one row from another, in nats.
func klOf(p, q []float64) (sum float64) {
	for i := range p {
		sum += math.Exp(p[i]) * (p[i] - q[i])
	}
	return sum
}

// exact are gradients with respect to the policy's logits, flat: of KL(policy ‖
// reference) of whole responses, and, for each token after the prefixes that the
// policy draws, of KL(policy ‖ reference) and of KL(reference ‖ policy) of that token.
func exact(policy, reference small) (whole, reverse, forward []float64) {
	total := klOf(policy[0], reference[0])
	for first := range actions {
		total += math.Exp(policy[0][first]) * klOf(policy[1+first], reference[1+first])
	}
	for state := range policy {
		p, q := policy[state], reference[state]
		reached, divergence := 1.0, klOf(p, q)
		if state > 0 {
			reached = math.Exp(policy[0][state-1])
		}
		for action := range p {
			ofToken := reached * math.Exp(p[action]) * (p[action] - q[action] - divergence)
			reverse = append(reverse, ofToken)
			forward = append(forward, reached*(math.Exp(p[action])-math.Exp(q[action])))
			if state == 0 {
				after := klOf(policy[1+action], reference[1+action])
				ofToken = math.Exp(p[action]) * (p[action] - q[action] + after - total)
			}
			whole = append(whole, ofToken)
		}
	}
	return whole, reverse, forward
}

// eachResponse calls f with each response of the policy, its probability and its two
// rows, and adds what f returns, times the probability.
func eachResponse(policy, reference small, f func(r Rollout, states []int) []float64) []float64 {
	sum := make([]float64, len(policy)*actions)
	for first := range actions {
		for second := range actions {
			states := []int{0, 1 + first}
			r := Rollout{Tokens: []int{first, second}, TokenRewards: []float64{0, 0}}
			r.Logprobs = []float64{policy[0][first], policy[1+first][second]}
			r.setReference([]float64{reference[0][first], reference[1+first][second]})
			for i, g := range f(r, states) {
				sum[i] += math.Exp(r.Logprobs[0]+r.Logprobs[1]) * g
			}
		}
	}
	return sum
}

// expected is the expected gradient of the policy gradient loss of the rewards, which
// are nothing but what the penalty takes off, and of the penalty in the loss.
func expected(t *testing.T, s *torch.Session, policy, reference small, advantages func(Rollout) []float64, kl KLSettings) []float64 {
	t.Helper()
	return eachResponse(policy, reference, func(r Rollout, states []int) (gradient []float64) {
		err := s.Scope(func() (err error) {
			logits := s.Float64s(slices.Concat(policy...), len(policy), actions).RequireGrad()
			ids := s.Ints([]int64{int64(states[0]*actions + r.Tokens[0]), int64(states[1]*actions + r.Tokens[1])}, 2)
			r.Advantages = advantages(r)
			p := NewPass(Batch{r}, Batch{r}, logits.LogSoftmax(-1).Reshape(-1).IndexSelect(0, ids), nil)
			p.KL = kl
			p.KLLosses().Sub(p.LogRatio.Exp().Mul(p.Column(AdvantagesOf))).Sum().Backward()
			gradient, err = logits.Grad().Value64s()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return gradient
	})
}

// distance is the Euclidean distance of two gradients over the length of the second.
func distance(got, want []float64) float64 {
	off, length := 0.0, 0.0
	for i := range want {
		off += (got[i] - want[i]) * (got[i] - want[i])
		length += want[i] * want[i]
	}
	return math.Sqrt(off / length)
}

// TestThePenaltyHasTheGradientOfTheKL takes the exact expectation, over all responses
// of a small policy, of the gradient of each form that the penalty can have.
func TestThePenaltyHasTheGradientOfTheKL(t *testing.T) {
	s, err := torch.Open(torch.Options{Threads: 1, DType: torch.Float64})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	const coefficient = 0.3
	for _, far := range []float64{0.01, 1} {
		policy, reference := apart(far)
		whole, reverse, forward := exact(policy, reference)
		for _, test := range []struct {
			in, estimator string
			want          []float64
		}{{InReward, K1, whole}, {InLoss, K2, reverse}, {InLoss, K3, forward}} {
			l := &Learner{}
			l.Settings.KL, l.state.KL = KLSettings{In: test.in, Estimator: test.estimator, Coefficient: 7}, coefficient
			for name, advantages := range map[string]func(Rollout) []float64{
				"token by token": func(r Rollout) []float64 { return GAE(l.PenalizedRewards(r), []float64{0, 0}, 1, 1) },
				"of the whole":   func(r Rollout) []float64 { return []float64{l.PenalizedReward(r), l.PenalizedReward(r)} },
			} {
				got := expected(t, s, policy, reference, advantages, l.penalty())
				want := make([]float64, len(got))
				for i := range want {
					want[i] = coefficient * test.want[i]
				}
				if d := distance(got, want); !(d < 1e-9) {
					t.Errorf("%s in the %s, %s, logits %g apart: the gradient is %g of its length off", test.estimator, test.in, name, far, d)
				}
			}
		}
	}
}

// TestRefusedPenaltiesHaveNoGradientOfAKL takes the expected gradients of the pairs of
// place and estimator that are refused. k3 in the reward was the default once.
func TestRefusedPenaltiesHaveNoGradientOfAKL(t *testing.T) {
	// of the reward −KL: the expectation of KL·∇ln policy, on the first token alone
	inReward := func(estimator string, policy, reference small) []float64 {
		return eachResponse(policy, reference, func(r Rollout, _ []int) []float64 {
			gradient := make([]float64, actions)
			for k := range gradient {
				gradient[k] = -math.Exp(policy[0][k]) * KL(estimator, r.TokenKL[0])
			}
			gradient[r.Tokens[0]] += KL(estimator, r.TokenKL[0])
			return gradient
		})[:actions]
	}
	for _, far := range []float64{0.01, 1} {
		policy, reference := apart(far)
		_, reverse, forward := exact(policy, reference)
		reverse, forward = reverse[:actions], forward[:actions]
		if d := distance(inReward(K1, policy, reference), reverse); !(d < 1e-9) {
			t.Errorf("k1 in the reward, logits %g apart: the gradient is %g of its length off", far, d)
		}
		for _, estimator := range []string{K2, K3} {
			for name, want := range map[string][]float64{"KL(policy ‖ reference)": reverse, "KL(reference ‖ policy)": forward} {
				if d := distance(inReward(estimator, policy, reference), want); d < 0.5 {
					t.Errorf("%s in the reward, logits %g apart: the gradient of %s but for %g of its length", estimator, far, name, d)
				}
			}
		}
		// What k3 in the reward has instead is the difference of the two.
		difference := make([]float64, actions)
		for k := range difference {
			difference[k] = reverse[k] - forward[k]
		}
		if d := distance(inReward(K3, policy, reference), difference); !(d < 1e-6) {
			t.Errorf("k3 in the reward, logits %g apart: %g off the difference of the two gradients", far, d)
		}
		if size := distance(forward, reverse); far < 0.1 && size > 0.02 {
			t.Errorf("near the reference the gradient of k3 in the reward is %g of that of the KL, want next to nothing", size)
		}
	}
	// k1 as a loss: the expectation of ∇ln(policy / reference)
	policy, reference := apart(1)
	for k, g := range eachResponse(policy, reference, func(r Rollout, _ []int) []float64 {
		gradient := make([]float64, actions)
		for k := range gradient {
			gradient[k] = -math.Exp(policy[0][k])
		}
		gradient[r.Tokens[0]]++
		return gradient
	})[:actions] {
		if math.Abs(g) > 1e-12 {
			t.Errorf("k1 as a loss: the gradient of logit %d is %g, want 0", k, g)
		}
	}
}

func TestWhichEstimatorsGoWhere(t *testing.T) {
	for _, test := range []struct{ in, estimator, want string }{
		{InReward, K1, ""}, {InLoss, K2, ""}, {InLoss, K3, ""},
		{InLoss, K1, `with in = "loss" the estimator is "k2" or "k3"`},
		{InReward, K2, `with in = "reward" the estimator is "k1", and k2 goes with in = "loss"`},
		{InReward, K3, `with in = "reward" the estimator is "k1", and k3 goes with in = "loss"`},
	} {
		e := Env{Settings: Default()}
		e.Settings.KL.In, e.Settings.KL.Estimator = test.in, test.estimator
		got := checkKL(e.Settings.KL).Message
		if test.want == "" {
			if got != "" {
				t.Errorf("%s in the %s: %s", test.estimator, test.in, got)
			}
			continue
		}
		if !strings.Contains(got, test.want) || !strings.Contains(got, test.estimator) {
			t.Errorf("%s in the %s: %q, want the reason and %q", test.estimator, test.in, got, test.want)
		}
		if _, err := Start(t.Context(), e); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s in the %s: starting: %v", test.estimator, test.in, err)
		}
	}
}

// TestAllEstimatorsAreLogged computes the curves of two responses by hand.
func TestAllEstimatorsAreLogged(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	l := start(t, e)
	l.Done = 1
	batch := Batch{{Logprobs: []float64{-1, -2}}, {Logprobs: []float64{-0.5}}}
	batch[0].setReference([]float64{-1.5, -1}) // ln(policy / reference): 0.5, -1
	batch[1].setReference([]float64{-0.5})
	l.logKL(batch)
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"kl": -0.25, "kl_k2": (0.125 + 0.5) / 2, "kl_k3": (math.Exp(-0.5) - 1 + 0.5 + math.E - 1 - 1) / 2,
	} {
		if got := curve(t, e.Hooks.Dir, name); len(got) != 1 || math.Abs(got[0]-want) > 1e-12 {
			t.Errorf("%s is %v, want %g", name, got, want)
		}
	}
}

// TestThePenaltyInTheLossFollowsTheCoefficient checks that what adapt makes of the
// coefficient weighs the penalty in the loss, and leaves the rewards alone.
func TestThePenaltyInTheLossFollowsTheCoefficient(t *testing.T) {
	e := toy(t, modeltest.Open(t, torch.Float32), t.TempDir())
	e.Settings.KL = KLSettings{Coefficient: 0.5, In: InLoss, Estimator: K2, Adaptive: true, Target: 4, Horizon: 12}
	e.Settings.Epochs, e.Settings.Minibatches = 1, 1
	l := start(t, e)
	batch := rolled(t, l)
	for _, want := range []float64{0.5, 0.4} { // an update of 12 responses with hardly any divergence
		err := l.Optimize(t.Context(), batch, 0.8, 1.2, func(p *Pass) (*torch.Tensor, error) {
			if p.KL.In != InLoss || math.Abs(p.KL.Coefficient-want) > 1e-12 {
				t.Errorf("the penalty of the pass is %+v, want a coefficient of %g", p.KL, want)
			}
			return p.LogRatio.Mean(), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch {
			batch[i].KL = 0
		}
		l.adapt(batch)
	}
	r := Rollout{Tokens: []int{1}, Reward: 2, TokenRewards: []float64{2}, KL: 3, TokenKL: []float64{3}}
	if whole, tokens := l.PenalizedReward(r), l.PenalizedRewards(r); whole != 2 || tokens[0] != 2 {
		t.Errorf("with the penalty in the loss the rewards are %g and %v, want 2", whole, tokens)
	}
}
