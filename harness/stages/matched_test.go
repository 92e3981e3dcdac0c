package stages

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
)

func TestMatchEntropy(t *testing.T) {
	for _, test := range []struct {
		name        string
		wanted      float64
		entropy     func(t float64) float64
		temperature float64
		measured    int // at most
	}{
		{"the first is right", 1, func(t float64) float64 { return t }, 1, 1},
		{"a lower temperature", 0.3, func(t float64) float64 { return t }, 0.3, 9},
		{"a higher one", 5, func(t float64) float64 { return t }, 5, 10},
		{"curved", 1.5, func(t float64) float64 { return 3 * t * t / (1 + t*t) }, 1, 1},
		{"nothing is as sharp", 0, func(t float64) float64 { return t }, 1.0 / 64, 7},
		{"nothing is as flat", 100, func(t float64) float64 { return min(t, 2) }, 2, 7},
		{"a jump", 1.5, func(t float64) float64 {
			if t < 0.7 {
				return 1
			}
			return 1.7
		}, 0.7, 14},
	} {
		measured := 0
		got, reached, err := matchEntropy(1, test.wanted, func(t float64) (float64, error) {
			measured++
			return test.entropy(t), nil
		})
		if err != nil || reached != test.entropy(got) || measured > test.measured {
			t.Errorf("%s: entropy %g of temperature %g after %d tries, %v; want at most %d", test.name, reached, got, measured, err, test.measured)
		}
		near := math.Abs(reached-test.wanted) <= 0.01*test.wanted || math.Abs(got-test.temperature) <= 0.001*test.temperature
		if test.name == "a jump" {
			near = reached == 1.7
		}
		if !near {
			t.Errorf("%s: temperature %g, entropy %g; want %g of %g", test.name, got, reached, test.wanted, test.temperature)
		}
	}
	broken := errors.New("no memory")
	if _, _, err := matchEntropy(1, 1, func(float64) (float64, error) { return 0, broken }); err != broken {
		t.Errorf("got %v", err)
	}
}

// decoder is one over two artifacts: the examples that it reads as dev, and a model of
// one's own, which is both the policy and the MLE policy.
func decoder(t *testing.T, s *torch.Session, examples []data.Example) *Decoder {
	t.Helper()
	dir, prepared := t.TempDir(), t.TempDir()
	tok, err := tokenizer.Train(slices.Values([]string(nil)), 257, []string{tokenizer.EndOfText})
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(s, model.Config{
		VocabSize: 257, HiddenSize: 16, IntermediateSize: 32, NumHiddenLayers: 1, NumAttentionHeads: 2, NumKeyValueHeads: 2,
		HiddenAct: "silu", MaxPositionEmbeddings: 64, InitializerRange: 0.3, RMSNormEps: 1e-6, RopeTheta: 10000,
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(savePolicy(m, tok, dir), data.Write(splitFile(prepared, data.Dev), examples)); err != nil {
		t.Fatal(err)
	}
	task := experiments.Get[data.Task](Default(), "task")
	task.MaxPromptTokens, task.MaxResponseTokens = 32, 8
	l, err := OpenLanguage(dir, task)
	if err != nil {
		t.Fatal(err)
	}
	job := &stage.Job{
		Inputs:   map[string]string{Prepare: prepared, policyInput: dir, MLE: dir},
		Threads:  1,
		Progress: func(int, int, string) {},
		Tokens:   func(int) {},
	}
	return &Decoder{Job: job, Language: l, Model: m, Metrics: experiments.Get[Metrics](Default(), "metrics"), Name: "d", Seed: 1}
}

// someExamples are n examples whose references are letters.
func someExamples(n int) []data.Example {
	examples := make([]data.Example, n)
	for i := range examples {
		examples[i] = data.Example{ID: string(rune('a' + i)), Input: "text " + string(rune('a'+i)), References: []string{"a b c", string(rune('d' + i))}}
	}
	return examples
}

func TestAPolicyThatIsTheMLEPolicyMatchesAtItsOwnTemperature(t *testing.T) {
	s := modeltest.Open(t, torch.Float32)
	d := decoder(t, s, someExamples(12))
	o := decode.Default("matched")
	o.Temperature, o.DevExamples = 0.8, 9
	task := experiments.Get[data.Task](Default(), "task")
	task.MaxPromptTokens, task.MaxResponseTokens = 32, 8
	before := s.Live()
	if _, err := LoadModel(s, d.Job.Inputs[MLE], task); err != nil {
		t.Fatal(err)
	}
	one := s.Live() - before
	got, err := d.match(t.Context(), s, task, o)
	if err != nil {
		t.Fatal(err)
	}
	if got.Temperature != 0.8 || got.Entropies.Policy != got.Entropies.MLE || got.Entropies.Policy <= 0 {
		t.Errorf("temperature %g, entropies %+v; want 0.8 and the same twice", got.Temperature, got.Entropies)
	}
	if settled, err := got.Settled(o); err != nil || settled.Strategy != decode.Sample || settled.Temperature != 0.8 {
		t.Errorf("the test set is decoded with %+v, %v", settled, err)
	}
	// Of the two models that were loaded the policy is gone.
	if left := s.Live() - before - one; left != one {
		t.Errorf("%d tensors were left, those of one model are %d", left, one)
	}
	// Entropies follow from the examples and the temperature, whatever the batch.
	o.BatchSize = 2
	again, err := d.match(t.Context(), s, task, o)
	if err != nil || math.Abs(again.Entropies.Policy-got.Entropies.Policy) > 1e-5 {
		t.Errorf("entropy %g in small batches, %g in large ones; %v", again.Entropies.Policy, got.Entropies.Policy, err)
	}
	// A sharper policy is matched at a lower temperature.
	examples := someExamples(9)
	o.Temperature = 0.4
	wanted, err := d.entropy(t.Context(), examples, o)
	if err != nil {
		t.Fatal(err)
	}
	temperature, reached, err := matchEntropy(1, wanted, func(temperature float64) (float64, error) {
		o.Temperature = temperature
		return d.entropy(t.Context(), examples, o)
	})
	if err != nil || math.Abs(temperature-0.4) > 0.05 || math.Abs(reached-wanted) > 0.01*wanted {
		t.Errorf("temperature %g with entropy %g, %v; want about 0.4 and %g", temperature, reached, err, wanted)
	}
}

func TestBestOfNByReferenceIsBelowNoCandidate(t *testing.T) {
	d := decoder(t, modeltest.Open(t, torch.Float32), nil)
	examples := someExamples(9)
	sample := decode.Default("sample")
	o := decode.Default("best-of-n")
	o.By, o.Utility, o.Candidates = "reference", "chrf", 5
	outputs, err := d.Decode(t.Context(), examples, o, data.Test)
	if err != nil {
		t.Fatal(err)
	}
	candidates, err := d.respond(t.Context(), examples, decode.Options{Settings: sample, Samples: 5}, data.Test)
	if err != nil {
		t.Fatal(err)
	}
	score, err := d.byReference(examples, "chrf")
	if err != nil {
		t.Fatal(err)
	}
	later := 0
	for i, output := range outputs {
		scores, err := score(i, candidates[i])
		if err != nil {
			t.Fatal(err)
		}
		best := slices.Index(scores, slices.Max(scores))
		if want := d.Language.Codec.Text(candidates[i][best].Tokens); output.Text != want {
			t.Errorf("%s: %q, want candidate %d, %q", examples[i].ID, output.Text, best, want)
		}
		if best > 0 {
			later++
		}
	}
	if later == 0 {
		t.Error("the first sample was always the best; the test needs others")
	}
}

func TestTheBestDecodingOnDevIsTaken(t *testing.T) {
	d := decoder(t, modeltest.Open(t, torch.Float32), someExamples(9))
	o := decode.Default("best")
	o.TuneOn, o.Temperatures, o.TopPs, o.BeamWidths = "chrf", []float64{0.5, 2}, []float64{1}, []int{2}
	got, err := d.tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	best := 0
	for i, try := range got.Tuned {
		words = append(words, try.Decoding)
		if try.Score > got.Tuned[best].Score {
			best = i
		}
	}
	if want := []string{"greedy", "2 beams", "temperature 0.5", "temperature 2"}; !slices.Equal(words, want) || got.Chosen != words[best] {
		t.Errorf("tried %q, and chose %q of %+v", words, got.Chosen, got.Tuned)
	}
	settled, err := got.Settled(o)
	if err != nil || settled.Words() != got.Chosen || settled.Tunes() {
		t.Errorf("the test set is decoded with %+v, %v", settled, err)
	}
	got.Chosen = "7 beams"
	if _, err := got.Settled(o); err == nil {
		t.Error("what was not tried can be chosen")
	}
}

// TestDecodeFilesOfBeforeStayAsTheyWere: a temperature that was chosen is written, and
// read, as by earlier versions.
func TestDecodeFilesOfBeforeStayAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	const before = "{\n  \"temperature\": 0.7,\n  \"tuned\": [\n    {\n      \"temperature\": 0.5,\n      \"score\": 0\n    },\n" +
		"    {\n      \"temperature\": 0.7,\n      \"score\": 0.2\n    }\n  ]\n}\n"
	written := Decoding{Temperature: 0.7, Tuned: []tried{{Temperature: 0.5}, {Temperature: 0.7, Score: 0.2}}}
	if err := stage.WriteJSON(decodingFile(dir), written); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "decode.json")); err != nil || string(got) != before {
		t.Errorf("%v: decode.json is\n%swas\n%s", err, got, before)
	}
	d, err := ReadDecoding(dir)
	if err != nil || d.chosen() != "temperature 0.7" || d.Tuned[0].words() != "temperature 0.5" {
		t.Errorf("read %+v, %v", d, err)
	}
}
