package jinja

import (
	"testing"
	"time"

	"lastmile/harness/fuzztest"
)

// FuzzParseAndRender renders any template with any conversation, twice.
func FuzzParseAndRender(f *testing.F) {
	for _, seed := range []string{
		"{{ a.b[1:2] | trim }}", "{% for x in a if x %}{{ loop.index }}{% else %}b{% endfor %}", "{%- set ns.x = {'a': (1,)} -%}",
		"{% macro f(a, b=1) %}{% endmacro %}{{ f(*a, **b) }}", "{# c #}{% raw %}{{ x }}{% endraw %}", "{{ '%5.2f' % 1 }}",
		"{{ raise_exception('a\\nb') }}", "{% for m in messages %}{{ m.role.split('s')[-1] ~ m['content'] | tojson(indent=2) }}{% endfor %}",
		"{{ strftime_now('%d %B') }}{{ 'x' * 9 ** 9 }}", "{{ range(99999) | list | length }}{{ [1] * 1000000 }}", "{{ content.replace('', content) | indent(9) }}",
	} {
		f.Add(seed, "user", "Hi.\n")
	}
	now := Clock(func() time.Time { return time.Date(2024, 7, 26, 0, 0, 0, 0, time.UTC) })
	f.Fuzz(func(t *testing.T, source, role, content string) {
		// What a template makes may be 64 MiB, and is made of parts and copies.
		fuzztest.Bounded(t, 1<<30, func() {
			template, err := Parse(source)
			fuzztest.Says(t, err, source)
			if err != nil {
				return
			}
			render := func() (string, error) {
				return template.Render(Values{
					"a": []any{1, "b"}, "b": NewDict("x", 1.5), "content": content, "raise_exception": Raise(), "strftime_now": now,
					"messages": []any{NewDict("role", role, "content", content), NewDict("role", "assistant", "content", "")},
				})
			}
			text, err := render()
			fuzztest.Says(t, err, source, role, content)
			if again, second := render(); again != text || (err == nil) != (second == nil) {
				t.Errorf("rendered first as %q, %v, and then as %q, %v", text, err, again, second)
			}
			if len(text) > mostMemory {
				t.Errorf("%d bytes were rendered, more than %d", len(text), mostMemory)
			}
		})
	})
}
