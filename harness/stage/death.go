package stage

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// death says in words how a process ended that should have gone on, by its
// state and by what it wrote.
func death(state *os.ProcessState, text string) string {
	if state == nil {
		return "could not be waited for"
	}
	signal, quote := crash(text)
	status, _ := state.Sys().(syscall.WaitStatus)
	words := fmt.Sprintf("ended with %s", state)
	switch {
	case status.Signaled():
		words = bySignal(status.Signal())
	case signal != 0:
		words = bySignal(signal)
	case state.Success():
		words = "ended before the stage did"
	}
	if quote == "" {
		quote = lastLines(text)
	}
	if quote != "" {
		words += ": " + quote
	}
	return words
}

func bySignal(signal syscall.Signal) string {
	n := int(signal)
	switch signal {
	case syscall.SIGKILL:
		return "was killed by signal 9; on Linux that is most often the kernel's out-of-memory killer"
	case syscall.SIGSEGV:
		return fmt.Sprintf("was ended by a segmentation fault in native code (signal %d)", n)
	case syscall.SIGBUS:
		return fmt.Sprintf("was ended by a bus error in native code (signal %d): a file in memory was cut short, or shared memory ran out", n)
	case syscall.SIGABRT:
		return fmt.Sprintf("was ended by native code that gave up (signal %d)", n)
	case syscall.SIGILL:
		return fmt.Sprintf("met an instruction that this processor lacks (signal %d)", n)
	case syscall.SIGFPE:
		return fmt.Sprintf("was ended by an arithmetic error in native code (signal %d)", n)
	}
	return fmt.Sprintf("was ended by signal %d (%v)", n, signal)
}

// announcement matches the lines by which Go's runtime and C++'s announce the
// end of the process. Go ends with exit status 2 where native code faults.
var announcement = regexp.MustCompile(`^(panic: |fatal error: |runtime: out of memory|unexpected fault address |terminate called |  what\(\): |SIG[A-Z]+: |\[signal SIG[A-Z]+: )`)

// crash finds in what a process wrote the signal that native code raised, and
// the lines that announce its end.
func crash(text string) (signal syscall.Signal, quote string) {
	var quotes []string
	panicked := false
	for _, line := range strings.FieldsFunc(text, endsLine) {
		if !announcement.MatchString(line) || len(quotes) == 4 {
			continue
		}
		quotes = append(quotes, strings.TrimSpace(line))
		panicked = panicked || strings.HasPrefix(line, "panic: ")
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "[signal "), ":"); ok && strings.HasPrefix(name, "SIG") && !panicked {
			signal = unix.SignalNum(name)
		}
	}
	return signal, cut(strings.Join(quotes, "; "))
}

// endsLine tells whether a line ends at a character: those of bars of progress end
// with a carriage return.
func endsLine(r rune) bool { return r == '\n' || r == '\r' }

// lastLines returns the last lines of a text in one.
func lastLines(text string) string {
	lines := strings.FieldsFunc(text, endsLine)
	return cut(strings.Join(lines[max(0, len(lines)-5):], "; "))
}

// cut shortens what an error quotes to its last 600 bytes.
func cut(quote string) string {
	const most = 600
	quote = strings.ToValidUTF8(quote, "\uFFFD")
	if len(quote) <= most {
		return quote
	}
	return "..." + strings.ToValidUTF8(quote[len(quote)-most:], "")
}
