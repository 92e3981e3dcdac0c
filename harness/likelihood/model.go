package likelihood

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"path/filepath"

	"lastmile/harness/foreign"
	"lastmile/harness/kept"
	"lastmile/harness/model"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
)

// Model is a causal language model that says how likely texts are. It belongs to the
// goroutine that opened it, which is the one to use and close it.
type Model struct {
	settings  Settings
	model     *model.Model
	tokenizer *tokenizer.Tokenizer
	prompts   [4]prompt // by what is given
	start     int
	name      string // in signatures
	// known are the answers so far, so that a text that post-processing leaves as
	// it was costs nothing and keeps its score to the last digit.
	known map[question]float64
	kept  *kept.File // nil where nothing is kept
}

// Open loads the model of the settings, to compute with so many threads on a device as
// [torch.Options] names it. It locks the goroutine to its thread until Close. A folder
// that holds no causal language model, or lacks its tokenizer, is an error.
func Open(settings Settings, threads int, device string) (m *Model, err error) {
	m = &Model{settings: settings, known: make(map[question]float64)}
	defer func() {
		if err != nil {
			err = fmt.Errorf("opening the model of likelihoods: %w", err)
		}
	}()
	for given, of := range map[given][2]string{
		reference:  {settings.ReferencePrompt, referencePlace},
		hypothesis: {settings.RecallPrompt, hypothesisPlace},
		source:     {settings.SourcePrompt, sourcePlace},
	} {
		if m.prompts[given], err = splitPrompt(of[0], of[1]); err != nil {
			return nil, err
		}
	}
	config, err := settings.read(m)
	if err != nil {
		return nil, err
	}
	if m.name, err = nameOf(config, settings.Model); err != nil {
		return nil, err
	}
	s, err := torch.Open(torch.Options{Threads: threads, Device: device})
	if err != nil {
		return nil, err
	}
	if m.model, err = model.Load(s, settings.Model); err == nil && m.model.Head != nil {
		err = fmt.Errorf("%s holds a classifier, expected a causal language model", settings.Model)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return m, nil
}

// Check tells whether the model of the settings can be used, without reading its
// parameters.
func (s Settings) Check() error {
	_, err := s.read(new(Model))
	return err
}

// read reads what is not parameters: the configuration and, into m, the tokenizer and
// the start token.
func (s Settings) read(m *Model) (config model.Config, err error) {
	if config, err = model.ReadConfig(filepath.Join(s.Model, "config.json")); err != nil {
		return config, err
	}
	if _, err = model.WeightFiles(s.Model); err != nil {
		return config, err
	}
	if m.tokenizer, err = tokenizer.Load(s.Model); err != nil {
		return config, err
	}
	if n := m.tokenizer.VocabSize(); n > config.VocabSize {
		return config, fmt.Errorf("the tokenizer in %s has %d tokens and the model %d", s.Model, n, config.VocabSize)
	}
	m.start, err = startToken(s.Start, m.tokenizer, config)
	return config, err
}

// startToken is what stands in front of all that the model reads.
func startToken(name string, t *tokenizer.Tokenizer, c model.Config) (int, error) {
	id, known := t.ID(cmp.Or(name, tokenizer.EndOfText))
	switch {
	case known:
		return id, nil
	case name != "":
		return 0, fmt.Errorf("the start token %q is not in the vocabulary", name)
	case t.IsSpecial(c.BOSTokenID) && t.Token(c.BOSTokenID) != "":
		return c.BOSTokenID, nil
	}
	return t.EOS(), nil
}

// nameOf names a model by its type and the beginning of the SHA-256 of its files.
func nameOf(c model.Config, dir string) (string, error) {
	files, err := model.WeightFiles(dir)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range append(files, "config.json", "tokenizer.json") {
		f, err := foreign.Open(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s-%.4x", cmp.Or(c.ModelType, "causal"), sum.Sum(nil)), nil
}

// Keep has answers kept in a file, so that a process that asks the same and is interrupted
// computes nothing twice.
func (m *Model) Keep(in *kept.File) { m.kept = in }

// Close frees the model's memory and its thread.
func (m *Model) Close() error {
	s := m.model.Session()
	err := s.Err()
	s.Close()
	return err
}

// answer computes what is not known yet. progress is told how many of how many questions
// are answered; nil is told nothing.
func (m *Model) answer(ctx context.Context, progress func(done, total int), questions []question) error {
	var unknown []*asked
	seen := make(map[question]bool)
	for _, q := range questions {
		if _, known := m.known[q]; known || seen[q] {
			continue
		}
		seen[q] = true
		a, err := m.encode(q)
		if err != nil {
			return err
		}
		if len(a.response) == 0 {
			m.known[q] = m.empty()
			continue
		}
		unknown = append(unknown, a)
	}
	done := 0
	for _, batch := range batches(trees(unknown), m.settings.BatchTokens) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := m.compute(batch); err != nil {
			return fmt.Errorf("computing likelihoods: %w", err)
		}
		for _, t := range batch {
			done += len(t)
		}
		if progress != nil {
			progress(done, len(unknown))
		}
	}
	return nil
}

// compute answers the questions of a batch of trees, unless the answers were kept.
func (m *Model) compute(batch []tree) error {
	rows := make([]model.Tree, len(batch))
	questions := 0
	for i, t := range batch {
		rows[i] = t.row()
		questions += len(t)
	}
	answers, err := m.kept.Once(rows, questions, func() ([]float64, error) { return m.means(rows) })
	if err != nil {
		return err
	}
	for _, t := range batch {
		for _, a := range t {
			m.known[a.question], answers = answers[0], answers[1:]
		}
	}
	return nil
}

// means are the mean log-probabilities of the tokens of each response.
func (m *Model) means(rows []model.Tree) ([]float64, error) {
	var logprobs []float64
	err := m.model.Session().NoGrad(func() (err error) {
		b := model.NewBranches(m.model.Session(), rows)
		logprobs, err = m.model.Logprobs(m.model.HiddenAt(b.Input, b.Predict), b.Targets, 1).Value64s()
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []float64
	for _, row := range rows {
		for _, response := range row.Responses {
			n := len(response)
			all = append(all, mean(logprobs[:n]))
			logprobs = logprobs[n:]
		}
	}
	return all, nil
}
