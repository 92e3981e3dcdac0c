package stages

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"lastmile/experiments"
	"lastmile/experiments/builtin"
	"lastmile/harness/chat"
	"lastmile/harness/data"
	"lastmile/harness/foreign"
	"lastmile/harness/model"
	"lastmile/harness/stage"
	"lastmile/harness/tokenizer"
	"lastmile/harness/torch"
	"lastmile/harness/train"
)

// Language is the tokenizer of a model's folder and the task's codec in it.
type Language struct {
	*tokenizer.Tokenizer
	Codec *data.Codec
	// rows is how many tokens the folder's model has; 0 where none lies there.
	rows int
}

// VocabSize is the number of tokens that the model can read and write: it may have
// fewer than the tokenizer.
func (l Language) VocabSize() int {
	if l.rows > 0 {
		return min(l.rows, l.Tokenizer.VocabSize())
	}
	return l.Tokenizer.VocabSize()
}

// checkTokens fails where the model in a folder lacks an end token, or a token that a
// text of the task has.
func (l Language) checkTokens(dir string, task data.Task) error {
	if l.rows == 0 || l.Tokenizer.VocabSize() <= l.rows {
		return nil
	}
	lacks := func(ids []int) error {
		for _, id := range ids {
			if id >= l.rows {
				return fmt.Errorf("the tokenizer in %s gives %q the id %d, and the model has %d tokens", dir, l.Token(id), id, l.rows)
			}
		}
		return nil
	}
	if err := lacks(l.Ends()); err != nil {
		return err
	}
	for _, split := range data.Splits() {
		examples, err := data.Read(task, split)
		if err != nil {
			return err
		}
		for _, e := range examples {
			response, _ := l.Codec.Response(e.References[0])
			if err := lacks(append(l.Codec.Prompt(e), response...)); err != nil {
				return fmt.Errorf("example %s of %s: %w", e.ID, split, err)
			}
		}
	}
	return nil
}

// OpenLanguage reads the tokenizer of a folder, or of the model that ships with
// lastmile ("builtin"). The task's prompts are put into the folder's chat template
// where the task says so.
func OpenLanguage(dir string, task data.Task) (Language, error) {
	t, err := loadTokenizer(dir)
	if err != nil {
		return Language{}, err
	}
	template, err := chatOf(task, dir)
	if err != nil {
		return Language{}, err
	}
	codec, err := data.NewCodec(task, t, t.Ends(), template)
	return Language{t, codec, rowsOf(dir)}, err
}

// rowsOf is how many tokens the model of a folder has; 0 where that is not known.
func rowsOf(dir string) int {
	var config struct {
		VocabSize int `json:"vocab_size"`
	}
	text, err := foreign.Read(filepath.Join(dir, "config.json"))
	if err != nil || json.Unmarshal(text, &config) != nil {
		return 0
	}
	return config.VocabSize
}

// TokenizerFolder is where the tokenizer of a run's model lies, as [OpenLanguage]
// takes it; where the model is trained from scratch, that of the one that ships with
// lastmile stands for its own.
func TokenizerFolder(c experiments.Config) string {
	if folder := experiments.Get[model.Settings](c, "model").Path; folder != "" {
		return folder
	}
	return model.Builtin
}

func loadTokenizer(dir string) (*tokenizer.Tokenizer, error) {
	if dir == model.Builtin {
		return tokenizer.LoadFS(builtin.Files, "tokenizer.json")
	}
	return tokenizer.Load(dir)
}

// chatOf reads the chat template of a folder, nil where the task does without.
func chatOf(task data.Task, dir string) (*chat.Template, error) {
	if !task.Chat {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, task.ChatDate)
	if err != nil && task.ChatDate != "" {
		return nil, fmt.Errorf("task.chat_date: there is no %s", task.ChatDate)
	}
	asked := false
	template, err := chat.Load(dir, func() time.Time {
		asked = true
		return day
	})
	if err != nil {
		return nil, fmt.Errorf("task.chat: %w", err)
	}
	const said = "lastmile"
	prompt, err := template.Prompt([]chat.Message{{Role: "user", Content: said}})
	if err != nil {
		return nil, fmt.Errorf("task.chat: %w", err)
	}
	if asked && task.ChatDate == "" {
		return nil, fmt.Errorf("task.chat_date: the chat template in %s tells the model the date, and prompts have to be the same on any day; say which it is to be", dir)
	}
	if !strings.Contains(prompt, said) {
		return nil, fmt.Errorf("task.chat: the chat template in %s leaves out what the user says: every prompt would be %q", dir, prompt)
	}
	return template, nil
}

// InChat returns a task whose prompt is what the user says in the chat template
// of a folder, where the task says so: what prompts look like.
func InChat(task data.Task, dir string) (data.Task, error) {
	template, err := chatOf(task, dir)
	if template != nil {
		task.Prompt, err = template.Prompt([]chat.Message{{Role: "user", Content: task.Prompt}})
	}
	return task, err
}

// sequences are examples as training texts: the prompt, and the first
// reference as the response to learn.
func (l Language) sequences(examples []data.Example) []train.Sequence {
	out := make([]train.Sequence, len(examples))
	for i, e := range examples {
		prompt := l.Codec.Prompt(e)
		response, _ := l.Codec.Response(e.References[0])
		out[i] = train.Sequence{Tokens: append(prompt, response...), Prompt: len(prompt)}
	}
	return out
}

// texts are what stages that learn from the task's texts begin with.
type texts struct {
	common
	Language
	train, dev []data.Example
}

// openTexts reads the settings that such stages share, the tokenizer of the input of a
// name, and the examples of train and dev.
func openTexts(job *stage.Job, input string) (t texts, err error) {
	if err := job.Read("", &t.common); err != nil {
		return t, err
	}
	if t.Language, err = OpenLanguage(job.Inputs[input], t.Task); err != nil {
		return t, err
	}
	t.train, t.dev, err = trainAndDev(job)
	return t, err
}

// trainAndDev reads the examples of train and dev.
func trainAndDev(job *stage.Job) (train, dev []data.Example, err error) {
	if train, err = data.ReadExamples(splitFile(job.Inputs[Prepare], data.Train)); err != nil {
		return nil, nil, err
	}
	dev, err = readDev(job)
	return train, dev, err
}

// LoadModel reads the model of a folder, which must have room for the task's
// texts.
func LoadModel(s *torch.Session, dir string, task data.Task) (*model.Model, error) {
	m, err := model.Load(s, dir)
	if err != nil {
		return nil, err
	}
	return m, checkRoom(m.Config, dir, task)
}

// checkRoom tells whether prompt and response of a task fit the positions of the
// model in a folder.
func checkRoom(c model.Config, dir string, task data.Task) error {
	if n := task.MaxPromptTokens + task.MaxResponseTokens; n > c.MaxPositionEmbeddings {
		return fmt.Errorf("task.max_prompt_tokens %d and task.max_response_tokens %d are %d tokens, more than the %d positions that the model in %s has",
			task.MaxPromptTokens, task.MaxResponseTokens, n, c.MaxPositionEmbeddings, dir)
	}
	return nil
}

// common are the settings that most stages read.
type common struct {
	Seed int        `json:"seed"`
	Task data.Task  `json:"task"`
	LoRA model.LoRA `json:"lora"`
}

// textKeys are the keys of the task that make tokens of texts.
var textKeys = []string{"task.prompt", "task.chat", "task.chat_date", "task.response", "task.max_prompt_tokens", "task.max_response_tokens"}

// trainingKeys are the keys that every stage that trains a language model reads,
// with others.
func trainingKeys(c experiments.Config, others ...string) []string {
	keys := append(append([]string{"seed"}, textKeys...), others...)
	if withLoRA(c) {
		keys = append(keys, "lora")
	}
	return keys
}

// withLoRA tells whether a run trains adapters.
func withLoRA(c experiments.Config) bool { return experiments.Get[model.LoRA](c, "lora").R > 0 }

func hooks(job *stage.Job) train.Hooks {
	return train.Hooks{Dir: job.Dir, Progress: job.Progress, Tokens: job.Tokens}
}

// WithSession opens a session for the time of f.
func WithSession(threads int, device string, f func(s *torch.Session) error) error {
	s, err := torch.Open(torch.Options{Threads: threads, Device: device})
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// adapted is the model that a stage trains: m itself or, with LoRA, adapters of
// it.
func adapted(m *model.Model, c common, stage string) (*model.Model, error) {
	if c.LoRA.R == 0 {
		return m, nil
	}
	return m.Adapt(c.LoRA, c.Seed, stage)
}

// AdapterFolder is where a stage's folder holds the adapters that it trained.
func AdapterFolder(dir string) string { return filepath.Join(dir, "adapter") }

// savePolicy writes a Hugging Face folder with the model and the tokenizer, and
// the model's adapters, which are merged there, beside them.
func savePolicy(m *model.Model, t *tokenizer.Tokenizer, dir string) error {
	if m.Adapted() {
		if err := m.SaveAdapter(AdapterFolder(dir), ""); err != nil {
			return fmt.Errorf("saving the adapters to %s: %w", filepath.Base(dir), err)
		}
	}
	if err := m.Save(dir); err != nil {
		return fmt.Errorf("saving the model to %s: %w", filepath.Base(dir), err)
	}
	return t.Save(dir)
}
