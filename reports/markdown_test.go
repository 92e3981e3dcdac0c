package reports

import (
	"strings"
	"testing"
)

func TestEscaping(t *testing.T) {
	for text, want := range map[string]string{
		"a|b":                        `a\|b`,
		"two\nlines\r\nand\rmore":    "two⏎lines⏎and⏎more",
		"`code` *bold* _it_ ~~no~~":  "\\`code\\` \\*bold\\* \\_it\\_ \\~\\~no\\~\\~",
		"length_ratio":               "length_ratio",
		"<script>alert(1)</script>":  "&lt;script&gt;alert(1)&lt;/script&gt;",
		"![x](http://a/b) &amp; @me": `!\[x\](http://a/b) &amp;amp; &#64;me`,
		"# no heading $x$":           `\# no heading \$x\$`,
		"tab\tbell\a\u202eback":      "tab bellback",
		"bad \xff byte":              "bad \uFFFD byte",
	} {
		if got := inline(text); got != want {
			t.Errorf("inline(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a|b":   "`a\\|b`",
		"a`b":   "``a`b``",
		"`a`":   "`` `a` ``",
		"a\nb":  "`a⏎b`",
		"":      "",
		"{x}\n": "`{x}⏎`",
	} {
		if got := code(text); got != want {
			t.Errorf("code(%q) = %q, want %q", text, got, want)
		}
	}
	if got := block("a", "````", "b"); got != "`````text\na\n````\nb\n`````\n" {
		t.Errorf("block: %q", got)
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

func TestGridIsAligned(t *testing.T) {
	g := grid{header: []string{"name", "value"}, right: []bool{false, true}}
	g.add("é", "−0.1")
	g.add("longer", "10")
	want := "| name   | value |\n| ------ | ----: |\n| é      |  −0.1 |\n| longer |    10 |\n"
	if got := g.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	summary, _ := write(t, demo().store(t), options(t.TempDir()))
	wide, narrow := summary.Table.Text(0), summary.Table.Text(100)
	contains(t, wide, " [")
	if strings.Contains(narrow, " [") {
		t.Error("the narrow table has intervals")
	}
	for line := range strings.Lines(narrow) {
		if columns(line) > 110 {
			t.Errorf("%d columns: %s", columns(line), line)
		}
	}
}

func TestExamplesAreChosenByTheRule(t *testing.T) {
	ours := make([]float64, 101)
	theirs := make([]float64, 101)
	for i := range ours {
		ours[i] = float64((i * 37) % 101) // all different; the median is 50
	}
	chosen := chooseExamples(ours, theirs, 10, 1)
	var values []float64
	seen := map[int]bool{}
	for _, c := range chosen {
		values = append(values, ours[c.column])
		seen[c.column] = true
	}
	if len(chosen) != 10 || len(seen) != 10 {
		t.Fatalf("chose %v", chosen)
	}
	for i, want := range []float64{100, 99, 98, 0, 1, 2, 51, 50} {
		if values[i] != want {
			t.Errorf("example %d has the difference %g, want %g", i, values[i], want)
		}
	}
	if again := chooseExamples(ours, theirs, 10, 1); again[9] != chosen[9] {
		t.Error("the random examples are others the second time")
	}
	if few := chooseExamples(ours[:3], theirs[:3], 10, 1); len(few) != 3 {
		t.Errorf("of 3 examples chose %v", few)
	}
}
