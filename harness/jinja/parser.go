package jinja

import "slices"

// parser makes statements of tokens, as Jinja2's own parser does.
type parser struct {
	tokens []token
	at     int
	depth  int
	loops  int // that are open
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endOfSource {
		p.at++
	}
	return t
}

// ahead is the token after the next.
func (p *parser) ahead() token { return p.tokens[min(p.at+1, len(p.tokens)-1)] }

func (p *parser) isOperator(text string) bool {
	return p.peek().kind == operator && p.peek().text == text
}

func (p *parser) isName(texts ...string) bool {
	return p.peek().kind == name && slices.Contains(texts, p.peek().text)
}

// skip takes the next token where it is this operator.
func (p *parser) skip(text string) bool {
	if p.isOperator(text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) skipName(text string) bool {
	if p.isName(text) {
		p.at++
		return true
	}
	return false
}

func (p *parser) fail(format string, values ...any) { failAt(p.peek().line, format, values...) }

func (p *parser) unexpected(expected string) {
	t := p.peek()
	found := t.text
	switch t.kind {
	case endOfSource:
		found = "the end of the template"
	case blockEnd, variableEnd:
		found = "the end of the tag"
	case data, blockBegin, variableBegin:
		found = "text"
	}
	p.fail("found %s, expected %s", found, expected)
}

func (p *parser) expect(op string) {
	if !p.skip(op) {
		p.unexpected(op)
	}
}

func (p *parser) expectKind(k kind, what string) token {
	if p.peek().kind != k {
		p.unexpected(what)
	}
	return p.next()
}

// deeper fails where things stand too deep within others. What it returns ends
// the depth.
func (p *parser) deeper() func() {
	if p.depth++; p.depth > mostDepth {
		p.fail("more than %d expressions and blocks stand within each other", mostDepth)
	}
	return func() { p.depth-- }
}

// statements parses up to a block that begins with one of these names, or to the
// end of the template where there are none.
func (p *parser) statements(until ...string) []statement {
	defer p.deeper()()
	var all []statement
	for {
		switch t := p.next(); t.kind {
		case endOfSource:
			if len(until) > 0 {
				p.unexpected(until[len(until)-1])
			}
			return all
		case data:
			all = append(all, writing{t.text})
		case variableBegin:
			all = append(all, printing{p.tuple(true), t.line})
			p.expectKind(variableEnd, "the end of the tag")
		case blockBegin:
			if p.isName(until...) {
				return all
			}
			all = append(all, p.block())
		}
	}
}

// end takes the name of a block that has been reached, and the end of its tag.
func (p *parser) end() string {
	t := p.next()
	p.expectKind(blockEnd, "the end of the tag")
	return t.text
}

func (p *parser) block() statement {
	t := p.expectKind(name, "the name of a block")
	switch t.text {
	case "if":
		return p.choice()
	case "for":
		return p.loop(t.line)
	case "set":
		return p.set(t.line)
	case "macro":
		of := p.expectKind(name, "the name of a macro").text
		p.expect("(")
		return defining{p.macro(of, "endmacro")}
	case "call":
		return p.call(t.line)
	case "filter":
		f := p.filters(nil, true)
		p.expectKind(blockEnd, "the end of the tag")
		body := p.statements("endfilter")
		p.end()
		return filterBlock{f, body}
	case "with":
		return p.with()
	case "generation":
		p.expectKind(blockEnd, "the end of the tag")
		body := p.statements("endgeneration")
		p.end()
		return within{body: body}
	case "break", "continue":
		if p.loops == 0 {
			failAt(t.line, "%s stands in no loop", t.text)
		}
		p.expectKind(blockEnd, "the end of the tag")
		if t.text == "break" {
			return breaking{}
		}
		return continuing{}
	case "include", "import", "from", "extends":
		failAt(t.line, "%s reads another file, which a chat template cannot", t.text)
	}
	failAt(t.line, "unknown block %q", t.text)
	return nil
}

func (p *parser) choice() statement {
	var c choosing
	for {
		c.tests = append(c.tests, p.tuple(false))
		p.expectKind(blockEnd, "the end of the tag")
		c.bodies = append(c.bodies, p.statements("elif", "else", "endif"))
		switch p.peek().text {
		case "elif":
			p.next()
		case "else":
			p.end()
			c.bodies = append(c.bodies, p.statements("endif"))
			p.end()
			return c
		default:
			p.end()
			return c
		}
	}
}

func (p *parser) loop(line int) statement {
	l := looping{target: p.target(false), line: line}
	if !p.skipName("in") {
		p.unexpected("in")
	}
	l.over = p.tuple(false, "recursive")
	if p.skipName("if") {
		l.when = p.expression()
	}
	l.recursive = p.skipName("recursive")
	p.expectKind(blockEnd, "the end of the tag")
	p.loops++
	l.body = p.statements("else", "endfor")
	p.loops--
	if p.end() == "else" {
		l.otherwise = p.statements("endfor")
		p.end()
	}
	return l
}

func (p *parser) set(line int) statement {
	to := p.target(true)
	if p.skip("=") {
		s := setting{to, p.tuple(true), line}
		p.expectKind(blockEnd, "the end of the tag")
		return s
	}
	b := settingBlock{target: to, line: line}
	if p.isOperator("|") {
		b.filter = p.filters(nil, false)
	}
	p.expectKind(blockEnd, "= or the end of the tag")
	b.body = p.statements("endset")
	p.end()
	return b
}

// target parses what a value is given to.
func (p *parser) target(attributes bool) target {
	var all []target
	several := false
	for {
		switch {
		case p.skip("("):
			all = append(all, p.target(false))
			p.expect(")")
		default:
			t := target{name: p.expectKind(name, "a name").text}
			if attributes && p.skip(".") {
				t.attribute = p.expectKind(name, "the name of an attribute").text
			}
			if slices.Contains([]string{"true", "false", "none", "True", "False", "None"}, t.name) {
				p.fail("nothing can be given to %s", t.name)
			}
			all = append(all, t)
		}
		if !p.skip(",") {
			break
		}
		several = true
		if p.peek().kind != name && !p.isOperator("(") {
			break
		}
	}
	if !several {
		return all[0]
	}
	return target{several: all}
}

// macro parses parameters, of which the bracket has been read, and the body.
func (p *parser) macro(of, end string) *macro {
	m := &macro{name: of}
	for !p.skip(")") {
		if len(m.parameters) > 0 {
			p.expect(",")
		}
		m.parameters = append(m.parameters, p.expectKind(name, "the name of a parameter").text)
		if p.skip("=") {
			m.defaults = append(m.defaults, p.expression())
		} else if len(m.defaults) > 0 {
			p.fail("a parameter without a default follows one with it")
		}
	}
	p.expectKind(blockEnd, "the end of the tag")
	loops := p.loops
	p.loops = 0
	m.body = p.statements(end)
	p.loops = loops
	p.end()
	return m
}

func (p *parser) call(line int) statement {
	body := &macro{name: "caller"}
	if p.skip("(") {
		for !p.skip(")") {
			if len(body.parameters) > 0 {
				p.expect(",")
			}
			body.parameters = append(body.parameters, p.expectKind(name, "the name of a parameter").text)
		}
	}
	c, ok := p.expression().(calling)
	if !ok {
		failAt(line, "call: expected a call")
	}
	p.expectKind(blockEnd, "the end of the tag")
	loops := p.loops
	p.loops = 0
	body.body = p.statements("endcall")
	p.loops = loops
	p.end()
	return callBlock{&c, body, line}
}

func (p *parser) with() statement {
	var w within
	for p.peek().kind != blockEnd {
		if len(w.names) > 0 {
			p.expect(",")
		}
		w.names = append(w.names, p.target(false))
		p.expect("=")
		w.values = append(w.values, p.expression())
	}
	p.next()
	w.body = p.statements("endwith")
	p.end()
	return w
}
