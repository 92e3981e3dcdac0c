package tokenizer

import (
	"fmt"
	"os"
	"slices"

	"lastmile/harness/foreign"
)

// Template is what stands around the texts of an encoder's row: Start in front,
// Separator behind each text, and so many of it between the two of a pair.
type Template struct {
	Start, Separator, Between int
}

// postProcessor is the section post_processor of a tokenizer.json.
type postProcessor struct {
	Type       string          `json:"type"`
	Processors []postProcessor `json:"processors"`
	// Sep and Cls are a token and its id, of BertProcessing and RobertaProcessing.
	Sep [2]any `json:"sep"`
	Cls [2]any `json:"cls"`
	// Single, Pair and SpecialTokens are those of TemplateProcessing.
	Single        []templatePart `json:"single"`
	Pair          []templatePart `json:"pair"`
	SpecialTokens map[string]struct {
		IDs []int `json:"ids"`
	} `json:"special_tokens"`
}

// templatePart is a token or a text.
type templatePart struct {
	SpecialToken *struct {
		ID string `json:"id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID string `json:"id"`
	} `json:"Sequence"`
}

// Template returns what the section post_processor puts around the texts of a row. A
// section that does not open rows by one token and end each text by another is an error.
func (t *Tokenizer) Template() (Template, error) {
	var p postProcessor
	if len(t.file.PostProcessor) > 0 {
		if err := foreign.Decode(t.file.PostProcessor, &p); err != nil {
			return Template{}, fmt.Errorf("post_processor: %w", err)
		}
	}
	return p.template()
}

func (p postProcessor) template() (Template, error) {
	switch p.Type {
	case "Sequence":
		for _, part := range p.Processors {
			if part.Type != "ByteLevel" {
				return part.template()
			}
		}
	case "BertProcessing", "RobertaProcessing":
		start, ok := p.Cls[1].(float64)
		separator, too := p.Sep[1].(float64)
		if !ok || !too {
			return Template{}, fmt.Errorf("post_processor %s: expected cls and sep with their ids", p.Type)
		}
		between := 1
		if p.Type == "RobertaProcessing" {
			between = 2
		}
		return Template{int(start), int(separator), between}, nil
	case "TemplateProcessing":
		return p.parse()
	}
	return Template{}, fmt.Errorf("post_processor %q is not supported; expected RobertaProcessing, BertProcessing or TemplateProcessing", p.Type)
}

// firstText and secondText stand for the texts among the ids of a template.
const (
	firstText  = -1
	secondText = -2
)

// parse reads the two templates of TemplateProcessing.
func (p postProcessor) parse() (Template, error) {
	ids := func(parts []templatePart) (all []int) {
		for _, part := range parts {
			switch {
			case part.SpecialToken != nil:
				all = append(all, p.SpecialTokens[part.SpecialToken.ID].IDs...)
			case part.Sequence != nil && part.Sequence.ID == "B":
				all = append(all, secondText)
			default:
				all = append(all, firstText)
			}
		}
		return all
	}
	single, pair := ids(p.Single), ids(p.Pair)
	if len(single) == 3 {
		t := Template{Start: single[0], Separator: single[2], Between: len(pair) - 4}
		want := slices.Concat([]int{t.Start, firstText}, slices.Repeat([]int{t.Separator}, max(1, t.Between)), []int{secondText, t.Separator})
		if single[1] == firstText && t.Start >= 0 && t.Separator >= 0 && slices.Equal(pair, want) {
			return t, nil
		}
	}
	return Template{}, fmt.Errorf("post_processor TemplateProcessing has other templates than a token, a text and a token; and for pairs the same with another text and token")
}

// MaxLength is model_max_length of a folder's tokenizer_config.json, 0 where the file
// says none, or one beyond all models as transformers writes it.
func MaxLength(dir string) (int, error) {
	var config struct {
		ModelMaxLength float64 `json:"model_max_length"`
	}
	if _, err := readJSON(os.DirFS(dir), "tokenizer_config.json", &config); err != nil {
		return 0, fmt.Errorf("loading tokenizer: %w (in %s)", err, dir)
	}
	if config.ModelMaxLength < 1 || config.ModelMaxLength > 1<<30 {
		return 0, nil
	}
	return int(config.ModelMaxLength), nil
}
