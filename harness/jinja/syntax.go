package jinja

// expression is a part of a template that has a value.
type expression interface {
	value(r *renderer, s *scope) any
}

// statement is a part of a template that writes.
type statement interface {
	run(r *renderer, s *scope, out *output)
}

type (
	literal  struct{ is any }
	variable struct {
		name string
		line int
	}
	listing struct {
		items   []expression
		isTuple bool
	}
	mapping struct{ keys, values []expression }
	// attribute is of.name, and item of[at].
	attribute struct {
		of   expression
		name string
		line int
	}
	item struct {
		of, at expression
		line   int
	}
	slicing struct {
		of, from, to, step expression // nil where left out
		line               int
	}
	calling struct {
		of    expression
		given given
		line  int
	}
	filtering struct {
		of    expression // nil in a filter block and in a set block
		name  string
		given given
		line  int
	}
	predicate struct {
		of    expression
		name  string
		given given
		not   bool
		line  int
	}
	unary struct {
		operator string
		of       expression
		line     int
	}
	binary struct {
		operator    string
		left, right expression
		line        int
	}
	// comparison is a chain: a < b <= c.
	comparison struct {
		first expression
		rest  []compared
		line  int
	}
	compared struct {
		operator string
		with     expression
	}
	condition struct{ then, test, otherwise expression }
)

// given are the arguments of a call as they are written.
type given struct {
	positional []expression
	names      []string
	named      []expression
	list       expression // *list
	dict       expression // **dict
}

type (
	writing  struct{ text string }
	printing struct {
		of   expression
		line int
	}
	choosing struct {
		tests  []expression
		bodies [][]statement // one more where there is an else
	}
	looping struct {
		target          target
		over, when      expression
		body, otherwise []statement
		recursive       bool
		line            int
	}
	setting struct {
		target target
		to     expression
		line   int
	}
	settingBlock struct {
		target target
		filter expression // of the body; nil for none
		body   []statement
		line   int
	}
	defining struct{ macro *macro }
	// callBlock is {% call macro() %}, whose body the macro calls.
	callBlock struct {
		call *calling
		body *macro
		line int
	}
	filterBlock struct {
		filter expression
		body   []statement
	}
	within struct {
		names  []target
		values []expression
		body   []statement
	}
	breaking   struct{}
	continuing struct{}
)

// target is what a value is given to: a name, an attribute of a namespace, or
// several of them.
type target struct {
	name, attribute string
	several         []target
}

// macro is a function that a template defines.
type macro struct {
	name       string
	parameters []string
	defaults   []expression // of the last parameters
	body       []statement
}
