package document

import (
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	spans := Format("%s scores %.1f %%, %s; %d of %s", Text("a*"), 12.34, Spans{Number("[1, 2]"), Text(" here")}, 3, "all")
	if got := spans.String(); got != "a* scores 12.3 %, [1, 2] here; 3 of all" {
		t.Errorf("the text is %q", got)
	}
	if len(spans) != 3 {
		t.Errorf("text beside text is not one: %#v", spans)
	}
	if got := Format("%s and %s", "one").String() + Format("none", 1).String(); !strings.Contains(got, "MISSING") || !strings.Contains(got, "EXTRA") {
		t.Errorf("wrong numbers of arguments give %q", got)
	}
	if got := Join([]Spans{Format("a"), Format("b"), Format("c")}, "; ").String(); got != "a; b; c" {
		t.Errorf("joined: %q", got)
	}
	all := Spans{Strong{Format("s")}, Code("c"), Link{"l", "to"}, Reference{"r", "S"}}
	if got := all.String(); got != "sclr" {
		t.Errorf("the plain text is %q", got)
	}
}

func TestTableAsText(t *testing.T) {
	table := Table{Header: Row("name", "value "), Align: []Alignment{Left, Right}}
	table.Add("é\nb", Number("−0.1 "))
	table.Add("longer", "10▲")
	table.Add("")
	want := "name    value\n──────  ──────\né⏎b      −0.1\nlonger     10▲\n\n"
	if got := table.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Width(table.String()); got != 14 {
		t.Errorf("its width is %d", got)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"one two three four":  "  one two|  three|  four",
		"":                    "  ",
		"unbreakableword end": "  unbreaka|  bleword|  end",
		"exactly8 b":          "  exactly8|  b",
	} {
		if got := strings.Join(wrap(text, 10, "  "), "|"); got != want {
			t.Errorf("wrap(%q) = %q, want %q", text, got, want)
		}
	}
}
