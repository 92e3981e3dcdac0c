package graph

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/stages"
	"lastmile/metrics"
	"lastmile/runs"
)

// TestPretrainedMetricsOfRuns scores runs with random models, and again when the files of
// one change.
func TestPretrainedMetricsOfRuns(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../likelihood/testdata/model")); err != nil {
		t.Fatal(err)
	}
	encoder, err := filepath.Abs("../encoder/testdata/roberta")
	if err != nil {
		t.Fatal(err)
	}
	path := sweepFile(t, "algorithm = \"none\"\n[metrics]\nnames = [\"rouge1\", \"likelihood_source\", \"likelihood_reference\", \"bertscore\", \"faithfulness\"]\n"+
		"[likelihood]\nmodel = '"+dir+"'\n[bertscore]\nmodel = '"+encoder+"'\nlayer = 2\n[faithfulness]\nmodel = '"+encoder+"'\nmin_characters = 1\n")
	work := t.TempDir()
	run := func() Result {
		t.Helper()
		g, err := Plan(t.Context(), load(t, schema(), path), work)
		if err != nil {
			t.Fatal(err)
		}
		fake(g)
		result, err := g.Run(t.Context(), Options{Jobs: 1, Threads: 1})
		if err != nil || !result.Complete() {
			t.Fatalf("%+v %v", result, err)
		}
		return result
	}
	decodings := run().Computed // of which some are the scores
	store, err := runs.Open(t.Context(), runs.Path(work))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	scores, err := store.Scores(t.Context(), "sweep")
	if err != nil || len(scores.Systems) == 0 {
		t.Fatalf("%+v %v", scores, err)
	}
	for _, system := range scores.Systems {
		for _, name := range []string{metrics.LikelihoodSource, metrics.LikelihoodReference} {
			if of := system.Values[name]; len(of) != 1 || of[0][0] >= 0 || of[0][0] == of[0][1] {
				t.Errorf("%v: %s is %v", system.System, name, of)
			}
		}
		if of := system.Values[metrics.Faithfulness]; len(of) != 1 || of[0][0] == 0 || math.Abs(of[0][0]) > 1 {
			t.Errorf("%v: faithfulness is %v", system.System, of)
		}
		if of := system.Values[metrics.BERTScore]; len(of) != 1 || of[0][0] == 0 || of[0][0] > 1.001 {
			t.Errorf("%v: BERTScore is %v", system.System, of)
		}
	}
	if again := run(); again.Computed != 0 || again.Found != decodings {
		t.Errorf("the same once more: %+v", again)
	}
	config, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "config.json", strings.TrimSpace(string(config)))
	if again := run(); again.Computed == 0 || again.Computed >= decodings {
		t.Errorf("another model: %+v", again)
	}
	if err := os.Remove(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := Plan(t.Context(), load(t, schema(), path), work); err == nil || !strings.Contains(err.Error(), "likelihood.model: ") || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("without a tokenizer: %v", err)
	} else if !errors.As(err, new(stages.Mistake)) {
		t.Errorf("no mistake of the user's: %v", err)
	}
}
