package records

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Lines calls use for each line of a file that is not blank, with its number
// and without the blanks around it. What use finds wrong, and text that is not
// UTF-8, is a [LineError].
func Lines(path string, use func(number int, line []byte) error) error {
	c, err := open(path)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.lines(use)
}

// LinesOf does what [Lines] does with what r reads, which errors call name.
func LinesOf(r io.Reader, name string, use func(number int, line []byte) error) error {
	return contentOf(r, name).lines(use)
}

// PlainLines calls use for each line of a file, blank ones too, without its end.
func PlainLines(path string, use func(number int, line string) error) error {
	c, err := open(path)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.eachLine(func(number int, line []byte) error {
		return use(number, strings.TrimRight(string(line), "\r\n"))
	})
}

func (c *content) lines(use func(number int, line []byte) error) error {
	return c.eachLine(func(number int, line []byte) error {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			return nil
		}
		return use(number, line)
	})
}

// eachLine calls use for each line with its end, without the byte order mark.
func (c *content) eachLine(use func(number int, line []byte) error) error {
	for number := 1; ; number++ {
		line, err := c.line()
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading %s, after line %d: %w", c.path, number-1, err)
		}
		if number == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) > 0 {
			lineErr := valid(bytes.TrimSpace(line))
			if lineErr == nil {
				lineErr = use(number, line)
			}
			if lineErr != nil {
				return c.at(number, "", lineErr)
			}
		}
		if err != nil {
			return nil
		}
	}
}

// valid tells where a line is not UTF-8.
func valid(line []byte) error {
	if utf8.Valid(line) {
		return nil
	}
	at := 0
	for at < len(line) {
		r, size := utf8.DecodeRune(line[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return fmt.Errorf("byte %d of the line is not UTF-8", at+1)
}
