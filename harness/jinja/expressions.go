package jinja

import "slices"

// tuple parses one expression, or several with commas between them; conditional
// ones only where it says so, since in a loop "if" follows.
func (p *parser) tuple(conditional bool, ends ...string) expression {
	parse := p.expression
	if !conditional {
		parse = p.or
	}
	first := parse()
	if !p.isOperator(",") {
		return first
	}
	all := listing{items: []expression{first}, isTuple: true}
	for p.skip(",") {
		if k := p.peek().kind; k == blockEnd || k == variableEnd || p.isOperator(")") || p.isName(ends...) {
			break
		}
		all.items = append(all.items, parse())
	}
	return all
}

// expression parses an expression, which may be conditional.
func (p *parser) expression() expression {
	defer p.deeper()()
	e := p.or()
	for p.skipName("if") {
		c := condition{then: e, test: p.or()}
		if p.skipName("else") {
			c.otherwise = p.expression()
		}
		e = c
	}
	return e
}

// chain parses operators of one rank, which bind to the left.
func (p *parser) chain(of func() expression, operators ...string) expression {
	left := of()
	for p.peek().kind == operator && slices.Contains(operators, p.peek().text) {
		t := p.next()
		left = binary{t.text, left, of(), t.line}
	}
	return left
}

func (p *parser) or() expression { return p.logic("or", p.and) }

func (p *parser) and() expression { return p.logic("and", p.not) }

// logic parses and, or or, which binds to the left.
func (p *parser) logic(operator string, of func() expression) expression {
	left := of()
	for p.isName(operator) {
		t := p.next()
		left = binary{operator, left, of(), t.line}
	}
	return left
}

func (p *parser) not() expression {
	if p.isName("not") {
		defer p.deeper()()
		t := p.next()
		return unary{"not", p.not(), t.line}
	}
	return p.compare()
}

func (p *parser) compare() expression {
	c := comparison{first: p.sum(), line: p.peek().line}
	for {
		switch {
		case p.peek().kind == operator && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, p.peek().text):
			c.rest = append(c.rest, compared{p.next().text, p.sum()})
		case p.isName("in"):
			p.next()
			c.rest = append(c.rest, compared{"in", p.sum()})
		case p.isName("not") && p.ahead().kind == name && p.ahead().text == "in":
			p.next()
			p.next()
			c.rest = append(c.rest, compared{"not in", p.sum()})
		case len(c.rest) == 0:
			return c.first
		default:
			return c
		}
	}
}

func (p *parser) sum() expression { return p.chain(p.concatenation, "+", "-") }

func (p *parser) concatenation() expression { return p.chain(p.product, "~") }

func (p *parser) product() expression { return p.chain(p.power, "*", "/", "//", "%") }

func (p *parser) power() expression {
	return p.chain(func() expression { return p.unary(true) }, "**")
}

func (p *parser) unary(filters bool) expression {
	defer p.deeper()()
	var e expression
	if p.isOperator("-") || p.isOperator("+") {
		t := p.next()
		e = unary{t.text, p.unary(false), t.line}
	} else {
		e = p.primary()
	}
	e = p.postfix(e)
	if filters {
		e = p.filters(e, false)
	}
	return e
}

func (p *parser) primary() expression {
	switch t := p.next(); {
	case t.kind == name:
		switch t.text {
		case "true", "True":
			return literal{true}
		case "false", "False":
			return literal{false}
		case "none", "None":
			return literal{nil}
		}
		return variable{t.text, t.line}
	case t.kind == stringLiteral:
		joined := t.text
		for p.peek().kind == stringLiteral {
			joined += p.next().text
		}
		return literal{joined}
	case t.kind == integer, t.kind == float:
		return literal{t.value}
	case t.kind == operator && t.text == "(":
		if p.skip(")") {
			return listing{isTuple: true}
		}
		e := p.tuple(true)
		p.expect(")")
		return e
	case t.kind == operator && t.text == "[":
		var l listing
		p.separated("]", func() { l.items = append(l.items, p.expression()) })
		return l
	case t.kind == operator && t.text == "{":
		var m mapping
		p.separated("}", func() {
			m.keys = append(m.keys, p.expression())
			p.expect(":")
			m.values = append(m.values, p.expression())
		})
		return m
	}
	p.at--
	p.unexpected("an expression")
	return nil
}

// separated parses items with commas between them, and after the last where there is
// one, up to the bracket that ends them.
func (p *parser) separated(end string, item func()) {
	for first := true; !p.skip(end); first = false {
		if !first {
			p.expect(",")
			if p.skip(end) {
				break
			}
		}
		item()
	}
}

// postfix parses what follows a value: attributes, items, calls.
func (p *parser) postfix(e expression) expression {
	for {
		t := p.peek()
		switch {
		case p.skip("."):
			switch of := p.next(); of.kind {
			case name:
				e = attribute{e, of.text, t.line}
			case integer:
				e = item{e, literal{of.value}, t.line}
			default:
				p.at--
				p.unexpected("the name of an attribute")
			}
		case p.skip("["):
			e = p.subscript(e, t.line)
		case p.skip("("):
			e = calling{e, p.arguments(), t.line}
		default:
			return e
		}
	}
}

// subscript parses an index or a slice, whose bracket has been read.
func (p *parser) subscript(of expression, line int) expression {
	var parts [3]expression
	n := 0
	for ; n < 3; n++ {
		if !p.isOperator(":") && !p.isOperator("]") {
			parts[n] = p.expression()
		}
		if !p.skip(":") {
			break
		}
	}
	if n == 0 && parts[0] == nil {
		p.unexpected("an index")
	}
	p.expect("]")
	if n == 0 {
		return item{of, parts[0], line}
	}
	return slicing{of, parts[0], parts[1], parts[2], line}
}

// arguments parses those of a call, whose bracket has been read.
func (p *parser) arguments() given {
	var g given
	p.separated(")", func() {
		switch {
		case p.skip("**"):
			g.dict = p.expression()
		case p.skip("*"):
			g.list = p.expression()
		case p.peek().kind == name && p.ahead().kind == operator && p.ahead().text == "=":
			g.names = append(g.names, p.next().text)
			p.next()
			g.named = append(g.named, p.expression())
		default:
			if len(g.names) > 0 {
				p.fail("an argument without a name follows one with it")
			}
			g.positional = append(g.positional, p.expression())
		}
	})
	return g
}

// filters parses filters and tests behind a value, and calls of what they give.
// A block's first filter stands without a bar.
func (p *parser) filters(e expression, inline bool) expression {
	for {
		t := p.peek()
		switch {
		case inline || p.skip("|"):
			inline = false
			f := filtering{of: e, name: p.dotted("the name of a filter"), line: t.line}
			if p.skip("(") {
				f.given = p.arguments()
			}
			e = f
		case p.isName("is"):
			p.next()
			e = p.test(e, t.line)
		case e != nil && p.isOperator("("):
			p.next()
			e = calling{e, p.arguments(), t.line}
		default:
			return e
		}
	}
}

func (p *parser) dotted(what string) string {
	text := p.expectKind(name, what).text
	for p.skip(".") {
		text += "." + p.expectKind(name, what).text
	}
	return text
}

func (p *parser) test(of expression, line int) expression {
	t := predicate{of: of, not: p.skipName("not"), line: line}
	t.name = p.dotted("the name of a test")
	next := p.peek()
	switch {
	case p.skip("("):
		t.given = p.arguments()
	case next.kind == name && !p.isName("else", "or", "and", "is", "if", "in", "not", "recursive"),
		next.kind == stringLiteral, next.kind == integer, next.kind == float, p.isOperator("["), p.isOperator("{"):
		t.given.positional = []expression{p.postfix(p.primary())}
	}
	return t
}
