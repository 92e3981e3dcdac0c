package external

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes the test binary one of the processes that the tests ask.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "fake" {
		fake(os.Args[2], os.Args[3:])
		return
	}
	os.Exit(m.Run())
}

// fakeLine is the command line of a process that behaves in some way.
func fakeLine(behaviour string, arguments ...string) []string {
	return append([]string{os.Args[0], "fake", behaviour}, arguments...)
}

// request is a line as a process reads it.
type request struct {
	Item
	More int `json:"more"`
}

// fake answers to each text with the number of its bytes, and goes wrong at the third.
func fake(behaviour string, arguments []string) {
	var waiting []request
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	if behaviour == "deaf" {
		sleep()
	}
	for read := 1; in.Scan(); read++ {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(4)
		}
		if read == 3 {
			goWrong(behaviour, arguments)
		}
		switch behaviour {
		case "batches": // answers to all lines that belong together, with their number
			if waiting = append(waiting, r); r.More == 0 {
				for range waiting {
					fmt.Printf("{\"score\":%d}\n", len(waiting))
				}
				waiting = nil
			}
			continue
		case "slow":
			time.Sleep(30 * time.Millisecond)
		case "flood":
			fmt.Fprintln(os.Stderr, strings.Repeat("noise ", 100_000))
			for i := range 2000 {
				fmt.Fprint(os.Stderr, "progress ", i, "\r")
			}
		case "count":
			appendTo(arguments[0], r.Hypothesis+"\n")
		}
		fmt.Printf("{\"score\":%d,\"words\":%d.5,\"id\":%q,\"why\":[\"it is so\"]}\n", len(r.Hypothesis), len(strings.Fields(r.Hypothesis)), r.ID)
	}
	switch behaviour {
	case "last word":
		fmt.Println("{\"score\":1}")
	case "stays":
		sleep()
	}
}

func goWrong(behaviour string, arguments []string) {
	switch behaviour {
	case "once": // dies at its first start, which leaves a file
		if _, err := os.Stat(arguments[0]); err == nil {
			return
		}
		appendTo(arguments[0], "begun")
		fmt.Fprintln(os.Stderr, "out of luck")
		os.Exit(3)
	case "dies":
		fmt.Fprintf(os.Stderr, "Traceback\n  a line\nError: \x1b[31mout of luck\xff\n")
		os.Exit(3)
	case "killed":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hangs", "stubborn": // as does a process of its own, whose number it leaves
		if behaviour == "stubborn" {
			signal.Ignore(syscall.SIGTERM)
		}
		child := exec.Command(os.Args[0], "fake", "deaf")
		if err := child.Start(); err != nil {
			panic(err)
		}
		appendTo(arguments[0], strconv.Itoa(child.Process.Pid))
		sleep()
	case "chatters": // and does not listen
		os.Stdin.Close()
		for {
			if _, err := fmt.Println("{\"score\":1,\"words\":1}"); err != nil {
				os.Exit(1)
			}
		}
	case "closes":
		os.Stdout.Close()
		sleep()
	case "half":
		fmt.Print(`{"score":`)
		os.Exit(0)
	case "huge":
		fmt.Printf("{\"score\":1,\"why\":\"%s\"}\n", strings.Repeat("x", 5<<20))
	case "twice":
		fmt.Println("{\"score\":1,\"words\":1}")
	case "says":
		fmt.Println(arguments[0])
		sleep()
	}
}

func sleep() { time.Sleep(time.Hour) }

func appendTo(path, text string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err != nil {
		panic(err)
	}
	f.Close()
}
