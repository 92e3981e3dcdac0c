package stages

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/scorer"
)

// load reads the text of a sweep file in a folder of its own.
func load(t *testing.T, text string) (*experiments.Sweep, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.toml")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return Schema().Load(path, experiments.LoadOptions{})
}

func TestTheSchemaIsWhole(t *testing.T) {
	s := Schema()
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	for _, k := range Kinds() {
		if k.Name == "" || k.Version < 1 || k.Reads == nil || k.Run == nil {
			t.Errorf("the kind %q lacks something: %+v", k.Name, k)
		}
		// A key that the schema does not have would panic here.
		experiments.NewProjection(k.Reads(s.Default()), k.Cost).Of(s.Default())
	}
}

func TestKeysOfBeforeNameTheNewOnes(t *testing.T) {
	if len(renamed) == 0 {
		t.Fatal("no key was renamed")
	}
	fields, err := Schema().Reference()
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, f := range fields {
		if f.Type != "table" {
			keys[f.Key] = true
		}
	}
	for old, now := range renamed {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(keys)), func(key string) bool { return key == now || strings.HasPrefix(key, now+".") }) {
			t.Errorf("%s is called %s, and that is no key", old, now)
		}
	}
	tried := 0
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		for old, now := range renamed {
			rest, ok := strings.CutPrefix(key, now)
			if !ok || rest != "" && rest[0] != '.' {
				continue
			}
			tried++
			old += rest
			at := strings.LastIndexByte(old, '.')
			for _, text := range []string{old + " = 1\n", "[" + old[:at] + "]\n" + old[at+1:] + " = 1\n"} {
				_, err := load(t, text)
				if want := old + ": is called " + key + " now"; err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q: got %v, expected an error that says %q", text, err, want)
				}
			}
		}
	}
	if tried < len(renamed)+10 {
		t.Errorf("only %d old keys have a new one", tried)
	}
}

func TestSettingsThatCannotBeAreRefusedWhenTheFileIsRead(t *testing.T) {
	for text, want := range map[string]string{
		// The learned metric has to be trained, and a temperature is chosen before.
		"decode.sample.tune_on = \"bleurt\"": `sweep.toml:1: decode.sample.tune_on: bleurt is trained beside the policies`,
		"decode.mbr.utility = \"coverage\"":  "sweep.toml:1: decode.mbr.utility: coverage does not say how near a candidate is to another",
		"decode.mbr.utility = \"rogueL\"":    `sweep.toml:1: decode.mbr.utility: unknown utility "rogueL"; did you mean "rougeL"?`,
		"decode.a.candidates = 8":            "sweep.toml:1: decode.a.candidates: candidates are drawn with the strategies mbr and best-of-n only, and that of a is sample",
		"decode.a.utility = \"bleu\"":        "sweep.toml:1: decode.a.utility: a utility chooses among candidates with the strategies mbr and best-of-n only, and that of a is sample",
		"decode.mbr.utility = \"la-rougeL\"\nmetrics.length_adjustment = \"length-normalised\"": "sweep.toml:2: metrics.length_adjustment: the utility la-rougeL, by which mbr chooses without references, cannot be computed",
		"rl.select_on = \"la-rougeL\"":                          "sweep.toml:1: rl.select_on: la-rougeL chooses among evaluations on dev, and with eval_every = 0 there are none",
		"rl.eval_every = 5\nrl.patience = 2":                    "sweep.toml:2: rl.patience: patience waits for a better evaluation on dev",
		"mle.select_on = \"repetition\"":                        "sweep.toml:1: mle.select_on: a higher repetition is not better, so it cannot choose among policies; la-rougeL can",
		"mle.select_on = \"bleurt\"":                            "sweep.toml:1: mle.select_on: bleurt is trained beside the policies",
		"mle.select_on = \"la-rougel\"":                         `sweep.toml:1: mle.select_on: unknown metric "la-rougel"; did you mean "la-rougeL"?`,
		"decode.greedy.temperatures = [0.5]":                    "sweep.toml:1: decode.greedy.temperatures: temperatures are tried with the strategies sample, mbr, best-of-n and best only, and that of greedy is greedy",
		"decode.matched.temperatures = [0.5]":                   "temperatures are tried with the strategies sample, mbr, best-of-n and best only, and that of matched is matched",
		"decode.best.tune_on = \"bleurt\"":                      "sweep.toml:1: decode.best.tune_on: bleurt is trained beside the policies, and cannot choose on dev",
		"decode.best.top_p = 0.5":                               "sweep.toml:1: decode.best.top_p: top_ps, and not a top_p, are tried with the strategy best, and that of best is best",
		"decode.best.beam_widths = [1, 4]":                      "sweep.toml:1: decode.best.beam_widths: 1 is out of range: from 2 to 1024",
		"decode.best.beam_widths = [4, 4]":                      "sweep.toml:1: decode.best.beam_widths: 4 is listed twice",
		"decode.beam.beam_widths = [4]":                         "sweep.toml:1: decode.beam.beam_widths: beam_widths are tried with the strategy best only, and that of beam is beam",
		"decode.beam.length_penalties = [1]":                    "length_penalties are tried with the strategy best only, and that of beam is beam",
		"decode.sample.top_ps = [0.9]":                          "top_ps are tried with the strategy best only, and that of sample is sample",
		"decode.best-of-n.by = \"rewards\"":                     `decode.best-of-n.by: unknown criterion "rewards"; one of reward, reference`,
		"decode.mbr.by = \"reference\"":                         "decode.mbr.by: by says what the strategy best-of-n chooses by, and that of mbr is mbr",
		"decode.best-of-n.utility = \"bleu\"":                   "decode.best-of-n.utility: the strategy best-of-n has a utility where it chooses by = \"reference\" only",
		"decode.matched.top_k = 5":                              "decode.matched.top_k: entropies are matched over all tokens, without a top_k, and that of matched is matched",
		"decode.matched.top_p = 0.5":                            "decode.matched.top_p: entropies are matched over all tokens, without a top_p",
		"decode.sample.dev_examples = 9":                        "decode.sample.dev_examples: dev_examples are those of the strategy matched, and that of sample is sample",
		"algorithm = \"none\"\ndecode.a.strategy = \"matched\"": "sweep.toml:2: decode.a.strategy: a matches the entropy of the MLE policy to that of what an algorithm makes of it, and the algorithm is none: it would match itself; decode.a.enabled = false takes it out",
		"algorithm = \"none\"\n[decode.matched]":                "matched matches the entropy of the MLE policy",
		"rl.minibatches = 25":                                   "sweep.toml:1: rl.minibatches: 25 minibatches cannot be made of 24 prompts",
		"rl.prompts = 1":                                        "sweep.toml:1: rl.prompts: 2 minibatches cannot be made of 1 prompts",
		"reward.learned.weight = 0\nreward.length.weight = 0\nreward.ending.weight = 0\nreward.repetition.weight = 0": "no [[reward]] of a weight other than 0 is listed",
		"model.path = \"\"\nmodel.max_position_embeddings = 100":                                                      "sweep.toml:2: model.max_position_embeddings: max_prompt_tokens and max_response_tokens make 160",
		"algorithm = \"rule\"\nrule.unit = \"paragraphs\"":                                                            `sweep.toml:2: rule.unit: unknown unit "paragraphs"; one of words, sentences`,
		"rule.lengths = [7, 0]":                                   "sweep.toml:1: rule.lengths: 0 is out of range: at least 1",
		"rule.lengths = [7, 7]":                                   "sweep.toml:1: rule.lengths: 7 is listed twice",
		"rule.length = 7":                                         "sweep.toml:1: rule.length: unknown key; did you mean \"rule.lengths\"?",
		"rule.tune_on = \"bleurt\"":                               "sweep.toml:1: rule.tune_on: bleurt is trained beside the policies",
		"algorithm = \"rule\"\ndecode.greedy.enabled = false":     "sweep.toml:2: decode.greedy.enabled: a rule has no decoding but greedy, which is not enabled",
		"algorithm = \"rule\"\ndecode.greedy.strategy = \"beam\"": "sweep.toml:2: decode.greedy.strategy: a rule has the decoding greedy with the strategy greedy, and that of greedy is beam",
		"task.chat = true":                                        "sweep.toml:1: task.chat: chat needs the chat template of a Hugging Face folder",
		"algorithm = \"pqo\"":                                     "sweep.toml:1: algorithm: unknown algorithm",
	} {
		if _, err := load(t, text+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, expected an error that says %q", text, err, want)
		}
	}
	// Utilities that need nothing else, and temperatures for them, can be.
	for _, text := range []string{
		"decode.mbr.temperatures = [0.5, 1]",
		"decode.mbr.utility = \"chrf\"\nmetrics.length_adjustment = \"length-normalised\"",
		"decode.best = {}\ndecode.matched = { dev_examples = 9 }\ndecode.best-of-n.temperatures = [0.5, 1]",
		"decode.a = { strategy = \"best-of-n\", by = \"reference\", utility = \"bleu\", candidates = 4 }",
		"algorithm = \"none\"\ndecode.matched.enabled = false",
		"decode.a = { strategy = \"mbr\", utility = \"la-rouge2\", candidates = 64 }",
	} {
		if _, err := load(t, text+"\n"); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
	// What a run does not use does not matter.
	for _, text := range []string{"algorithm = \"none\"\nrl.minibatches = 25\n", "algorithm = \"rule\"\ndecode.sample = { strategy = \"greedy\", candidates = 3 }\n"} {
		if _, err := load(t, text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestFilesOfTheScorerLieByTheSweepFile(t *testing.T) {
	sweep, err := load(t, "scorer.path = \"encoder\"\nscorer.ratings = \"ratings.jsonl\"\n")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(sweep.File)
	s := experiments.Get[scorer.Settings](sweep.Runs[0].Config, "scorer")
	if s.Path != filepath.Join(folder, "encoder") || s.Ratings != filepath.Join(folder, "ratings.jsonl") {
		t.Errorf("path %q, ratings %q", s.Path, s.Ratings)
	}
	err = sweep.CheckFiles()
	for _, want := range []string{"sweep.toml:1: scorer.path: there is no ", "sweep.toml:2: scorer.ratings: there is no "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected an error that says %q", err, want)
		}
	}
}

func TestPoliciesLearnAtTheTemperatureThatIsReported(t *testing.T) {
	c := Default()
	learned, _ := c.Value("rl.temperature")
	if reported, ok := c.Value("decode.sample.temperature"); !ok || learned != reported {
		t.Errorf("responses are sampled at %v, outputs at %v", learned, reported)
	}
}

func TestLikelihoodsNeedAModel(t *testing.T) {
	names := "[metrics]\nnames = [\"rougeL\", \"likelihood_source\"]\n"
	if _, err := load(t, names); err == nil || !strings.Contains(err.Error(), "sweep.toml:2: ") || !strings.Contains(err.Error(), "likelihood.model") {
		t.Errorf("without a model: %v", err)
	}
	if _, err := load(t, names+"[likelihood]\nmodel = \"x\"\nsource_prompt = \"TL;DR\"\n"); err == nil || !strings.Contains(err.Error(), "holds {source} 0 times") {
		t.Errorf("a prompt without a place: %v", err)
	}
	if _, err := load(t, "[decode.tuned]\nstrategy = \"sample\"\ntemperatures = [0.5, 1]\ntune_on = \"likelihood\"\n"); err == nil || !strings.Contains(err.Error(), "needs a model of its own") {
		t.Errorf("tuning on a likelihood: %v", err)
	}
	sweep, err := load(t, names+"[likelihood]\nmodel = \"../likelihood/testdata/nowhere\"\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPretrained(sweep.Runs[0].Config); err == nil || !strings.Contains(err.Error(), "likelihood.model: ") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("a folder that is not there: %v", err)
	}
}

// TestLikelihoodsChangeOnlyTheirOwnKeys compares what a score stage's key is made of.
func TestLikelihoodsChangeOnlyTheirOwnKeys(t *testing.T) {
	key := func(text string) string {
		t.Helper()
		sweep, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		c := sweep.Runs[0].Config
		return string(experiments.NewProjection(scoreKind.Reads(c), scoreKind.Cost).Of(c).Identity)
	}
	plain := key("[metrics]\nnames = [\"rougeL\"]\n")
	if strings.Contains(plain, "likelihood") || key("[metrics]\nnames = [\"rougeL\"]\n[likelihood]\nmodel = \"x\"\n") != plain {
		t.Errorf("a run without likelihoods: %s", plain)
	}
	names := "[metrics]\nnames = [\"likelihood\"]\n[likelihood]\nmodel = "
	if key(names+"\"x\"\n") != key(names+"\"y\"\nbatch_tokens = 64\n") {
		t.Error("where the model lies, and batches, are part of the key")
	}
	if key(names+"\"x\"\n") == key(names+"\"x\"\nstart = \"<s>\"\n") {
		t.Error("the start token is no part of the key")
	}
	names = "[metrics]\nnames = [\"bertscore\"]\n[bertscore]\nmodel = "
	if key(names+"\"x\"\n") != key(names+"\"y\"\nbatch_tokens = 64\nbaseline = \"z\"\n") {
		t.Error("where the encoder and the baseline lie, and batches, are part of the key")
	}
	if key(names+"\"x\"\n") == key(names+"\"x\"\nidf = true\n") {
		t.Error("idf is no part of the key")
	}
}

func TestBERTScoreNeedsAnEncoder(t *testing.T) {
	names := "[metrics]\nnames = [\"rougeL\", \"bertscore\"]\n"
	if _, err := load(t, names); err == nil || !strings.Contains(err.Error(), "sweep.toml:2: ") || !strings.Contains(err.Error(), "bertscore.model") {
		t.Errorf("without a model: %v", err)
	}
	encoders, err := filepath.Abs("../encoder/testdata")
	if err != nil {
		t.Fatal(err)
	}
	check := func(text string) error {
		t.Helper()
		sweep, err := load(t, names+"[bertscore]\n"+text)
		if err != nil {
			t.Fatal(err)
		}
		return checkPretrained(sweep.Runs[0].Config)
	}
	for text, want := range map[string]string{
		"model = '" + encoders + "/nowhere'\nlayer = 2\n":                    "bertscore.model: ",
		"model = '" + encoders + "/bert'\nlayer = 7\n":                       "bertscore.layer is 7, and ",
		"model = '" + encoders + "/bert'\nlayer = 2\nbaseline = 'nowhere'\n": "bertscore.baseline: ",
	} {
		if err := check(text); !errors.As(err, new(Mistake)) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, expected a mistake that says %q", err, want)
		}
	}
	if err := check("model = '" + encoders + "/bert'\nlayer = 2\n"); err != nil {
		t.Error(err)
	}
}

func TestFaithfulnessNeedsAClassifier(t *testing.T) {
	names := "[metrics]\nnames = [\"faithfulness\"]\n"
	if _, err := load(t, names); err == nil || !strings.Contains(err.Error(), "sweep.toml:2: ") || !strings.Contains(err.Error(), "faithfulness.model") {
		t.Errorf("without a model: %v", err)
	}
	causal, err := filepath.Abs("../likelihood/testdata/model")
	if err != nil {
		t.Fatal(err)
	}
	sweep, err := load(t, names+"[faithfulness]\nmodel = '"+causal+"'\n")
	if err != nil {
		t.Fatal(err)
	}
	err = checkPretrained(sweep.Runs[0].Config)
	if want := `faithfulness.model: reading ` + causal + `/config.json: model_type is "llama"; expected one of bert`; !errors.As(err, new(Mistake)) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, expected a mistake that says %q", err, want)
	}
}

// What compares texts cuts them into words as the scores in the report do.
func TestWhatComparesTextsReadsHow(t *testing.T) {
	const text = "[mle]\neval_every = 5\nselect_on = \"la-rougeL\"\n[reward_model]\nranked = 0.5\n[decode.best]\nstrategy = \"best\"\n" +
		"[[reward]]\nname = \"learned\"\n[[reward]]\nname = \"rougeL\"\n[[variant]]\nname = \"rloo\"\nalgorithm = \"rloo\"\n"
	part := func(k Kind, text string) string {
		t.Helper()
		sweep, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		c := sweep.Runs[0].Config
		return string(experiments.NewProjection(k.Reads(c), k.Cost).Of(c).Identity)
	}
	for _, k := range []Kind{mleKind, samplesKind, rewardKind, policyKind, rewardEvalKind, decodeKind, scoreKind} {
		if part(k, text) == part(k, text+"[metrics]\ntokenizer = \"unicode\"\n") {
			t.Errorf("%s: metrics.tokenizer is no part of the key", k.Name)
		}
	}
}

// Whatever a setting is multiplied with, indexes or asks memory for, its number is one
// that a computer can count with.
func TestNumbersHaveBounds(t *testing.T) {
	fields, err := Schema().Reference()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, f := range fields {
		if !strings.Contains(f.Type, "integer") {
			continue
		}
		key := strings.ReplaceAll(f.Key, "NAME", "mine")
		for _, value := range []string{"9223372036854775807", "-9223372036854775808", "4611686018427387904"} {
			if strings.HasPrefix(f.Type, "list") {
				value = "[" + value + "]"
			}
			tried++
			if _, err := load(t, key+" = "+value); err == nil || !strings.Contains(err.Error(), "out of range") {
				t.Errorf("%s = %s: error %v, want one that it is out of range", key, value, err)
			}
		}
	}
	for text, want := range map[string]string{
		"mle.epochs = 1e300":                "mle.epochs: 1e+300 is out of range: above 0, at most 1e+06",
		"rl.temperature = 1e-40":            "rl.temperature: 1e-40 is out of range: from 0.001 to 1000",
		"decode.sample.temperature = 1e-40": "out of range: from 0.001 to 1000",
		"lora.r = 1000000000":               "out of range: from 0 to 65536",

		"decode.beam.beams = 1000000000": "out of range: from 1 to 1024",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
	if tried < 100 {
		t.Errorf("%d values tried, expected more", tried)
	}
}
