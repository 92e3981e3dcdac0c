"""Writes cases.json, which jinja_test.go compares with: pieces of templates, and what Jinja2
makes of them in the environment that transformers gives chat templates.

Needs transformers 5.24.0 and jinja2 3.1.6. Run it in this folder.
"""
import json

from transformers.utils.chat_template_utils import _compile_jinja_template

CONTEXT = {
    "messages": [
        {"role": "system", "content": " Be brief. "},
        {"role": "user", "content": "Who?\nAnd why, café & <b>?"},
        {"role": "assistant", "content": "I.", "tool_calls": [{"name": "f", "arguments": {"b": 1, "a": [1.5, None, True, "x\"y/é"]}}]},
    ],
    "add_generation_prompt": True,
    "tools": None,
    "n": 7,
    "f": 2.5,
    "s": "Hello, World",
    "empty": "",
    "list": [3, 1, 2],
    "names": ["b", "A", "c", "a"],
    "d": {"b": 1, "a": {"x": [1, 2]}, "items": 3},
    "bos_token": "<s>",
}
EXPRESSIONS = r"""
1 + 2 * 3 - 4
7 // 2
-7 // 2
7 % 3
-7 % 3
7 % -3
-7.5 % 2
7 / 2
6 / 2
2 ** 3
2 ** 3 ** 2
-2 ** 2
2 ** -1
2 ** 0.5
7.5 // 2
1e16
1e-5
0.1 + 0.2
100000000000000000000.0
1_000
0x1f + 0b11 + 0o17
true + 1
'a' 'b'
'a' ~ 1 ~ none ~ true ~ 1.0
'a\n\t\x41\u00e9\\ \d\'"'
"a" * 3
3 * "ab"
[1, 2] + [3]
[0] * 3
(1, 2) + (3,)
'%s and %d, %05.2f|%-5s|%x %%' % ('a', 3, 2.5, 'b', 255)
"%s" | format(1)
"%s, %s" | format("a", "b")
"%(x)s" | format(x=2)
'%r' % ('it''s',)
1 < 2 < 3
1 < 3 < 2
1 == 1.0
1 == true
'1' == 1
'a' < 'b'
[1, 2] < [1, 3]
[1, [2]] == [1, [2]]
{'a': 1} == {'a': 1.0}
none == none
none is none
1 in [1, 2]
'x' not in 'abc'
'b' in d
'bc' in 'abcd'
not 1 == 2
not true and false
true or undefined_thing
1 and 'x'
0 or ''
'yes' if n > 3 else 'no'
'yes' if n > 30
('a' if false else 'b') ~ 'c'
'a' if false else 'b' if false else 'c'
none
true
[none, true, 1.5, 'it''s', "it's", 'a"b', 'é', '\n\\']
(1,)
()
{'a': 1, 2: [], none: 'x'}
{}
[]
missing
missing is defined
missing is undefined
missing | default('x')
empty | default('x')
empty | default('x', true)
none | default('x')
missing | d
d.missing is defined
d.b
d['b']
d.a.x[0]
d.items is callable
d['items']
d.get('zz')
d.get('zz', 5)
d.get('b')
d.items() | list
d.keys() | list
d.values() | list
d | list
d | length
d | items | list
d | dictsort
{'b': 1, 'A': 3, 'c': 2} | dictsort
{'b': 1, 'A': 3, 'c': 2} | dictsort(true)
{'b': 1, 'A': 3, 'c': 2} | dictsort(by='value', reverse=true)
messages[0]
messages[-1]['role']
messages[0].content
messages[10] is defined
messages[1:] | length
messages[::-1][0].role
messages[0].content[1:4]
'abcdef'[::2]
'abcdef'[::-1]
'abcdef'[4:1:-1]
'abcdef'[-3:]
'abcdef'[:-1]
'abcdef'[10:]
[1,2,3,4][1:3]
[1,2,3,4][-2:]
(1,2,3)[1:]
'café'[3]
'café'[-1]
'abc'[5] is defined
s.lower()
s.upper()
'straße'.upper()
s.title()
"it's a dog-house".title()
s.capitalize()
'éA'.capitalize()
s.swapcase()
s.split()
s.split(', ')
'a b  c '.split()
'a b  c '.split(' ')
'a b c d'.split(' ', 1)
'a b c d'.split(none, 2)
'a b c d'.rsplit(' ', 1)
'  a b c d '.rsplit(none, 2)
'a<x>b<x>c'.split('<x>')[-1]
'a\nb\r\nc\n'.splitlines()
'a\nb\n'.splitlines(true)
s.startswith('Hell')
s.startswith(('x', 'He'))
s.endswith('World')
'  x '.strip()
'xxaxx'.strip('x')
'xxaxx'.lstrip('x')
'  x '.rstrip()
'\n x\n'.lstrip('\n')
s.replace('l', 'L')
s.replace('l', 'L', 1)
'abc'.replace('', '-')
s.find('o')
s.rfind('o')
s.find('zz')
'éo'.find('o')
s.count('l')
s.index('W')
'-'.join(['a', 'b'])
'{} and {}'.format(1, 'x')
'{0}{1}{0} {name} {{}}'.format('a', 'b', name=n)
'12'.isdigit()
''.isdigit()
'1a'.isalnum()
'ab'.isalpha()
' '.isspace()
'AB'.isupper()
'ab1'.islower()
'1'.islower()
'7'.zfill(3)
'-7'.zfill(4)
'a'.ljust(3) ~ '|'
'a'.rjust(3, '.')
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('x')
'abc'.removeprefix('a')
'abc'.removesuffix('c')
[1, 2, 1].count(1)
[1, 2, 3].index(2)
s | length
list | length
s | count
'  x ' | trim
'xxaxx' | trim('x')
5 | trim
s | upper
s | lower
'foo bar-baz (qux' | title
"they're bill's" | title
s | capitalize
s | replace('o', '0')
s | replace('o', '0', 1)
s | reverse
list | reverse | list
list | sort
list | sort(reverse=true)
names | sort
names | sort(case_sensitive=true)
messages | sort(attribute='role') | map(attribute='role') | list
list | first
list | last
[] | first is defined
names | join
names | join(', ')
list | join('-')
messages | join('|', attribute='role')
messages | map(attribute='role') | join(' ')
messages | map(attribute='zz', default='-') | join(' ')
names | map('upper') | list
['a b', 'c'] | map('replace', ' ', '_') | list
list | select('gt', 1) | list
list | reject('odd') | list
[0, 1, '', 'x'] | select | list
messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list
messages | selectattr('tool_calls', 'defined') | list | length
messages | rejectattr('role', 'in', ['user', 'system']) | map(attribute='role') | list
list | sum
messages | map(attribute='content') | map('length') | sum
list | max
list | min
names | min
names | unique | list
[1, 1.0, 2, 'a', 'A'] | unique | list
-3 | abs
2.5 | abs
'42' | int
'4.9' | int
'x' | int
'x' | int(7)
'0x1f' | int(base=16)
2.9 | int
true | int
'2.5' | float
'x' | float
3 | float
2.567 | round
2.567 | round(1)
2.567 | round(2, 'floor')
2.1 | round(method='ceil')
2.5 | round
7 | round
1 | string
none | string
'abc' | list
'a\nb\n\nc' | indent
'a\nb' | indent(2, true)
'a\n\nb' | indent(2, blank=true)
'a\nb' | indent('> ')
'<a href="x">&\'' | e
'<a>' | escape
'x' | safe
'one two, three' | wordcount
d | tojson
messages[2].tool_calls | tojson
messages[2].tool_calls | tojson(indent=2)
d | tojson(indent=4)
[] | tojson(indent=2)
{} | tojson
d | tojson(sort_keys=true)
'é\u2028</script>\'"\\\b\f\n\r\t\x01\x7f' | tojson
'é😀' | tojson(ensure_ascii=true)
d | tojson(separators=(',', ':'))
1.0 | tojson
1e300 | tojson
none | tojson
[1, (2, 3)] | tojson
{1: 2, none: 3, true: 4} | tojson
n is odd
n is even
n is divisibleby 7
n is divisibleby(3)
n is number
f is float
n is integer
true is integer
true is boolean
s is string
list is sequence
list is iterable
n is iterable
d is mapping
list is mapping
none is none
none is not none
true is true
1 is true
false is false
s is lower
'AB' is upper
1 is eq 1
1 is ne 2
2 is gt 1
2 is ge(2)
1 is in [1, 2]
'a' is in('abc')
n is sameas 7
'upper' is filter
s is defined and s is string
range(3) | list
range(1, 10, 4) | list
range(5, 0, -2) | list
dict(a=1, b=2)
(1, 2)[0]
[[1, 2], [3]][0][1]
messages[2].tool_calls[0]['arguments'].a[0]
'%.3g' % 1234.5
'%e' % 12345.678
'%5d|%-5d|%05d|%+d' % (1, 2, 3, 4)
'%c%c' % ('a', 66)
-f
+n
- 3 | abs
not empty
(not empty) and (n > 5 or false)
n if n is defined else 0
'a' in ['a'] and 'b' not in ['a']
s[0] == 'H'
'a,b'.split(',') | map('upper') | join('+')
messages | selectattr('role', 'eq', 'user') | first | attr('content')
(messages | first).role
['x'] | first | upper
'A' | lower == 'a'
1 + 1 | string
(1 + 1) | string ~ '!'
"é" | upper
'ǆ'.title()
'\u00a0x\u2003'.strip()
'İ'.lower() | length
s.casefold()
10 | float | string
1 // 0.3
0.5 ** 2
1.5e3
5 is between
""".strip("\n").split("\n")
TEMPLATES = [
    "{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ m.role }};{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in list if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% else %}none{% endfor %}",
    "{% for x in [] %}x{% else %}none{% endfor %}",
    "{% for x in missing %}x{% else %}none{% endfor %}",
    "{% for c in 'café' %}{{ c }}.{% endfor %}",
    "{% for x in list %}{{ loop.previtem }}<{{ x }}<{{ loop.nextitem }} {% endfor %}",
    "{% for x in list %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in list %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in list %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in list %}{% for y in list %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "{% for x in [[1, [2]], [3]] recursive %}{% if x is number %}{{ x }}{{ loop.depth }}{% else %}({{ loop(x) }}){% endif %}{% endfor %}",
    "{% set x = 1 %}{% for y in list %}{% set x = x + y %}{{ x }} {% endfor %}{{ x }}",
    "{% set ns = namespace(x=1, y='a') %}{% for y in list %}{% set ns.x = ns.x + y %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z is defined }}",
    "{% if n > 5 %}{% set y = 1 %}{% endif %}{{ y }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}",
    "{% set t = 1, 2 %}{{ t }}",
    "{% set x %}a{{ n }}b{% endset %}{{ x }}{{ x | length }}",
    "{% set x | upper %}a{{ n }}b{% endset %}{{ x }}",
    "{% filter upper %}a{{ n }}b{% endfilter %}",
    "{% filter replace('a', 'x') | upper %}aab{% endfilter %}",
    "{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=5, a=4) }} {{ f(1, c=9) | upper }}",
    "{% macro f(x) %}{% if x > 0 %}{{ x }}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro f() %}{{ n }}{{ g() }}{% endmacro %}{% macro g() %}g{% endmacro %}{{ f() }}",
    "{% macro f(x) -%} <{{ caller(x) }}> {%- endmacro %}{% call(y) f(3) %}[{{ y }}]{% endcall %}",
    "{% macro f(x) %}{% set x = x ~ '!' %}{{ x }}{% endmacro %}{{ f('a') }}{{ x is defined }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}",
    "{% if 0 %}a{% elif n == 7 %}b{% else %}c{% endif %}",
    "{% if missing %}a{% else %}b{% endif %}{% if missing.x is defined %}{% endif %}",
    "{% generation %}a{{ n }}{% endgeneration %}b",
    "{% raw %}{{ x }} {% if %}{% endraw %}!",
    "a {%- raw -%} {{ x }} {%- endraw -%} b",
    "{# comment #}a{#- c -#} b {#c#}\n c",
    "a\n{% if true %}\nb\n{% endif %}\nc\n",
    "a\n  {% if true %}\n  b\n  {% endif %}\nc\n\n",
    "a\n  {%+ if true %}\n  b\n  {%+ endif +%}\nc",
    "a \n {%- if true -%} \n b \n {%- endif -%} \n c",
    "a {{- n -}} b {{ n }} \n {{ n }}\n",
    "  {{ n }}\n  {# c #}\n  x",
    "  {% set x = 1 %}  \n  {% set y = 2 %}\nz",
    "\r\na\r\n{% if true %}\r\nb{% endif %}\rc\r\n",
    "x{% if true %} {% endif %}y",
    "\n{% if true %}\n\n{% endif %}\n",
    "{{ '}}' }}{{ '%}' }}{{ {'a': {'b': 1}} }}",
    "{{ {'a': 1}['a'] }}{{ [1,2,][0] }}{{ (1) }}",
    "{{ raise_exception('no') }}",
    "{{ missing.x }}",
    "{{ missing + 1 }}",
    "{{ missing() }}",
    "{{ 1 + 'a' }}",
    "{{ n.x.y }}",
    "{{ list.append(1) }}",
    "{{ d.update({'x': 1}) }}",
    "{{ s.__class__ }}",
    "{{ 'a' | nofilter }}",
    "{% if false %}{{ 1 is notest }}{% endif %}",
    "{% include 'x' %}",
    "{{ 'a' if }}",
    "{% for %}",
    "{% endif %}",
    "{% if true %}",
    "{{ 1",
    "{# x",
    "{{ ] }}",
    "{% unknown %}",
    "{{ 1 / 0 }}",
    "{{ 'a'.index('b') }}",
    "{{ 1 < 'a' }}",
    "{{ range(1000000) }}",
    "{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|' + message['role'] + '|>\n' + message['content'] | trim + '<e>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}",
    "{%- for m in messages %}\n    {%- if m.role == 'user' %}\n        {{- '<u>' + m.content + '</u>' }}\n    {%- elif m['tool_calls'] is defined and m.tool_calls %}\n        {%- for call in m.tool_calls %}\n{{ call.name }}({{ call.arguments | tojson }})\n        {%- endfor %}\n    {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}<a>{% endif %}\n",
]

rows = []
for template in ["{{ " + e + " }}" for e in EXPRESSIONS] + TEMPLATES:
    try:
        rows.append({"template": template, "text": _compile_jinja_template(template).render(**CONTEXT)})
    except Exception as e:  # whatever Jinja2 or Python raises
        rows.append({"template": template, "error": f"{type(e).__name__}: {e}"})
with open("cases.json", "w") as f:
    f.write(json.dumps({"context": CONTEXT}, ensure_ascii=False)[:-1] + ', "cases": [\n')
    f.write(",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]}\n")
