package reports

import "testing"

func TestACellIsNoFormula(t *testing.T) {
	for text, want := range map[string]string{
		"mle":                      "mle",
		"a = b, c-d":               "a = b, c-d",
		"=HYPERLINK(\"http://x\")": "'=HYPERLINK(\"http://x\")",
		"+1":                       "'+1",
		"-1":                       "'-1",
		"@sum":                     "'@sum",
		"\t=1":                     "'=1",
		"a\u202eb\u2066\r\n":       "ab",
		"":                         "",
		"日本 é":                     "日本 é",
	} {
		if got := inertCell(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
