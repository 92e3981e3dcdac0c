package data

import (
	"fmt"
	"strings"
)

// The places in a task's templates that stand for the texts of an example.
const (
	inputPlace     = "{input}"
	referencePlace = "{reference}"
)

// A Template renders the prompt and the response of an example. The response
// follows the prompt without anything between them.
type Template struct {
	promptBefore, promptAfter     string
	responseBefore, responseAfter string
}

// NewTemplate returns the template of a task. prompt holds {input} exactly
// once, response {reference}.
func NewTemplate(prompt, response string) (Template, error) {
	var t Template
	var err error
	if t.promptBefore, t.promptAfter, err = around("task.prompt", prompt, inputPlace); err != nil {
		return Template{}, err
	}
	if t.responseBefore, t.responseAfter, err = around("task.response", response, referencePlace); err != nil {
		return Template{}, err
	}
	return t, nil
}

// around splits a template at its place.
func around(key, template, place string) (before, after string, err error) {
	if n := strings.Count(template, place); n != 1 {
		return "", "", fmt.Errorf("%s: %.200q holds %s %d times, expected once", key, template, place, n)
	}
	before, after, _ = strings.Cut(template, place)
	return before, after, nil
}

// Prompt returns the prompt for an input.
func (t Template) Prompt(input string) string { return t.promptBefore + input + t.promptAfter }

// Response returns the response that a reference is, as the model is to write
// it; the end token is not part of it.
func (t Template) Response(reference string) string {
	return t.responseBefore + reference + t.responseAfter
}

// Text returns the output that a response holds: the response without what the
// template puts around a reference. What a model left out of that is not
// missed.
func (t Template) Text(response string) string {
	text := strings.TrimPrefix(response, t.responseBefore)
	return strings.TrimSuffix(text, t.responseAfter)
}
