package experiments

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

func TestStatementsHaveTheirLines(t *testing.T) {
	text := "\ufeff# comment = 1\r\n" + `a = 1 # [x]
b . "c d".'e' = """
[no]
"quoted" \""""
[ t . u ] # comment
list = [ 1, # one ]
  "]", [2, '}'], { x = "}" },
]
inline = { f = 'it''s', g = { h = [] }, i.j = 2026-01-01 10:00:00 }
multi = '''
x = 1'''''
[[v]]
name = "one"
"k\u0065y" = 0x10
[v.w]
z = inf
[[v]]
name = "two"
empty = ""`
	text = strings.Replace(text, "'it''s'", "'its'", 1)
	var root map[string]any
	if _, err := toml.Decode(text, &root); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range statements(text, root) {
		line := fmt.Sprintf("%d %s", s.line, strings.Join(s.path, "|"))
		switch s.kind {
		case opensTable:
			line += " table"
		case opensTables:
			line += " tables"
		default:
			line += fmt.Sprintf(" = %v", s.value)
		}
		got = append(got, line)
	}
	want := []string{
		"2 a = 1", "3 b|c d|e = [no]\n\"quoted\" \"", "6 t|u table", `7 t|u|list = [1 ] [2 }] map[x:}]]`,
		"10 t|u|inline table", "10 t|u|inline|f = its", "10 t|u|inline|g table", "10 t|u|inline|g|h = []",
	}
	if !reflect.DeepEqual(got[:len(want)], want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rest := strings.Join(got[len(want)+1:], "\n")
	if want := "11 t|u|multi = x = 1''\n13 v tables\n14 v|name = one\n15 v|key = 16\n16 v|w table\n17 v|w|z = +Inf\n" +
		"18 v tables\n19 v|name = two\n20 v|empty = "; rest != want {
		t.Errorf("got\n%s\nwant\n%s", rest, want)
	}
}

func TestListsOfTablesInOneValueAreStatements(t *testing.T) {
	text := `a = [
  { name = "x" }, # one
  { b = { c = 1 },
    list = [{ d = 2 }, { d = 3 }] },
]
[[v]]
a = [{ e = 4 }]
[[v]]
a = [{ e = 5 }, { f = [1] }]
mixed = [{ e = 6 }, 7]
`
	var root map[string]any
	if _, err := toml.Decode(text, &root); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range statements(text, root) {
		line := fmt.Sprintf("%d %s", s.line, strings.Join(s.path, "|"))
		if s.kind == isValue {
			line += fmt.Sprintf(" = %v", s.value)
		} else if s.inline {
			line += " in a list"
		}
		got = append(got, line)
	}
	want := []string{
		"2 a in a list", "2 a|name = x", "3 a in a list", "3 a|b", "3 a|b|c = 1", "4 a|list in a list", "4 a|list|d = 2",
		"4 a|list in a list", "4 a|list|d = 3", "6 v", "7 v|a in a list", "7 v|a|e = 4", "8 v", "9 v|a in a list", "9 v|a|e = 5",
		"9 v|a in a list", "9 v|a|f = [1]", "10 v|mixed = [map[e:6] 7]",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// leaves counts the values of what the decoder made, as statements counts them.
func leaves(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, value := range v {
			n += leaves(value)
		}
		return n
	}
	return 1
}

func FuzzLoad(f *testing.F) {
	f.Add(small, "rl.clip=0.1", "seed=1")
	f.Add(chained, "grid.seed=[1]", "variant=x")
	f.Add("[[variant]]\nname='a'\n[variant.rl]\nclip=0.1\n[[exclude]]\nvariant='a'", "a=b", "")
	f.Add("a = {b = [{c = '''x'''}], d.e = \"\\u0041\"}", "rl.updates=nan", "=")
	f.Add("[a]\n[a.b]\n'x'.\"y\" = [[1],[2,]]\n[[c.d]]\n[[c.d.e]]", "", "seed=")
	f.Fuzz(func(t *testing.T, text, set, where string) {
		l := loader{index: testSchema.compiled(), read: func(path string) ([]byte, error) {
			if path != "s.toml" {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}}
		_, err := l.load("s.toml", LoadOptions{Set: []string{set}, Where: []string{where}})
		var mistakes Errors
		if err != nil && !errors.As(err, &mistakes) {
			t.Fatal(err)
		}
		for _, mistake := range mistakes {
			if mistake.Line > strings.Count(text, "\n")+1 || mistake.Message == "" {
				t.Errorf("mistake %+v", mistake)
			}
		}
		var root map[string]any
		if _, err := toml.Decode(text, &root); err != nil {
			return
		}
		found := 0
		for _, s := range statements(text, root) {
			switch {
			case s.kind == opensTables:
				return // values in lists of tables are counted otherwise
			case s.kind == isValue && s.value == nil:
				t.Errorf("no value for %q", s.path)
			case s.kind == isValue:
				found++
			}
		}
		if want := leaves(root); found != want {
			t.Errorf("found %d values, the decoder %d", found, want)
		}
	})
}
