package document

import "testing"

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
		if got := spansInMarkdown(Spans{Text(text)}, false); got != want {
			t.Errorf("the text %q becomes %q, want %q", text, got, want)
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
		if got := spansInMarkdown(Spans{Code(text)}, true); got != want {
			t.Errorf("the code %q becomes %q in a table, want %q", text, got, want)
		}
	}
	if got := spansInMarkdown(Spans{Code("a|b")}, false); got != "`a|b`" {
		t.Errorf("code outside of tables: %s", got)
	}
	if got := spansInMarkdown(Spans{Number("[−0.1, 0.2], p < 0.001 | *")}, false); got != `[−0.1, 0.2], p < 0.001 \| \*` {
		t.Errorf("a number: %s", got)
	}
}

func TestMarkdown(t *testing.T) {
	table := Table{Header: Row("name", "value"), Align: []Alignment{Left, Right}}
	table.Add("é", Number("−0.1"))
	table.Add(Format("%s_", Code("a|b")), Spans{Number("10"), Text(" ▲")})
	table.Add("short")
	d := Document{
		Title: Spans{Text("a_b *c*")},
		Blocks: []Block{
			Paragraph{Format("See %s and %s.", Link{"the [file]", "my file.csv"}, Reference{"below", "How it's made"})},
			Section{Title: Format("One"), Blocks: []Block{
				List{[]Item{{Text: Spans{Strong{Format("%s wins", "*a*")}, Text(" [x]")}, Items: []Item{{Text: Format("- no item"), Items: []Item{{Text: Format("deep")}}}}}, {Text: Format("two")}}},
				Section{Title: Format("Two"), Blocks: []Block{table}},
			}},
			Paragraph{Format("12. is no list")},
			Figure{Name: "f", Path: "plots/f.svg", Alt: "a [b]", Caption: Format("It shows 5 %%.")},
			CodeBlock{"a\n````\nb"},
			Example{Name: "x_", Note: Format("gain %d", 1), Texts: []Excerpt{
				{Source: "input", Text: "one\ntwo"}, {Source: "ppo", Score: "0.1", Cut: true}, {Source: "mle"},
			}},
		},
	}
	want := "# a_b \\*c\\*\n\n" +
		"See [the \\[file\\]](<my file.csv>) and [below](#how-its-made).\n\n" +
		"## One\n\n" +
		"- **\\*a\\* wins** \\[x\\]\n  - \\- no item\n    - deep\n- two\n\n" +
		"### Two\n\n" +
		"| name     | value |\n| -------- | ----: |\n| é        |  −0.1 |\n| `a\\|b`\\_ |  10 ▲ |\n| short    |       |\n\n" +
		"12\\. is no list\n\n" +
		"![a \\[b\\]](plots/f.svg)\n\nIt shows 5 %.\n\n" +
		"`````text\na\n````\nb\n`````\n\n" +
		"**x\\_** (gain 1)\n\n" +
		"```text\ninput      one⏎two\nppo (0.1)  […]\nmle        (empty)\n```\n"
	if got := Markdown(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A source that is too long to stand beside its text stands above it.
func TestLongSourcesStandAboveTheirTexts(t *testing.T) {
	got := Markdown(Document{Blocks: []Block{Example{Name: "x", Texts: []Excerpt{{Source: "a system with quite a long name indeed", Text: "its text"}}}}})
	want := "# \n\n**x**\n\n```text\na system with quite a long name indeed\n                              its text\n```\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
