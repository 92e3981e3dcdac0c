package command

import (
	"fmt"
	"io"
	"time"
)

// lines returns what prints how far something long is, a line every few
// seconds and one at its end.
func lines(w io.Writer) func(done, total int, note string) {
	every := slow(w, 5*time.Second)
	return func(done, total int, note string) {
		if done == total {
			fmt.Fprintf(w, "%d/%d  %s\n", done, total, note)
			return
		}
		every(done, total, note)
	}
}

// slow returns what prints how far something is, a line after each interval:
// nothing where all is done before the first.
func slow(w io.Writer, interval time.Duration) func(done, total int, note string) {
	last := time.Now()
	return func(done, total int, note string) {
		if now := time.Now(); done < total && now.Sub(last) > interval {
			last = now
			fmt.Fprintf(w, "%d/%d  %s\n", done, total, note)
		}
	}
}
