package jinja

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// ordered decodes JSON with objects as a Dict, in their order.
func ordered(t *testing.T, d *json.Decoder) any {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch token {
	case json.Delim('{'):
		of := NewDict()
		for d.More() {
			key := ordered(t, d)
			of.set(key, ordered(t, d))
		}
		d.Token()
		return of
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, ordered(t, d))
		}
		d.Token()
		return list
	}
	if n, ok := token.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return int(i)
		}
		f, _ := n.Float64()
		return f
	}
	return token
}

// golden is what a script found that Jinja2 makes of templates.
type golden struct {
	Context json.RawMessage
	Cases   []struct {
		Template, Text, Error string
		// Context replaces that of all.
		Context json.RawMessage
	}
}

func (g golden) check(t *testing.T) {
	t.Helper()
	values := func(text json.RawMessage) Values {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		of := ordered(t, d).(*Dict)
		v := Values{"raise_exception": Raise(), "strftime_now": Clock(func() time.Time { return time.Date(2024, 7, 26, 0, 0, 0, 0, time.UTC) })}
		for _, key := range of.keys {
			v[key.(string)], _ = of.get(key)
		}
		return v
	}
	shared := values(g.Context)
	wrong := 0
	for _, c := range g.Cases {
		context := shared
		if c.Context != nil {
			context = values(c.Context)
		}
		var got string
		template, err := Parse(c.Template)
		if err == nil {
			got, err = template.Render(context)
		}
		if c.Error != "" && err == nil || c.Error == "" && (err != nil || got != c.Text) {
			t.Errorf("%s\n got %q, error %v\nwant %q, error %s", c.Template, got, err, c.Text, c.Error)
			wrong++
		}
	}
	t.Logf("%d of %d as Jinja2 has them", len(g.Cases)-wrong, len(g.Cases))
}

func read(t *testing.T, path string) golden {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(content, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTemplatesEqualJinja2(t *testing.T) { read(t, "testdata/cases.json").check(t) }

// testdata/models.py writes what transformers makes of the chat templates of many
// models, whose licences keep them out of here.
func TestTemplatesOfModels(t *testing.T) {
	path := os.Getenv("CHAT_TEMPLATES")
	if path == "" {
		t.Skip("CHAT_TEMPLATES names no file that testdata/models.py wrote")
	}
	read(t, path).check(t)
}

// A template is a stranger's program: it ends, in little memory, whatever it says.
func TestTemplatesAreBounded(t *testing.T) {
	for name, source := range map[string]string{
		"a range":           "{% for x in range(10**12) %}{% endfor %}",
		"a long text":       "{{ 'x' * 10**10 }}",
		"a text of texts":   "{% set x = 'x' * 1000000 %}{% for i in range(1000) %}{% set y = x ~ x %}{% endfor %}",
		"a long list":       "{{ [0] * 10**10 }}",
		"many steps":        "{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}",
		"a recursive macro": "{% macro f(x) %}{{ f(x) }}{% endmacro %}{{ f(1) }}",
		"itself":            "{% include 'chat_template.jinja' %}",
		"brackets":          "{{ " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }}",
		"lists":             "{{ " + strings.Repeat("[", 100_000) + " }}",
		"minuses":           "{{ " + strings.Repeat("-", 100_000) + "1 }}",
		"nots":              "{{ " + strings.Repeat("not ", 100_000) + "1 }}",
		"blocks":            strings.Repeat("{% if true %}", 100_000),
		"a chain":           "{{ x" + strings.Repeat("|trim", 100_000) + " }}",
		"a sum":             "{{ 1" + strings.Repeat("+1", 100_000) + " }}",
		"conditions":        "{{ " + strings.Repeat("1 if 1 else ", 50_000) + "1 }}",
		"large integers":    "{{ 10 ** 100 }}",
		"sums of integers":  "{{ 9223372036854775807 + 1 }}",
		"a wide format":     "{{ '%999999999d' % 1 }}",
		"a wide indent":     "{% for i in range(100000) %}{{ 'a\nb' | indent(10000000) }}{% endfor %}",
		"padding":           "{% for i in range(100000) %}{{ 'a'.ljust(10000000) }}{% endfor %}",
		"replacing":         "{{ ('x' * 1000000).replace('', 'y' * 1000000) }}",
		"joining":           "{{ (['x' * 1000000] * 1000) | join }}",
		"JSON":              "{% set x = ['x' * 1000000] * 1000 %}{{ x | tojson }}",
		"a doubling list":   "{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
		"nested lists":      "{% set ns = namespace(x=[]) %}{% for i in range(10000) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
		"equal lists":       "{% set ns = namespace(x=[], y=[]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
		"a long search":     "{% set x = 'x' * 60000000 %}{% for i in range(100000) %}{{ 'y' in x }}{{ x.count('y') }}{{ x | length }}{{ x[0] }}{{ x is lower }}{% endfor %}",
		"a large template":  strings.Repeat("x", 2<<20),
	} {
		done := make(chan error, 1)
		go func() {
			template, err := Parse(source)
			if err == nil {
				_, err = template.Render(Values{"x": "x"})
			}
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: no end", name)
		}
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for source, want := range map[string]string{
		"a\nb\n{% for %}":                      "line 3: ",
		"a\n{{ missing.x }}":                   "line 2: 'missing' is undefined",
		"{% set x = 1 %}\n\n{{ x | nothing }}": `line 3: unknown filter "nothing"`,
		"a\n\n\n{{ raise_exception('no') }}":   "line 4: no",
	} {
		template, err := Parse(source)
		if err == nil {
			_, err = template.Render(Values{"raise_exception": Raise()})
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want one that begins with %q", source, err, want)
		}
	}
}

func TestClock(t *testing.T) {
	now := Clock(func() time.Time { return time.Date(2026, 3, 5, 14, 7, 9, 0, time.UTC) })
	template, err := Parse("{{ strftime_now('%d %b %Y|%Y-%m-%d|%B %-d, %y|%A %a|%H:%M:%S|%I %p|%j %e %%') }}")
	if err != nil {
		t.Fatal(err)
	}
	got, err := template.Render(Values{"strftime_now": now})
	if want := "05 Mar 2026|2026-03-05|March 5, 26|Thursday Thu|14:07:09|02 PM|064  5 %"; err != nil || got != want {
		t.Errorf("got %q, error %v; want %q", got, err, want)
	}
}
