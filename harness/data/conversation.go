package data

import (
	"slices"
	"strings"

	"lastmile/harness/chat"
)

// assistant and user are the roles of the model and of whom it answers.
const (
	assistant = "assistant"
	user      = "user"
)

// conversation returns the messages in a value: a list of objects with the keys
// role and content, or from and value, of which none is something else.
func conversation(value any) ([]chat.Message, bool) {
	list, ok := value.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	messages := make([]chat.Message, len(list))
	for i, element := range list {
		object, ok := element.(map[string]any)
		if !ok {
			return nil, false
		}
		role, hasRole := object["role"].(string)
		content, hasContent := object["content"].(string)
		if !hasRole {
			role, hasRole = sharedRole(object["from"])
			content, hasContent = object["value"].(string)
		}
		if !hasRole || !hasContent {
			return nil, false
		}
		messages[i] = chat.Message{Role: role, Content: content}
	}
	return messages, true
}

// sharedRole is the role that ShareGPT's files call by another name.
func sharedRole(from any) (string, bool) {
	switch from {
	case "human", user:
		return user, true
	case "gpt", assistant:
		return assistant, true
	case "system":
		return "system", true
	}
	return "", false
}

// answer returns the place of the last message of the assistant, which is the
// reference; -1 where there is none.
func answer(messages []chat.Message) int {
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Role == assistant {
			return i
		}
	}
	return -1
}

// asked returns the messages before the reference.
func asked(messages []chat.Message) []chat.Message {
	if at := answer(messages); at >= 0 {
		return messages[:at]
	}
	return messages
}

// transcript is the text of messages: that of the only one, or a line for each
// with who says it.
func transcript(messages []chat.Message) string {
	if len(messages) == 1 {
		return messages[0].Content
	}
	lines := make([]string, len(messages))
	for i, m := range messages {
		lines[i] = m.Role + ": " + m.Content
	}
	return strings.Join(lines, "\n")
}

// withoutOldest leaves out the first message that is not the system's, of several.
func withoutOldest(messages []chat.Message) []chat.Message {
	first := 0
	if messages[0].Role == "system" && len(messages) > 2 {
		first = 1
	}
	return slices.Delete(slices.Clone(messages), first, first+1)
}
