package bertscore

import (
	"fmt"
	"strings"

	"lastmile/harness/encoder"
	"lastmile/harness/kept"
)

// Model is an encoder that matches the tokens of texts. It belongs to the goroutine that
// opened it, which is the one to use and close it.
type Model struct {
	settings Settings
	baseline baseline
	encoder  *encoder.Pretrained
	// tokens are those of each text that was read, and known what pairs matched so
	// far, so that a text that post-processing leaves as it was costs nothing and
	// keeps its score to the last digit.
	tokens map[string][]int
	known  map[pair]matched
	kept   *kept.File // nil where nothing is kept
}

// Open loads the encoder of the settings, to compute with so many threads on a device as
// [encoder.Open] names it. It locks the goroutine to its thread until Close.
func Open(settings Settings, threads int, device string) (*Model, error) {
	m := &Model{settings: settings, tokens: make(map[string][]int), known: make(map[pair]matched)}
	c, b, err := settings.read()
	if err != nil {
		return nil, err
	}
	m.baseline = b
	if m.encoder, err = encoder.Open(settings.Model, c, false, threads, device); err != nil {
		return nil, fmt.Errorf("opening the encoder of BERTScore: %w", err)
	}
	if most := m.encoder.MaxLength; most > 0 {
		m.encoder.Reader.Limit = min(m.encoder.Reader.Limit, most)
	}
	return m, nil
}

// Keep has what tokens match kept in a file, so that a process that scores the same and is
// interrupted computes nothing twice.
func (m *Model) Keep(in *kept.File) { m.kept = in }

// Close frees the encoder's memory and its thread.
func (m *Model) Close() error { return m.encoder.Close() }

// row is a text as the encoder reads it.
func (m *Model) row(text string) encoder.Row {
	text = strings.TrimSpace(text)
	if text == "" {
		return m.encoder.Reader.Row(nil)
	}
	return m.encoder.Reader.Row(m.encoder.Reader.Spaced(text))
}
