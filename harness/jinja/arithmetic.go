package jinja

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// arithmetic is what Python makes of two values and an operator.
func arithmetic(r *renderer, operator string, a, b any) any {
	x, aIsInt := whole(a)
	y, bIsInt := whole(b)
	if aIsInt && bIsInt {
		return ofIntegers(operator, x, y)
	}
	f, _, aIsNumber := numeric(a)
	g, _, bIsNumber := numeric(b)
	if aIsNumber && bIsNumber {
		return ofFloats(operator, f, g)
	}
	switch operator {
	case "+":
		if joined, ok := joined(r, a, b); ok {
			return joined
		}
	case "*":
		if bIsInt {
			return repeatedly(r, a, y)
		}
		if aIsInt {
			return repeatedly(r, b, x)
		}
	case "%":
		if format, ok := a.(string); ok {
			if list, ok := b.(tuple); ok {
				return printf(r, format, list)
			}
			return printf(r, format, []any{b})
		}
	}
	fail("%s %s %s cannot be computed", kindOf(a), operator, kindOf(b))
	return nil
}

// joined is the sum of two texts or lists.
func joined(r *renderer, a, b any) (any, bool) {
	switch a := a.(type) {
	case string:
		if s, ok := b.(string); ok {
			r.spend(len(a) + len(s))
			return a + s, true
		}
	case []any:
		if list, ok := b.([]any); ok {
			r.spend(16 * (len(a) + len(list)))
			return slices.Concat(a, list), true
		}
	case tuple:
		if list, ok := b.(tuple); ok {
			r.spend(16 * (len(a) + len(list)))
			return slices.Concat(a, list), true
		}
	}
	return nil, false
}

// repeatedly is a text or a list n times.
func repeatedly(r *renderer, v any, n int) any {
	n = max(n, 0)
	room := func(size int) {
		if size > 0 && n > mostMemory/size {
			panic(failure{err: errTooLong})
		}
		r.spend(n * size)
	}
	switch v := v.(type) {
	case string:
		room(len(v))
		return strings.Repeat(v, n)
	case []any:
		room(16 * len(v))
		return slices.Repeat(v, n)
	case tuple:
		room(16 * len(v))
		return slices.Repeat(v, n)
	}
	fail("%s cannot be repeated", kindOf(v))
	return nil
}

// tooLarge fails where a result is no integer of 64 bits, which Python's may be.
func tooLarge(ok bool) {
	if !ok {
		fail("an integer is too large")
	}
}

func ofIntegers(operator string, x, y int) any {
	switch operator {
	case "+":
		tooLarge(y <= 0 && x >= math.MinInt-y || y > 0 && x <= math.MaxInt-y)
		return x + y
	case "-":
		tooLarge(y >= 0 && x >= math.MinInt+y || y < 0 && x <= math.MaxInt+y)
		return x - y
	case "*":
		return product(x, y)
	case "**":
		if y < 0 {
			return ofFloats(operator, float64(x), float64(y))
		}
		return power(x, y)
	}
	if y == 0 {
		fail("division by zero")
	}
	switch operator {
	case "/":
		return float64(x) / float64(y)
	case "//":
		q := x / y
		if x%y != 0 && (x < 0) != (y < 0) {
			q--
		}
		return q
	}
	m := x % y
	if m != 0 && (m < 0) != (y < 0) {
		m += y
	}
	return m
}

func product(x, y int) int {
	high, low := bits.Mul64(magnitude(x), magnitude(y))
	tooLarge(high == 0 && low <= math.MaxInt)
	return x * y
}

func magnitude(x int) uint64 {
	if x < 0 {
		return uint64(-x)
	}
	return uint64(x)
}

func power(x, y int) int {
	if x == 0 || x == 1 {
		if y == 0 {
			return 1
		}
		return x
	}
	if x == -1 {
		return 1 - 2*(y%2)
	}
	result := 1
	for range y {
		result = product(result, x) // at most 63 times
	}
	return result
}

func ofFloats(operator string, f, g float64) any {
	switch operator {
	case "+":
		return f + g
	case "-":
		return f - g
	case "*":
		return f * g
	case "**":
		return math.Pow(f, g)
	}
	if g == 0 {
		fail("division by zero")
	}
	switch operator {
	case "/":
		return f / g
	case "//":
		return math.Floor(f / g)
	}
	m := math.Mod(f, g)
	if m != 0 && (m < 0) != (g < 0) {
		m += g
	}
	return m
}
