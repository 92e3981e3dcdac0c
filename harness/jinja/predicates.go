package jinja

// test tells whether a value passes one of Jinja2's tests.
func (r *renderer) test(name string, v any, a arguments) bool {
	r.reads(v)
	other := func() any { return a.bind(name, "other")[0] }
	switch name {
	case "defined":
		_, ok := v.(undefined)
		return !ok
	case "undefined":
		_, ok := v.(undefined)
		return ok
	case "none":
		return v == nil
	case "true":
		return v == true
	case "false":
		return v == false
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "integer":
		_, ok := v.(int)
		return ok
	case "float":
		_, ok := v.(float64)
		return ok
	case "number":
		_, _, ok := numeric(v)
		return ok
	case "string":
		_, ok := v.(string)
		return ok
	case "mapping":
		return isDict(v)
	case "sequence", "iterable":
		switch v.(type) {
		case string, []any, tuple, *Dict, undefined:
			return true
		}
		return false
	case "callable":
		_, ok := v.(function)
		return ok
	case "sameas":
		is := other()
		if isDict(v) || isDict(is) {
			return v == is
		}
		return kindOf(v) == kindOf(is) && r.equal(v, is)
	case "lower":
		return text(v) == lower(text(v)) && text(v) != upper(text(v))
	case "upper":
		return text(v) == upper(text(v)) && text(v) != lower(text(v))
	case "odd":
		return integerOf(v, name)%2 != 0
	case "even":
		return integerOf(v, name)%2 == 0
	case "divisibleby":
		return ofIntegers("%", integerOf(v, name), integerOf(other(), name)) == 0
	case "filter":
		return filters[stringOf(v, name)] != nil
	case "in":
		return contains(r, other(), v)
	}
	operator, ok := relations[name]
	if !ok {
		fail("unknown test %q", name)
	}
	return related(r, operator, v, other())
}

// relations are the tests that compare, and their operators.
var relations = map[string]string{
	"eq": "==", "equalto": "==", "ne": "!=",
	"lt": "<", "lessthan": "<", "le": "<=", "gt": ">", "greaterthan": ">", "ge": ">=",
}
