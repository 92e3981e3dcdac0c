package command

import (
	"slices"
	"testing"
)

func TestWordsOfACommandLine(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                   nil,
		"  sh\t-c \n":                        {"sh", "-c"},
		`awk '{ print "\n" }' a\ b`:          {"awk", `{ print "\n" }`, "a b"},
		`x "a \"b\" \\ \n" ''`:               {"x", `a "b" \ \n`, ""},
		`--say='a b'c`:                       {"--say=a bc"},
		Line("sh", "-c", "it's $x", "", "ö"): {"sh", "-c", "it's $x", "", "ö"},
	} {
		if got, err := words(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v, want %q", line, got, err, want)
		}
	}
	for _, line := range []string{"'a", `"a`, `a\`, `"a\"`} {
		if got, err := words(line); err == nil {
			t.Errorf("%s: %q", line, got)
		}
	}
}
