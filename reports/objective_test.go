package reports

import (
	"strings"
	"testing"

	"lastmile/runs"
)

func rewarded(algorithm string, rewards ...string) label {
	l := label{name: algorithm, algorithm: algorithmNamed(algorithms, algorithm), settings: map[string]string{}}
	for _, r := range rewards {
		l.settings["reward."+r+".weight"] = "1"
	}
	return l
}

func TestWhichControlALabelIs(t *testing.T) {
	untrained := rewarded("rloo", "learned", "length")
	untrained.settings["reward_model.steps"] = "0"
	for _, c := range []struct {
		of   label
		want string
	}{
		{rewarded("rule"), byRule}, {rewarded("mle_longer"), trainedOn}, {rewarded("none"), ""}, {rewarded("dpo"), ""},
		{rewarded("ppo"), ""}, // an older store does not tell its rewards
		{rewarded("ppo", "learned", "length", "repetition", "ending"), ""},
		{rewarded("ppo", "length", "repetition", "ending"), shapingAlone}, {rewarded("rloo", "ending"), shapingAlone}, {rewarded("rloo", "copying"), shapingAlone},
		{rewarded("rloo", "constant"), noSignal}, {rewarded("rloo", "random", "constant"), noSignal}, {rewarded("rloo", "random", "length"), shapingAlone},
		{rewarded("rloo", "random", "rougeL"), ""}, {rewarded("raft", "learned"), imitation}, {rewarded("raft", "constant"), noSignal},
		{untrained, trivialAlone},
	} {
		if got := c.of.controlKind(); got != c.want {
			t.Errorf("%s with %q is the control %q, want %q", c.of.name, c.of.rewards(), got, c.want)
		}
	}
}

func TestBondsOfMetrics(t *testing.T) {
	taught := rewarded("ppo", "learned")
	taught.settings["negatives.policy.rank_by"] = "la-rougeL"
	ranked, otherwise := rewarded("ppo", "learned"), rewarded("ppo", "learned")
	ranked.settings["reward_model.ranked"] = "0.5"
	otherwise.settings["reward_model.ranked"], otherwise.settings["reward_model.rank_by"] = "0.5", "chrf"
	combined := rewarded("ppo", "learned")
	combined.settings["reward_model.stacked"] = "0.2"
	untaught := rewarded("rloo", "chrf")
	untaught.settings["negatives.policy.rank_by"] = "la-rougeL"
	for _, c := range []struct {
		of           label
		metric, with string
		want         bond
	}{
		{rewarded("rloo", "la-rougeL"), "la-rougeL", "la-rougeL", itself},
		{rewarded("rloo", "la-rougeL"), "rougeL", "la-rougeL", kin},
		{rewarded("rloo", "la-rougeL"), "rouge2-recall", "la-rougeL", kin},
		{rewarded("rloo", "la-rougeL"), "chrf", "", apart},
		{rewarded("rloo", "bleu", "chrf"), "chrf", "chrf", itself},
		{rewarded("ppo", "learned", "length"), "la-rougeL", "length", factor},
		{rewarded("ppo", "learned", "length"), "rougeL", "", apart},
		{rewarded("ppo", "learned", "length"), "length_ratio", "length", itself},
		{rewarded("ppo", "ending", "repetition"), "ended", "ending", itself},
		{rewarded("ppo", "ending", "repetition"), "repetition", "repetition", itself},
		{rewarded("rloo", "copying"), "coverage", "copying", itself},
		{taught, "la-rougeL", "la-rougeL", trained}, {taught, "rouge1", "la-rougeL", trained}, {taught, "chrf", "", apart},
		{ranked, "la-rougeL", "la-rougeL", trained}, {ranked, "rougeL", "la-rougeL", trained}, {ranked, "chrf", "", apart},
		{otherwise, "rougeL", "", apart}, {otherwise, "chrf", "chrf", trained},
		{combined, "coverage", "learned", stacked}, {combined, "repetition", "learned", stacked}, {combined, "rougeL", "", apart},
		{untaught, "la-rougeL", "", apart},
		{rewarded("none"), "la-rougeL", "", apart},
	} {
		if got, with := c.of.bondOf(c.metric); got != c.want || with != c.with {
			t.Errorf("%s of %q: %v with %q, want %v with %q", c.metric, c.of.settings, got, with, c.want, c.with)
		}
	}
}

// A report marks what a reward contains, in the table, in the sentences and in the data.
func TestWhatWasOptimisedIsMarked(t *testing.T) {
	s := demo()
	s.metrics = append(s.metrics, "rouge1")
	s.labels[2] = syntheticLabel{name: "rloo", algorithm: "rloo", gain: map[string]float64{"sample": 0.06}, curves: []string{"reward"}, rewards: []string{"la-rougeL", "ending"}}
	summary, page := write(t, s.store(t), options(t.TempDir()))
	contains(t, summary.Sentences[0], "la-ROUGE-L, which the reward contains (0.")
	contains(t, strings.Join(summary.Sentences, "\n"), "their share ended, which the reward ending counts, ")
	contains(t, page, " † |", " ‡ |", "What was optimised is no evidence alone.",
		"- RLOO: the rewards contain la-rougeL and ended; rouge1 and rougeL: of one family with la-rougeL, a reward. The rewards neither contain nor were taught by bleurt, length_ratio and repetition.")
	for metric, want := range map[string]string{"la-rougeL": "contained", "rougeL": "related", "ended": "contained", "repetition": ""} {
		if got := summary.Table.cell(sampleOf("rloo"), metric).Optimised; got != want {
			t.Errorf("%s of rloo is %q, want %q", metric, got, want)
		}
		if got := summary.Table.cell(sampleOf("mle"), metric).Optimised; got != "" {
			t.Errorf("%s of mle is %q", metric, got)
		}
	}
}

// The learned scorer is no witness of overlap, where it was itself trained on it.
func TestAScorerThatLearnedOverlap(t *testing.T) {
	l := rewarded("rloo", "rougeL")
	b := &builder{evidence: &evidence{labels: []label{l}, metrics: []runs.Metric{{Name: "bleurt", Signature: "bleurt|model:lastmile-1234"}}}}
	ask := func() bond {
		bond, _ := b.bondOf(runs.System{Label: "rloo"}, "bleurt")
		return bond
	}
	if got := ask(); got != overlap {
		t.Errorf("got %v", got)
	}
	l.settings["scorer.score"] = `["intact"]`
	if got := ask(); got != apart {
		t.Errorf("a scorer that gives something else: got %v", got)
	}
	delete(l.settings, "scorer.score")
	b.metrics[0].Signature = "bleurt|model:BLEURT-20"
	if got := ask(); got != apart {
		t.Errorf("a scorer of others: got %v", got)
	}
}

// And overlap is no witness against a reward that is such a scorer.
func TestARewardThatLearnedOverlap(t *testing.T) {
	l := rewarded("rloo", "bleurt")
	b := &builder{evidence: &evidence{labels: []label{l}}}
	for metric, want := range map[string]bond{"bleurt": itself, "rougeL": overlap, "la-rouge1": overlap, "chrf": apart} {
		if got, _ := b.bondOf(runs.System{Label: "rloo"}, metric); got != want {
			t.Errorf("%s: got %v, want %v", metric, got, want)
		}
	}
	if got, want := b.optimised(runs.System{Label: "rloo"}, "rougeL"), ", overlap of the kind that the learned scorer, which the reward contains, was trained on"; got != want {
		t.Errorf("a clause says %q, want %q", got, want)
	}
	l.settings["scorer.path"] = "BLEURT-20"
	if got, _ := b.bondOf(runs.System{Label: "rloo"}, "rougeL"); got != apart {
		t.Errorf("a scorer that starts from another model, of which no metric tells whose it is: got %v", got)
	}
}
