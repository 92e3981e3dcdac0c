package rule

import "testing"

func TestStripTakesALeadingDefinitionOff(t *testing.T) {
	for text, want := range map[string]string{
		"FPDF is a PHP class that makes PDF files.":               "PHP class that makes PDF files.",
		"Foo is an editor":                                        "editor",
		"libfoo2 provides a library of functions":                 "library of functions",
		"This package contains a tool, and is the newest.":        "tool, and is the newest.",
		"This package contains the header files":                  "header files",
		"This IS The daemon":                                      "daemon",
		"It offers bindings for Perl":                             "bindings for Perl",
		"These packages provide some fonts":                       "some fonts",
		"\n  Foo\nis a\n  game":                                   "game",
		"is the successor of foo":                                 "successor of foo",
		"Foo is anagram software":                                 "anagram software",
		"A tool to draw graphs":                                   "A tool to draw graphs",
		"Draws graphs. It is a tool":                              "Draws graphs. It is a tool", // of the first sentence alone
		"one two three four five six seven is a word too far":     "one two three four five six seven is a word too far",
		"one two three four five six is a word at the very limit": "word at the very limit",
		"Foo is a ":                "Foo is a ", // nothing would be left
		"This island has a thesis": "This island has a thesis",
		"":                         "",
	} {
		if got := Strip(text); got != want {
			t.Errorf("%q becomes %q, expected %q", text, got, want)
		}
	}
}

func TestOutputsAreTheFirstUnits(t *testing.T) {
	const text = " Foo 2.1 is a  tool,\ne.g. for graphs. It draws them!\nAlso in colour"
	for _, c := range []struct {
		rule   Settings
		length int
		want   string
		name   string
	}{
		{Settings{Unit: "words"}, 1, "Foo", "lead-1 word"},
		{Settings{Unit: "words"}, 5, "Foo 2.1 is a tool,", "lead-5 words"},
		{Settings{Unit: "words"}, 99, "Foo 2.1 is a tool, e.g. for graphs. It draws them! Also in colour", "lead-99 words"},
		{Settings{Unit: "words", Strip: true}, 3, "tool, e.g. for", "strip, lead-3 words"},
		{Settings{Unit: "sentences"}, 1, "Foo 2.1 is a tool,", "lead-1 sentence"}, // a line ends one
		{Settings{Unit: "sentences"}, 3, "Foo 2.1 is a tool, e.g. for graphs. It draws them!", "lead-3 sentences"},
		{Settings{Unit: "sentences", Strip: true}, 2, "tool, e.g. for graphs.", "strip, lead-2 sentences"},
		{Settings{Unit: "sentences", Strip: true}, 9, "tool, e.g. for graphs. It draws them! Also in colour", "strip, lead-9 sentences"},
	} {
		if got := c.rule.Apply(text, c.length); got != c.want {
			t.Errorf("%s: %q, expected %q", c.name, got, c.want)
		}
		if got := c.rule.Name(c.length); got != c.name {
			t.Errorf("called %q, expected %q", got, c.name)
		}
	}
	for _, unit := range []string{words, sentences} {
		if got := (Settings{Unit: unit, Strip: true}).Apply(" \n", 2); got != "" {
			t.Errorf("%s of nothing are %q", unit, got)
		}
	}
}
