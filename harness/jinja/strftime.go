package jinja

import (
	"fmt"
	"strings"
	"time"
)

// strftime is C's, in English, for the directives that tell a date and a time.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		padded := true
		if format[i] == '-' && i+1 < len(format) {
			padded = false
			i++
		}
		b.WriteString(dated(t, format[i], padded))
	}
	return b.String()
}

// dated is what one directive tells; numbers have their zeros where padded.
func dated(t time.Time, directive byte, padded bool) string {
	number := func(n, width int) string {
		if !padded {
			return fmt.Sprint(n)
		}
		return fmt.Sprintf("%0*d", width, n)
	}
	switch directive {
	case 'Y':
		return number(t.Year(), 4)
	case 'y':
		return number(t.Year()%100, 2)
	case 'm':
		return number(int(t.Month()), 2)
	case 'd':
		return number(t.Day(), 2)
	case 'e':
		return fmt.Sprintf("%2d", t.Day())
	case 'j':
		return number(t.YearDay(), 3)
	case 'H':
		return number(t.Hour(), 2)
	case 'I':
		return number((t.Hour()+11)%12+1, 2)
	case 'M':
		return number(t.Minute(), 2)
	case 'S':
		return number(t.Second(), 2)
	case 'B':
		return t.Month().String()
	case 'b', 'h':
		return t.Format("Jan")
	case 'A':
		return t.Weekday().String()
	case 'a':
		return t.Format("Mon")
	case 'p':
		return t.Format("PM")
	case 'F':
		return t.Format(time.DateOnly)
	case 'T':
		return t.Format(time.TimeOnly)
	case 'D':
		return t.Format("01/02/06")
	case 'Z':
		return t.Format("MST")
	case 'z':
		return t.Format("-0700")
	case '%':
		return "%"
	case 'n':
		return "\n"
	case 't':
		return "\t"
	}
	fail("strftime: unknown directive %%%c", directive)
	return ""
}
