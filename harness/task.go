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
	if task, err = inChat(task, dir); err != nil {
		return language{}, err
	}
	codec, err := data.NewCodec(task, t, t.EOS())
	return language{t, codec}, err
}

// inChat returns a task whose prompt is what the user says, in the chat template
// of a folder, where the task says so.
func inChat(task experiments.Task, dir string) (experiments.Task, error) {
	if !task.Chat {
		return task, nil
	}
	chat, err := tokenizer.LoadChat(dir)
	if err != nil {
		return task, fmt.Errorf("task.chat: %w", err)
	}
	// The input's place is text like any other to the chat template.
	if task.Prompt, err = chat.Prompt(task.Prompt); err != nil {
		return task, fmt.Errorf("task.chat: %w", err)
	}
	return task, nil
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

// loadModel reads the model of a folder, which must have room for the task's
// texts.
func loadModel(s *torch.Session, dir string, task experiments.Task) (*model.Model, error) {
	m, err := model.Load(s, dir)
	if err != nil {
		return nil, err
	}
	return m, checkRoom(m.Config, dir, task)
}

// checkRoom tells whether prompt and response of a task fit the positions of the
// model in a folder.
func checkRoom(c model.Config, dir string, task experiments.Task) error {
	if n := task.MaxPromptTokens + task.MaxResponseTokens; n > c.MaxPositionEmbeddings {
		return fmt.Errorf("task.max_prompt_tokens %d and task.max_response_tokens %d are %d tokens, more than the %d positions that the model in %s has",
			task.MaxPromptTokens, task.MaxResponseTokens, n, c.MaxPositionEmbeddings, dir)
	}
	return nil
}

// checkModel tells, before anything is computed, whether the folder that
// model.path names holds a model that can be read and has room for the task.
func checkModel(c experiments.Config) error {
	dir := c.Model.Path
	if dir == builtinModel {
		return nil
	}
	config, err := model.ReadConfig(filepath.Join(dir, "config.json"))
	if err == nil {
		_, err = model.WeightFiles(dir)
	}
	if err == nil {
		err = checkRoom(config, dir, c.Task)
	}
	if err == nil {
		_, err = inChat(c.Task, dir)
	}
	if err != nil {
		return Mistake{fmt.Errorf("model.path: %w", err)}
	}
	return nil
}

func hooks(job *stage.Job) train.Hooks {
	return train.Hooks{Dir: job.Dir, Progress: job.Progress, Tokens: job.Tokens}
}

// withSession opens a session for the time of f.
func withSession(threads int, device string, f func(s *torch.Session) error) error {
	s, err := torch.Open(torch.Options{Threads: threads, Device: device})
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// adapted is the model that a stage trains: m itself or, with LoRA, adapters of
// it.
func adapted(m *model.Model, c experiments.Config, stage string) (*model.Model, error) {
	if c.LoRA.R == 0 {
		return m, nil
	}
	return m.Adapt(c.LoRA, c.Seed, stage)
}

// adapterFolder is where a stage's folder holds the adapters that it trained.
func adapterFolder(dir string) string { return filepath.Join(dir, "adapter") }

// savePolicy writes a Hugging Face folder with the model and the tokenizer, and
// the model's adapters, which are merged there, beside them.
func savePolicy(m *model.Model, t *tokenizer.Tokenizer, dir string) error {
	if m.Adapted() {
		if err := m.SaveAdapter(adapterFolder(dir), ""); err != nil {
			return fmt.Errorf("saving the adapters to %s: %w", filepath.Base(dir), err)
		}
	}
	if err := m.Save(dir); err != nil {
		return fmt.Errorf("saving the model to %s: %w", filepath.Base(dir), err)
	}
	return t.Save(dir)
}
