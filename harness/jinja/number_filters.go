package jinja

import (
	"math"
	"strconv"
	"strings"
)

func absolute(r *renderer, v any, _ arguments) any {
	if n, ok := whole(v); ok {
		if n < 0 {
			return arithmetic(r, "-", 0, n)
		}
		return n
	}
	f, _, ok := numeric(defined(v))
	if !ok {
		fail("abs: expected a number, found %s", kindOf(v))
	}
	return math.Abs(f)
}

func floatFilter(_ *renderer, v any, a arguments) any {
	otherwise := a.bind("float", "default?")[0]
	if f, _, ok := numeric(v); ok {
		return f
	}
	if s, ok := v.(string); ok {
		if f, err := strconv.ParseFloat(strings.TrimFunc(s, isSpace), 64); err == nil {
			return f
		}
	}
	if otherwise == missing {
		return 0.0
	}
	return otherwise
}

func intFilter(_ *renderer, v any, a arguments) any {
	bound := a.bind("int", "default?", "base?")
	switch v := v.(type) {
	case bool, int:
		n, _ := whole(v)
		return n
	case float64:
		if math.Abs(v) < 1<<62 {
			return int(v)
		}
	case string:
		s := strings.TrimFunc(v, isSpace)
		base := or(bound[1], 10, "int")
		if base == 16 || base == 8 || base == 2 {
			s = strings.TrimPrefix(strings.ToLower(s), map[int]string{16: "0x", 8: "0o", 2: "0b"}[base])
		}
		if base >= 2 && base <= 36 {
			if n, err := strconv.ParseInt(s, base, 64); err == nil {
				return int(n)
			}
		}
		if f, err := strconv.ParseFloat(s, 64); err == nil && math.Abs(f) < 1<<62 {
			return int(f)
		}
	}
	if bound[0] == missing {
		return 0
	}
	return bound[0]
}

func round(_ *renderer, v any, a arguments) any {
	bound := a.bind("round", "precision?", "method?")
	f, _, ok := numeric(defined(v))
	if !ok {
		fail("round: expected a number, found %s", kindOf(v))
	}
	digits := or(bound[0], 0, "round")
	scale := math.Pow(10, float64(digits))
	switch or(bound[1], "common", "round") {
	case "ceil":
		return math.Ceil(f*scale) / scale
	case "floor":
		return math.Floor(f*scale) / scale
	}
	if digits < 0 {
		return math.RoundToEven(f*scale) / scale
	}
	if n, ok := whole(v); ok {
		return n
	}
	// Python rounds the decimal number that the float is.
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', min(digits, 300), 64), 64)
	return rounded
}

func sum(r *renderer, v any, a arguments) any {
	bound := a.bind("sum", "attribute?", "start?")
	key := attributed(bound[0])
	total := bound[1]
	if total == missing {
		total = 0
	}
	for _, each := range items(r, v) {
		total = arithmetic(r, "+", total, defined(key(each)))
	}
	return total
}

func extreme(r *renderer, v any, a arguments, sign int) any {
	bound := a.bind("min", "case_sensitive?", "attribute?")
	key, sensitive := attributed(bound[1]), or(bound[0], false, "min")
	var best any = undefined{"the sequence is empty"}
	for i, each := range items(r, v) {
		if i == 0 || sign*r.compare(folded(key(each), sensitive), folded(key(best), sensitive)) > 0 {
			best = each
		}
	}
	return best
}
