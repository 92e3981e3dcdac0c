package data

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Tokenizer turns text into tokens and back. Decode of a part of Encode's
// tokens may end within a character.
type Tokenizer interface {
	Encode(text string) []int
	Decode(tokens []int) string
}

// A Codec puts a task's examples into tokens, and a model's tokens into text.
type Codec struct {
	tokenizer   Tokenizer
	template    Template
	end         int
	maxPrompt   int
	maxResponse int
}

// NewCodec returns the codec of a task with a tokenizer whose end token is
// end. It fails where a template is wrong or leaves no room for an input or a
// reference.
func NewCodec(task Task, tokenizer Tokenizer, end int) (*Codec, error) {
	template, err := NewTemplate(task.Prompt, task.Response)
	if err != nil {
		return nil, err
	}
	if n := len(tokenizer.Encode(template.Prompt(""))); task.MaxPromptTokens <= n {
		return nil, fmt.Errorf("task.max_prompt_tokens: found %d, expected more than the %d tokens that the prompt %q takes without an input", task.MaxPromptTokens, n, task.Prompt)
	}
	if n := len(tokenizer.Encode(template.Response(""))); task.MaxResponseTokens <= n+1 {
		return nil, fmt.Errorf("task.max_response_tokens: found %d, expected more than the %d tokens that the response %q takes without a reference, and the end token", task.MaxResponseTokens, n, task.Response)
	}
	return &Codec{
		tokenizer:   tokenizer,
		template:    template,
		end:         end,
		maxPrompt:   task.MaxPromptTokens,
		maxResponse: task.MaxResponseTokens,
	}, nil
}

// Template returns the templates of the codec's task.
func (c *Codec) Template() Template { return c.template }

// End returns the id of the end token.
func (c *Codec) End() int { return c.end }

// MaxPrompt returns the most tokens of a prompt.
func (c *Codec) MaxPrompt() int { return c.maxPrompt }

// MaxResponse returns the most tokens of a response, the end token included.
func (c *Codec) MaxResponse() int { return c.maxResponse }

// Prompt returns the tokens of an example's prompt: at most MaxPrompt. One
// that is longer loses words at the end of its input; the tokens are those of
// the shorter text, so that a cut prompt looks like any other.
func (c *Codec) Prompt(example Example) []int {
	tokens := c.tokenizer.Encode(c.template.Prompt(example.Input))
	if len(tokens) <= c.maxPrompt {
		return tokens
	}
	before, after := c.template.Parts()
	input := c.tokenizer.Encode(example.Input)
	room := c.maxPrompt - len(c.tokenizer.Encode(before)) - len(c.tokenizer.Encode(after))
	// Tokens may merge otherwise at the seams than apart: take fewer until
	// the whole fits, as it does at the latest without an input.
	for room = min(room, len(input)); room > 0; room-- {
		tokens = c.tokenizer.Encode(c.template.Prompt(whole(c.tokenizer.Decode(input[:room]))))
		if len(tokens) <= c.maxPrompt {
			return tokens
		}
	}
	return c.tokenizer.Encode(c.template.Prompt(""))
}

// whole returns text without a character that was cut at its end.
func whole(text string) string {
	for range utf8.UTFMax {
		r, size := utf8.DecodeLastRuneInString(text)
		if r != utf8.RuneError || size == 0 {
			break
		}
		text = text[:len(text)-size]
	}
	return text
}

// Response returns the tokens of the response that a reference is, with the
// end token where both fit into MaxResponse. Where they do not, the response
// is cut there, and ended is false.
func (c *Codec) Response(reference string) (tokens []int, ended bool) {
	tokens = c.tokenizer.Encode(c.template.Response(reference))
	if len(tokens) < c.maxResponse {
		return append(tokens, c.end), true
	}
	return tokens[:c.maxResponse:c.maxResponse], false
}

// Text returns the output in a response's tokens: what stands before the end
// token, if there is one, without what the template puts around a reference.
func (c *Codec) Text(tokens []int) string {
	if end := slices.Index(tokens, c.end); end >= 0 {
		tokens = tokens[:end]
	}
	response := strings.ToValidUTF8(c.tokenizer.Decode(tokens), string(utf8.RuneError))
	return c.template.Text(response)
}
