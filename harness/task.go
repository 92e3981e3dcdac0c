package harness

import (
	"fmt"
	"path/filepath"

	"lastmile/experiments"
	"lastmile/harness/data"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// language is the tokenizer of a model's folder and the task's codec in it.
type language struct {
	*tokenizer.Tokenizer
	codec *data.Codec
}

func openLanguage(dir string, task experiments.Task) (language, error) {
	t, err := tokenizer.Load(dir)
	if err != nil {
		return language{}, err
	}
	codec, err := data.NewCodec(task, t, t.EOS())
	return language{t, codec}, err
}

// sequences are examples as training texts: the prompt, and the first
// reference as the response to learn.
func (l language) sequences(examples []data.Example) []train.Sequence {
	out := make([]train.Sequence, len(examples))
	for i, e := range examples {
		prompt := l.codec.Prompt(e)
		response, _ := l.codec.Response(e.References[0])
		out[i] = train.Sequence{Tokens: append(prompt, response...), Prompt: len(prompt)}
	}
	return out
}

// trainAndDev reads the examples of train and dev.
func trainAndDev(job *stage.Job) (train, dev []data.Example, err error) {
	if train, err = data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Train)); err != nil {
		return nil, nil, err
	}
	dev, err = data.ReadExamples(splitFile(job.Inputs[prepareKind], data.Dev))
	return train, dev, err
}

func hooks(job *stage.Job) train.Hooks {
	return train.Hooks{Dir: job.Dir, Progress: job.Progress, Tokens: job.Tokens}
}

// withSession opens a session for the time of f.
func withSession(threads int, f func(s *torch.Session) error) error {
	s, err := torch.Open(torch.Options{Threads: threads})
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// savePolicy writes a Hugging Face folder with the model and the tokenizer.
func savePolicy(m *model.Model, t *tokenizer.Tokenizer, dir string) error {
	if err := m.Save(dir); err != nil {
		return fmt.Errorf("saving the model to %s: %w", filepath.Base(dir), err)
	}
	return t.Save(dir)
}
