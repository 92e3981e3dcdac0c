package tokenizer

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTemplatesAroundTexts(t *testing.T) {
	const special = `"special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}`
	single := `"single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}]`
	pair := func(between int) string {
		return `"pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, ` +
			strings.Repeat(`{"SpecialToken": {"id": "</s>", "type_id": 0}}, `, between) +
			`{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "</s>", "type_id": 1}}]`
	}
	whole := func(between int) string {
		return `{"type": "TemplateProcessing", ` + single + ", " + pair(between) + ", " + special + "}"
	}
	for section, want := range map[string]Template{
		`{"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": false}`: {0, 2, 2},
		`{"type": "BertProcessing", "sep": ["[SEP]", 102], "cls": ["[CLS]", 101]}`:                                              {101, 102, 1},
		whole(1): {0, 2, 1},
		whole(2): {0, 2, 2},
		`{"type": "Sequence", "processors": [{"type": "ByteLevel"}, ` + whole(2) + `]}`: {0, 2, 2},
	} {
		tokens := Tokenizer{file: file{PostProcessor: json.RawMessage(section)}}
		if got, err := tokens.Template(); err != nil || got != want {
			t.Errorf("%s: %v %v, expected %v", section, got, err, want)
		}
	}
	for section, want := range map[string]string{
		`null`:                  `post_processor "" is not supported`,
		`{"type": "ByteLevel"}`: `post_processor "ByteLevel" is not supported`,
		`{"type": "BertProcessing", "sep": ["[SEP]"]}`: "expected cls and sep with their ids",
		whole(0): "other templates",
		strings.Replace(whole(1), `"ids": [2]`, `"ids": [2, 3]`, 1): "other templates",
		strings.Replace(whole(1), "<s>", "<unknown>", 1):            "other templates",
	} {
		tokens := Tokenizer{file: file{PostProcessor: json.RawMessage(section)}}
		if _, err := tokens.Template(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, expected an error that says %q", section, err, want)
		}
	}
}
