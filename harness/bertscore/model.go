package bertscore

import (
	"fmt"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/torch"
)

// Model is an encoder that matches the tokens of texts. It belongs to the goroutine that
// opened it, which is the one to use and close it.
type Model struct {
	settings Settings
	baseline baseline
	encoder  *encoder.Encoder
	reader   encoder.Reader
	name     string // in signatures
	// tokens are those of each text that was read, and known what pairs matched so
	// far, so that a text that post-processing leaves as it was costs nothing and
	// keeps its score to the last digit.
	tokens map[string][]int
	known  map[pair]matched
}

// Open loads the encoder of the settings, to compute with so many threads on a device as
// [torch.Options] names it. It locks the goroutine to its thread until Close.
func Open(settings Settings, threads int, device string) (*Model, error) {
	m := &Model{settings: settings, tokens: make(map[string][]int), known: make(map[pair]matched)}
	c, b, err := settings.read()
	if err != nil {
		return nil, err
	}
	m.baseline = b
	if m.name, err = encoder.Name(settings.Model, c); err != nil {
		return nil, err
	}
	v, err := encoder.ReadVocabulary(settings.Model, c)
	if err != nil {
		return nil, err
	}
	m.reader = encoder.NewReader(v, c)
	if v.MaxLength > 0 {
		m.reader.Limit = min(m.reader.Limit, v.MaxLength)
	}
	s, err := torch.Open(torch.Options{Threads: threads, Device: device})
	if err != nil {
		return nil, err
	}
	if m.encoder, err = encoder.Load(s, settings.Model, c, false, encoder.Stored); err != nil {
		s.Close()
		return nil, fmt.Errorf("opening the encoder of BERTScore: %w", err)
	}
	return m, nil
}

// Close frees the encoder's memory and its thread.
func (m *Model) Close() error {
	s := m.encoder.Session()
	err := s.Err()
	s.Close()
	return err
}

// row is a text as the encoder reads it.
func (m *Model) row(text string) encoder.Row {
	text = strings.TrimSpace(text)
	if text == "" {
		return m.reader.Row(nil)
	}
	return m.reader.Row(m.reader.Spaced(text))
}
