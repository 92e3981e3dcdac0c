package data

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"lastmile/harness/chat"
)

// A Tokenizer turns text into tokens and back. Decode of a part of Encode's
// tokens may end within a character.
type Tokenizer interface {
	Encode(text string) []int
	Decode(tokens []int) string
	// Text is Decode's text with U+FFFD in place of what is not UTF-8.
	Text(tokens []int) string
	// PrependsSpace tells whether Encode puts a space in front of every text.
	PrependsSpace() bool
}

// A Codec puts a task's examples into tokens, and a model's tokens into text.
type Codec struct {
	tokenizer   Tokenizer
	template    Template
	chat        *chat.Template // nil where prompts are none of a chat
	ends        []int          // the first is learned
	maxPrompt   int
	maxResponse int
}

// NewCodec returns the codec of a task with a tokenizer whose end tokens are
// ends, of which the first ends the responses that are learned. With a chat template, prompts are what the user says in it. It fails where
// a template is wrong or leaves no room for an input or a reference.
func NewCodec(task Task, tokenizer Tokenizer, ends []int, template *chat.Template) (*Codec, error) {
	c := &Codec{tokenizer: tokenizer, chat: template, ends: ends, maxPrompt: task.MaxPromptTokens, maxResponse: task.MaxResponseTokens}
	var err error
	response := task.Response
	if tokenizer.PrependsSpace() {
		// With one of the template's, each response would begin with a token of
		// nothing but a space.
		response = strings.TrimPrefix(response, " ")
	}
	if c.template, err = NewTemplate(task.Prompt, response); err != nil {
		return nil, err
	}
	if template != nil {
		if _, err := template.Prompt(c.said("")); err != nil {
			return nil, fmt.Errorf("task.chat: %w", err)
		}
	}
	if n := len(tokenizer.Encode(c.render(Example{}, ""))); task.MaxPromptTokens <= n {
		return nil, fmt.Errorf("task.max_prompt_tokens: found %d, expected more than the %d tokens that the prompt %.200q takes without an input", task.MaxPromptTokens, n, task.Prompt)
	}
	if n := len(tokenizer.Encode(c.template.Response(""))); task.MaxResponseTokens <= n+1 {
		return nil, fmt.Errorf("task.max_response_tokens: found %d, expected more than the %d tokens that the response %.200q takes without a reference, and the end token", task.MaxResponseTokens, n, task.Response)
	}
	return c, nil
}

// Fit is how an example fits into the lengths that a task allows.
type Fit struct {
	// Prompt and Response are the tokens of the prompt and of the first reference's
	// response with the end token, before anything is cut.
	Prompt, Response int
	// PromptCut is true where the input loses a part, PromptEmpty where all of it.
	PromptCut, PromptEmpty bool
	// ResponseCut is true where the response loses its end token.
	ResponseCut bool
}

// Fit measures an example.
func (c *Codec) Fit(example Example) (f Fit) {
	full := example.Input
	if n := len(example.Messages); n > 0 && c.chat != nil {
		full = example.Messages[n-1].Content
	}
	f.Prompt = len(c.tokenizer.Encode(c.render(example, full)))
	f.Response = len(c.tokenizer.Encode(c.template.Response(example.References[0]))) + 1
	f.PromptCut, f.ResponseCut = f.Prompt > c.maxPrompt, f.Response > c.maxResponse
	f.PromptEmpty = f.PromptCut && strings.TrimSpace(c.Shown(example)) == ""
	return f
}

// End returns the id of the end token that is learned.
func (c *Codec) End() int { return c.ends[0] }

// MaxPrompt returns the most tokens of a prompt.
func (c *Codec) MaxPrompt() int { return c.maxPrompt }

// MaxResponse returns the most tokens of a response, the end token included.
func (c *Codec) MaxResponse() int { return c.maxResponse }

// Prompt returns the tokens of an example's prompt: at most MaxPrompt. One
// that is longer loses words at the end of its input; the tokens are those of
// the shorter text, so that a cut prompt looks like any other. Of a conversation
// in a chat template the oldest turns go first, and then the end of what the user
// says last.
func (c *Codec) Prompt(example Example) []int {
	tokens, _ := c.prompt(example)
	return tokens
}

// Shown is as much of an example's input as its prompt has: of a conversation in a
// chat template, of what the user says last.
func (c *Codec) Shown(example Example) string {
	_, shown := c.prompt(example)
	return shown
}

func (c *Codec) prompt(example Example) (tokens []int, shown string) {
	shown = example.Input
	if c.chat == nil {
		example.Messages = nil
	}
	if n := len(example.Messages); n > 0 {
		shown = example.Messages[n-1].Content
	}
	tokens = c.tokenizer.Encode(c.render(example, shown))
	if len(tokens) <= c.maxPrompt {
		return tokens, shown
	}
	rest := len(c.tokenizer.Encode(c.render(example, "")))
	for rest >= c.maxPrompt && len(example.Messages) > 1 {
		example.Messages = withoutOldest(example.Messages)
		if tokens = c.tokenizer.Encode(c.render(example, shown)); len(tokens) <= c.maxPrompt {
			return tokens, shown
		}
		rest = len(c.tokenizer.Encode(c.render(example, "")))
	}
	input := c.tokenizer.Encode(shown)
	// Tokens may merge otherwise at the seams than apart: take fewer until
	// the whole fits, as it does at the latest without an input.
	for room := min(c.maxPrompt-rest, len(input)); room > 0; room-- {
		shown = whole(c.tokenizer.Decode(input[:room]))
		tokens = c.tokenizer.Encode(c.render(example, shown))
		if len(tokens) <= c.maxPrompt {
			return tokens, shown
		}
	}
	return c.tokenizer.Encode(c.render(example, "")), ""
}

// render returns the text of an example's prompt with shown in place of its input,
// or of what the user says last. A conversation that the chat template refuses, as
// some do where roles do not alternate, is put to it as one message.
func (c *Codec) render(example Example, shown string) string {
	if c.chat == nil {
		return c.template.Prompt(shown)
	}
	if n := len(example.Messages); n > 0 {
		messages := append(slices.Clone(example.Messages[:n-1]), chat.Message{Role: example.Messages[n-1].Role, Content: c.template.Prompt(shown)})
		if prompt, err := c.chat.Prompt(messages); err == nil {
			return prompt
		}
		if n > 1 {
			shown = transcript(example.Messages[:n-1]) + "\n" + shown
		}
	}
	prompt, err := c.chat.Prompt(c.said(shown))
	if err != nil {
		// It took an empty message: it is this text that it does not.
		return c.template.Prompt(shown)
	}
	return prompt
}

// said is a conversation in which the user has said the prompt for an input.
func (c *Codec) said(input string) []chat.Message {
	return []chat.Message{{Role: user, Content: c.template.Prompt(input)}}
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
		return append(tokens, c.ends[0]), true
	}
	return tokens[:c.maxResponse:c.maxResponse], false
}

// Text returns the output in a response's tokens: what stands before the first end
// token, if there is one, without what the template puts around a reference.
func (c *Codec) Text(tokens []int) string {
	if end := slices.IndexFunc(tokens, func(id int) bool { return slices.Contains(c.ends, id) }); end >= 0 {
		tokens = tokens[:end]
	}
	return c.template.Text(c.tokenizer.Text(tokens))
}
