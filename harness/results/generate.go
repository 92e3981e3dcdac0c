package results

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lastmile/harness/algorithms"
	"lastmile/harness/decode"
	"lastmile/harness/model"
	"lastmile/harness/rule"
	"lastmile/harness/stages"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
	"lastmile/runs"
)

// Generation says what to write with which run.
type Generation struct {
	// Work is the work folder, and Run the name of a run in it.
	Work, Run string
	// Decode names one of the run's decodings; "" means greedy, or the first
	// where there is none of that name.
	Decode string
	// Inputs are the texts to put into the task's prompt.
	Inputs []string
	// Samples is the number of outputs for each input; more than one are drawn, so the
	// decoding has to sample.
	Samples int
	// Threads is the number of threads to compute with, Device where.
	Threads int
	Device  string
}

// atOnce is the number of inputs that are decoded together, the longest first: many
// enough that the end of each part, when few are left, costs little.
const atOnce = 1024

// Generate makes outputs for each input with a run's policy, as its decode stage decoded
// the test set, or by its rule, at the length that it chose, and passes them to write in
// the order of the inputs, each input's together, part by part as they are there.
func Generate(ctx context.Context, g Generation, write func(outputs []string) error) (err error) {
	store, err := Open(ctx, g.Work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	leave, err := enter(ctx, g.Work, "generate")
	if err != nil {
		return err
	}
	defer leave()
	run, err := findRun(ctx, store, g.Run)
	if err != nil {
		return err
	}
	c, err := stages.ReadConfig(run.Config)
	if err != nil {
		return err
	}
	name, err := decodingName(c, g.Decode)
	if err != nil {
		return err
	}
	how := experiments.Get[decode.Settings](c, "decode."+name)
	if how.ByReference() {
		return stages.Mistakef("%s chooses by the references of examples, and a text of one's own has none; the run has the decodings %s", name, strings.Join(c.Names("decode"), ", "))
	}

	folders := stageFolders(g.Work, run, name)
	if algorithms.IsRule(c) {
		if g.Samples > 1 {
			return stages.Mistakef("a rule has one output for a text, and %d are asked for", g.Samples)
		}
		outputs, err := byRule(run.Name, folders[stages.Decode], experiments.Get[rule.Settings](c, "rule"), g.Inputs)
		if err != nil {
			return err
		}
		return write(outputs)
	}
	policy, err := policyFolder(run, c, folders)
	if err != nil {
		return err
	}
	of := stages.RewardFolders{Policy: policy, MLE: folders[stages.MLE]}
	if how.Strategy == decode.Matched {
		of.Policy = of.MLE
	}
	if how.ByReward() {
		if of.Reward = folders[stages.Reward]; of.Reward == "" {
			return stages.Mistakef("run %s has no reward model yet, by which %s chooses: it is %s", run.Name, name, run.Status)
		}
	}
	if how.Tunes() || how.Strategy == decode.Matched {
		chosen, err := stages.ReadDecoding(folders[stages.Decode])
		if errors.Is(err, fs.ErrNotExist) {
			return stages.Mistakef("run %s has not chosen how %s decodes yet", run.Name, name)
		}
		if err != nil {
			return err
		}
		if how, err = chosen.Settled(how); err != nil {
			return err
		}
	}
	if g.Samples > 1 && how.Strategy != decode.Sample {
		return stages.Mistakef("decoding %s, of the strategy %s, has one output for a text, and %d are asked for; the run has the decodings %s", name, how.Strategy, g.Samples, strings.Join(c.Names("decode"), ", "))
	}
	return generate(ctx, of, name, how, c, g, write)
}

// byRule makes outputs by a run's rule, at the length that its decode stage, in the
// folder dir, chose.
func byRule(run, dir string, s rule.Settings, inputs []string) ([]string, error) {
	lengths := s.Candidates()
	if len(lengths) > 1 {
		chosen, err := stages.ReadDecoding(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, stages.Mistakef("run %s has not chosen the length of its rule yet", run)
		}
		if err != nil {
			return nil, err
		}
		lengths = slices.DeleteFunc(slices.Clone(lengths), func(length int) bool { return s.Name(length) != chosen.Chosen })
		if len(lengths) == 0 {
			return nil, fmt.Errorf("run %s was made by %q, which its rule does not try", run, chosen.Chosen)
		}
	}
	outputs := make([]string, len(inputs))
	for i, input := range inputs {
		outputs[i] = s.Apply(input, lengths[0])
	}
	return outputs, nil
}

// stageFolders are the folders of a run's stages, by kind; of those that a run
// has for each decoding, that of the decoding called name, and none of an earlier round.
func stageFolders(work string, run runs.RunDetails, name string) map[string]string {
	folders := map[string]string{}
	for _, st := range run.Stages {
		if st.Role != "" && st.Role != name {
			continue
		}
		folders[st.Kind] = stageFolder(work, st.Kind, st.Key)
	}
	return folders
}

// policyFolder is the folder of a run's trained policy.
func policyFolder(run runs.RunDetails, c experiments.Config, folders map[string]string) (string, error) {
	if algorithms.IsRule(c) {
		return "", stages.Mistakef("run %s has no policy: its outputs are made by a rule", run.Name)
	}
	policy := folders[stages.Policy]
	if algorithms.Chosen(c) == algorithms.None {
		policy = folders[stages.MLE]
	}
	if policy == "" {
		return "", stages.Mistakef("run %s has no trained policy yet: it is %s", run.Name, run.Status)
	}
	if _, err := os.Stat(policy); err != nil {
		return "", fmt.Errorf("the policy of run %s: %w", run.Name, err)
	}
	return policy, nil
}

// generate decodes the inputs with the policy in a folder, and passes each part's outputs
// to write.
func generate(ctx context.Context, of stages.RewardFolders, name string, how decode.Settings, c experiments.Config, g Generation, write func([]string) error) error {
	task := experiments.Get[data.Task](c, "task")
	if err := sound(ctx, of.Policy, of.MLE, of.Reward); err != nil {
		return err
	}
	l, err := stages.OpenLanguage(of.Policy, task)
	if err != nil {
		return err
	}
	examples := make([]data.Example, len(g.Inputs))
	for i, input := range g.Inputs {
		examples[i] = data.Example{ID: strconv.Itoa(i + 1), Input: input}
	}
	job := &stage.Job{
		Threads:  g.Threads,
		Device:   g.Device,
		Progress: func(int, int, string) {},
		Tokens:   func(int) {},
	}
	return stages.WithSession(g.Threads, g.Device, func(s *torch.Session) error {
		d := stages.Decoder{Job: job, Language: l, Metrics: experiments.Get[stages.Metrics](c, "metrics"), Name: name, Seed: c.Seed()}
		var err error
		if d.Model, err = stages.LoadModel(s, of.Policy, task); err != nil {
			return err
		}
		if how.ByReward() {
			if err := d.LoadReward(s, of, task, experiments.Get[model.LoRA](c, "lora")); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(examples, atOnce) {
			outputs, err := d.Samples(ctx, part, how, g.Samples, "generate")
			if err != nil {
				return err
			}
			var texts []string
			for _, of := range outputs {
				for _, o := range of {
					texts = append(texts, o.Text)
				}
			}
			if err := write(texts); err != nil {
				return err
			}
		}
		return nil
	})
}

// decodingName returns the name of the decoding of c that is asked for.
func decodingName(c experiments.Config, name string) (string, error) {
	names := c.Names("decode")
	if name == "" {
		if slices.Contains(names, "greedy") {
			return "greedy", nil
		}
		name = names[0]
	}
	if !slices.Contains(names, name) {
		return "", stages.Mistakef("the run has no decoding %q; it has %s", name, strings.Join(names, ", "))
	}
	return name, nil
}

// stageFolder is the folder of an artifact in a work folder.
func stageFolder(work, kind, key string) string {
	absolute, err := filepath.Abs(work)
	if err != nil {
		absolute = work
	}
	return (&stage.Store{Dir: absolute}).Folder(kind, key)
}

// enter says that this process reads a work folder until leave is called.
func enter(ctx context.Context, work, doing string) (leave func(), err error) {
	folder, err := stage.Open(work)
	if err != nil {
		return nil, err
	}
	return folder.Enter(ctx, doing)
}

// sound refuses artifacts that are not as their stages wrote them; a folder may be "",
// or hold none.
func sound(ctx context.Context, folders ...string) error {
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		kind, key := filepath.Split(folder)
		stored := &stage.Store{Dir: filepath.Dir(filepath.Dir(filepath.Clean(kind)))}
		if _, _, err := stored.Sound(ctx, filepath.Base(kind), key, stage.Quick); err != nil {
			return fmt.Errorf("%w; lastmile run computes it again", err)
		}
	}
	return nil
}
