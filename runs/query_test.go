package runs

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
)

func TestScoresAreAlignedByExample(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 3)
	// Another score stage for one run, with a metric and an example missing.
	must(t, s.AddStage(ctx, stage("score", "again", 900), Content{Task: "p", Split: "test", Signatures: map[string]string{"rougeL": "rougeL|v:2"},
		Scores: []Score{{"e2", "raw", "rougeL", 0.9}, {"e0", "raw", "rougeL", 0.7}}}))
	must(t, s.Link(ctx, "mle-1", "sample", "again"))

	scores, err := s.Scores(ctx, "tiny")
	must(t, err)
	if got := fmt.Sprint(scores.Examples); got != "[e0 e1 e2]" {
		t.Errorf("examples %s", got)
	}
	var order []string
	for _, system := range scores.Systems {
		order = append(order, system.Label+"/"+system.Form+fmt.Sprint(system.Seeds))
	}
	if got := strings.Join(order, " "); got != "ppo/raw[1 2] ppo/post[1 2] mle/raw[1 2] mle/post[2]" {
		t.Errorf("systems %s", got)
	}
	if got := fmt.Sprint(scores.Systems[0].Values["rougeL"]); got != "[[0.1 0.2 0.3] [0.2 0.3 0.4]]" {
		t.Errorf("ppo's scores %s", got)
	}
	mle := scores.Systems[2].Values
	if got := fmt.Sprint(mle["rougeL"]); got != "[[0.7 NaN 0.9] [0.3 0.4 0.5]]" {
		t.Errorf("mle's scores %s", got)
	}
	if got := mle["la-rougeL"]; len(got) != 2 || !math.IsNaN(got[0][0]) || got[1][0] != 0.25 {
		t.Errorf("mle's la-rougeL %v", got)
	}
	if got := fmt.Sprint(scores.Metrics); got != "[{la-rougeL la-rougeL|v:1} {rougeL rougeL|v:1} {rougeL rougeL|v:2}]" {
		t.Errorf("metrics %s", got)
	}
}

func TestOutputsCurvesAccuraciesDecodings(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 2)

	outputs, err := s.SystemOutputs(ctx, "tiny")
	must(t, err)
	if len(outputs) != 8 || outputs[0].Label != "ppo" || outputs[0].Form != "raw" || outputs[1].Seed != 2 || outputs[2].Form != "post" {
		t.Fatalf("outputs %+v", outputs)
	}
	if got := fmt.Sprint(outputs[0].Outputs); got != "[{e0 ppo-1 raw 3 true} {e1 ppo-1 raw 3 false}]" {
		t.Errorf("ppo's outputs %s", got)
	}
	examples, err := s.TaskExamples(ctx, "tiny")
	must(t, err)
	if got := fmt.Sprint(examples); got != "[{test e0 input 0 [one two]} {test e1 input 1 [one two]}]" {
		t.Errorf("examples %s", got)
	}
	curves, err := s.Curves(ctx, "tiny")
	must(t, err)
	if len(curves) != 8 || fmt.Sprint(curves[0]) != "{ppo 1 rl ppo-1/rl train kl [1 2] [0 0.5]}" {
		t.Errorf("curves %v", curves)
	}
	accuracies, err := s.RewardAccuracies(ctx, "tiny")
	must(t, err)
	if len(accuracies) != 8 || fmt.Sprint(accuracies[0]) != "{ppo 1 ppo-1/reward {copy true 0.9 100}}" {
		t.Errorf("accuracies %v", accuracies)
	}
	decodings, err := s.Decodings(ctx, "tiny")
	must(t, err)
	if len(decodings) != 4 || fmt.Sprint(decodings[0]) != "{ppo 1 sample {0.7 [{0.5 0.1} {0.7 0.2}]}}" {
		t.Errorf("decodings %v", decodings)
	}
}

func TestCosts(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	costs, err := s.Costs(ctx, "tiny")
	must(t, err)
	if len(costs) != 21 {
		t.Fatalf("%d stages, want 21", len(costs))
	}
	first := costs[0]
	if first.Kind != "prepare" || first.Runs != 4 || fmt.Sprint(first.Labels) != "[ppo mle]" || !first.Started.Equal(begun) {
		t.Errorf("the prepare stage is %+v", first)
	}
	if n := count(t, s, `SELECT count(*) FROM v_costs WHERE sweep = 'tiny' AND tokens_per_second = 20`); n != 21 {
		t.Errorf("v_costs has %d stages at 20 tokens a second, want 21", n)
	}
}

func TestViews(t *testing.T) {
	s := openStore(t)
	ingestSweep(t, s, 4)
	for query, want := range map[string]int{
		`SELECT count(*) FROM v_scores WHERE sweep = 'tiny'`:                                                       4 * 4 * 2 * 2,
		`SELECT count(*) FROM v_scores WHERE label = 'mle' AND seed = 2 AND decode = 'sample' AND form = 'raw'`:    8,
		`SELECT count(*) FROM v_summary WHERE n = 4`:                                                               16,
		`SELECT count(*) FROM v_summary WHERE metric = 'la-rougeL' AND mean = 0.25`:                                8,
		`SELECT count(*) FROM v_outputs WHERE form = 'post' AND text = 'mle-1 post' AND "references" LIKE '%two%'`: 4,
		`SELECT count(*) FROM v_curves WHERE stage = 'rl' AND curve = 'kl' AND step = 2 AND value = 0.5`:           4,
		`SELECT count(*) FROM v_reward_accuracy WHERE kind = 'copy' AND ended = 0 AND accuracy = 0.8`:              4,
		`SELECT count(*) FROM run_settings WHERE key = 'rl.kl.coefficient' AND value = '0.1'`:                      4,
	} {
		if got := count(t, s, query); got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

func TestRunByPrefix(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 1)
	run, err := s.Run(ctx, "mle-1")
	must(t, err)
	if run.Name != "mle-1" || len(run.Stages) != 6 || run.Stages[3].Role != "sample" || fmt.Sprint(run.Listed) != "[{tiny mle}]" || len(run.Settings) != 4 {
		t.Errorf("run %+v", run)
	}
	for prefix, n := range map[string]int{"mle": 2, "x": 0} {
		if _, err := s.Run(ctx, prefix); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d runs", n)) {
			t.Errorf("prefix %q: %v", prefix, err)
		}
	}
}

func TestTextsAndScoresOfARun(t *testing.T) {
	ctx := context.Background()
	s := openStore(t)
	ingestSweep(t, s, 2)
	texts, err := s.RunOutputs(ctx, "ppo-1")
	must(t, err)
	if len(texts) != 2 || texts[0].Decode != "sample" || texts[0].Form != "raw" || texts[1].Form != "post" {
		t.Fatalf("texts %+v", texts)
	}
	if got := fmt.Sprint(texts[0].Outputs); got != "[{e0 ppo-1 raw 3 true} {e1 ppo-1 raw 3 false}]" {
		t.Errorf("outputs %s", got)
	}
	if e := texts[0].Examples; len(e) != 2 || e[1].ID != "e1" || len(e[1].References) == 0 || e[1].Input == "" {
		t.Errorf("examples %+v", e)
	}
	scores, err := s.RunScores(ctx, "ppo-1", "rougeL")
	must(t, err)
	if got := fmt.Sprint(scores); got != "[{sample raw rougeL|v:1 map[e0:0.1 e1:0.2]} {sample post rougeL|v:1 map[e0:0.1 e1:0.2]}]" {
		t.Errorf("scores %s", got)
	}
	if texts, err := s.RunOutputs(ctx, "nothing"); err != nil || texts != nil {
		t.Errorf("of a run that is not there: %v %v", texts, err)
	}
}
