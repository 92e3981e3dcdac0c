package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lastmile/harness/command"
)

// A mistake is one thing that a user, or a stranger whose files the user has, can get
// wrong. What is said then stands in docs/mistakes.md.
type mistake struct {
	// given is what is wrong, in the page's words; the command line where it is empty.
	given string
	// args is the command line behind the program's name, in words; planRun where it is
	// empty.
	args string
	// files are the case's own, by their paths, over those of every case.
	files map[string]string
	// make makes what is no file of bytes.
	make func(dir string) error
	// code is the exit code, 2 where it is 0.
	code int
}

// A chapter is the mistakes of one kind.
type chapter struct {
	title, text string
	mistakes    []mistake
}

// chapters are those of the page.
func chapters(t *testing.T) []chapter {
	m := goodModel(t)
	return []chapter{
		sweepMistakes(),
		dataMistakes(t),
		modelMistakes(t, m),
		tokenizerMistakes(t, m),
		chatMistakes(m),
		sideMistakes(m),
		textMistakes(),
		storeMistakes(),
		processMistakes(),
		commandMistakes(),
	}
}

// planRun plans the sweep of every case, and computes nothing.
const planRun = "run sweep.toml --dry-run"

// everyCase are the files that each case begins with. There is nothing wrong in them.
var everyCase = map[string]string{
	"sweep.toml": `algorithm = "none"
task.data = "files"
task.files = { train = "t.jsonl", dev = "t.jsonl", test = "t.jsonl" }
task.max_prompt_tokens = 24
task.max_response_tokens = 10
metrics.names = ["rouge1"]
`,
	"t.jsonl": `{"id": "1", "input": "a small library that reads archives", "reference": "archive reader"}
{"id": "2", "input": "games for one player", "reference": "small games"}
`,
	"refs.txt": "the cat sat\nthe big dog\n",
	"hyps.txt": "the cat sat\nthe big cat\n",
}

// What a case may take: the time is only awaited, and the memory is that of all cases
// of a chapter, one after the other, with that of libtorch.
const (
	mistakeTime   = 2 * time.Minute
	mistakeMemory = 1 << 30
)

const mistakesPage = "docs/mistakes.md"

var update = flag.Bool("update", false, "write "+mistakesPage+" anew")

// TestMistakes gives the program bad input, each in a folder of its own, and holds
// what it says against docs/mistakes.md. Nothing is written but there, nothing takes
// long or much memory, and the exit code says whose the mistake is. The cases of a
// chapter share a process: its start is most of what one costs.
func TestMistakes(t *testing.T) {
	all := chapters(t)
	pages := make([]string, len(all))
	t.Run("chapter", func(t *testing.T) {
		for i, c := range all {
			t.Run(c.title, func(t *testing.T) {
				t.Parallel()
				pages[i] = c.page(t, c.run(t))
			})
		}
	})
	if t.Failed() && !*update || slices.Contains(pages, "") {
		return // something else is wrong, or not all chapters were asked for
	}
	cases := 0
	for _, c := range all {
		cases += len(c.mistakes)
	}
	page := fmt.Sprintf(pageStart, cases) + strings.Join(pages, "")
	if *update {
		if err := os.WriteFile(mistakesPage, []byte(page), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	found, err := os.ReadFile(mistakesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(found) != page {
		t.Errorf("%s is not what the program says: %s\ngo test . -run TestMistakes -update makes it anew; look at what changed",
			mistakesPage, firstDifference(string(found), page))
	}
}

// firstDifference shows the first line in which a page is not what is wanted.
func firstDifference(found, want string) string {
	a, b := strings.Split(found, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d is\n%s\nand should be\n%s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("it has %d lines and should have %d", len(a), len(b))
}

const pageStart = "# What is said to bad input\n\n" +
	"%d cases, each with the whole message, of which a long one is cut. `go test . -run TestMistakes` gives each to the " +
	"program in a folder of its own and compares what is said with this page. It also checks that the exit code is 2, " +
	"that no file is written but in the work folder, that nothing is computed, and that each chapter ends soon and in " +
	"less than 1 GiB. Where nothing else is said, the command is `lastmile " + planRun + "`, and all else is right. " +
	"`/…/` stands for the folder.\n"

// page is the chapter as the page has it.
func (c chapter) page(t *testing.T, said []string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n", c.title)
	if c.text != "" {
		fmt.Fprintf(&b, "%s\n\n", c.text)
	}
	fmt.Fprintf(&b, "| what is given | what is said |\n|---|---|\n")
	seen := map[string]bool{}
	for i, m := range c.mistakes {
		given := m.given
		switch {
		case given == "":
			given = code("lastmile " + m.args)
		case m.args != "" && !strings.Contains(m.args, "--dry-run"):
			given += ": " + code("lastmile "+m.args)
		}
		if m.code != 0 {
			given += fmt.Sprintf(" (exit code %d)", m.code)
		}
		if seen[given] {
			t.Errorf("two cases are called %q", given)
		}
		seen[given] = true
		lines := strings.Split(strings.TrimRight(said[i], "\n"), "\n")
		if n := len(lines); n > 10 {
			lines = append(lines[:2:2], fmt.Sprintf("… %d lines …", n-3), lines[n-1])
		}
		for j := range lines {
			lines[j] = code(lines[j])
		}
		fmt.Fprintf(&b, "| %s | %s |\n", strings.ReplaceAll(given, "|", `\|`), strings.Join(lines, "<br>"))
	}
	return b.String()
}

// code is a text in Markdown's code, in a table.
func code(text string) string {
	if text == "" {
		return ""
	}
	mark := "`"
	if strings.Contains(text, "`") {
		mark = "``"
	}
	return mark + strings.ReplaceAll(text, "|", `\|`) + mark
}

// order is a case as a process is given it, and outcome what became of it.
type (
	order struct {
		Dir  string
		Args []string
	}
	outcome struct {
		Code    int
		Said    string
		Seconds float64
		Memory  int64 // bytes, the most so far
	}
)

// unwanted is what no message has: names of Go's types and functions, addresses, and
// what a program says that broke.
var unwanted = regexp.MustCompile(`(?i)goroutine|panic|runtime error|nil pointer|0x[0-9a-f]{6}|` +
	`Go value|Go struct|cannot unmarshal|of type [a-z]+\.[A-Z]|strconv\.|%!`)

// run runs the chapter's cases and returns what the program said to each.
func (c chapter) run(t *testing.T) []string {
	root := t.TempDir()
	var orders []order
	for i, m := range c.mistakes {
		dir := filepath.Join(root, fmt.Sprint(i), "folder")
		if err := m.lay(dir); err != nil {
			t.Fatal(err)
		}
		args := m.args
		if args == "" {
			args = planRun
		}
		orders = append(orders, order{dir, strings.Fields(args)})
	}
	for _, name := range []string{"home", "tmp"} {
		if err := os.Mkdir(filepath.Join(root, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	before := listing(t, root)
	outcomes := giveAll(t, root, orders)
	after := listing(t, root)
	for path, is := range after {
		if was, ok := before[path]; (!ok || was != is) && !beneath(before, path, "work") {
			t.Errorf("%s was written: %s, before %q", path, is, was)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok && !beneath(before, path, "work") {
			t.Errorf("%s was removed", path)
		}
	}
	said := make([]string, len(outcomes))
	for i, o := range outcomes {
		m := c.mistakes[i]
		name := m.given + " " + m.args
		want := m.code
		if want == 0 {
			want = 2
		}
		text := strings.ReplaceAll(o.Said, orders[i].Dir+"/", "/…/")
		text = strings.ReplaceAll(text, orders[i].Dir, "/…")
		if o.Code != want {
			t.Errorf("%s: exit code %d, expected %d: %s", name, o.Code, want, text)
		}
		if bad := unwanted.FindString(text); bad != "" || strings.Contains(text, root) || strings.TrimSpace(text) == "" {
			t.Errorf("%s: a message that has %q: %s", name, bad, text)
		}
		said[i] = text
	}
	return said
}

// lay makes the folder of a case.
func (m mistake) lay(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, files := range []map[string]string{everyCase, m.files} {
		for name, content := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
				return err
			}
		}
	}
	if m.make != nil {
		return m.make(dir)
	}
	return nil
}

// beneath tells whether a path lies in a case's folder of a name that was there before.
func beneath(before map[string]string, path, name string) bool {
	parts := strings.Split(path, "/")
	if len(parts) < 4 || parts[2] != name {
		return false
	}
	_, ok := before[strings.Join(parts[:3], "/")]
	return ok
}

// listing is what lies in a folder, by its path there.
func listing(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		is := info.Mode().String()
		if info.Mode().IsRegular() {
			is += fmt.Sprintf(" %d bytes of %v", info.Size(), info.ModTime())
		}
		all[name] = is
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// giveAll has a process run cases, one after the other.
func giveAll(t *testing.T, root string, orders []order) []outcome {
	t.Helper()
	text, err := json.Marshal(orders)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("mistakes")
	c.Env = append(os.Environ(), "HOME="+filepath.Join(root, "home"), "TMPDIR="+filepath.Join(root, "tmp"),
		"OMP_NUM_THREADS=1")
	c.Stdin = bytes.NewReader(text)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	var outcomes []outcome
	for d := json.NewDecoder(&stdout); ; {
		var o outcome
		if d.Decode(&o) != nil {
			break
		}
		outcomes = append(outcomes, o)
	}
	if n := len(outcomes); err != nil || n < len(orders) {
		t.Fatalf("%v: %v: %.2000s", orders[n].Args, err, &stderr)
	}
	if stderr.Len() > 0 {
		t.Errorf("besides its messages the program wrote %s", &stderr)
	}
	var most int64
	for i, o := range outcomes {
		if o.Memory > mistakeMemory && most <= mistakeMemory {
			t.Errorf("%v took %d bytes of memory, expected at most %d", orders[i].Args, o.Memory, mistakeMemory)
		}
		if o.Seconds > 0.2 || o.Memory > most+20<<20 {
			t.Logf("%.1f s, %d MB: %v", o.Seconds, o.Memory>>20, orders[i].Args)
		}
		most = o.Memory
	}
	t.Logf("%d cases, %d MB, %v of CPU", len(orders), most>>20, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
	return outcomes
}

// runMistakes is a process that runs the program's command line for each of the cases
// that it is given, each in its folder, and writes what became of it.
func runMistakes() {
	var orders []order
	if err := json.NewDecoder(os.Stdin).Decode(&orders); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// What takes memory without end takes this process with it, and not the machine.
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: 4 * mistakeMemory,
		Max: 4 * mistakeMemory}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	for _, o := range orders {
		done, err := o.run()
		if err == nil {
			err = out.Encode(done)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%v: %v\n", o.Args, err)
			os.Exit(1)
		}
	}
}

// run runs one case.
func (o order) run() (done outcome, err error) {
	if err := os.Chdir(o.Dir); err != nil {
		return done, err
	}
	if os.Stdin, err = os.Open(os.DevNull); err != nil {
		return done, err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return done, err
	}
	stdout, stderr := os.Stdout, os.Stderr
	os.Stdout, os.Stderr, os.Args = w, w, append([]string{"lastmile"}, o.Args...)
	var said bytes.Buffer
	var read sync.WaitGroup
	read.Go(func() { _, err = said.ReadFrom(r) })
	begin, ended := time.Now(), make(chan int, 1)
	go func() { ended <- command.Run(command.Program{Version: version, Check: check, Report: report}) }()
	select {
	case done.Code = <-ended:
	case <-time.After(mistakeTime):
		return done, errors.New("no end")
	}
	done.Seconds = time.Since(begin).Seconds()
	done.Memory, err = mostMemory()
	if err != nil {
		return done, err
	}
	os.Stdout, os.Stderr = stdout, stderr
	w.Close()
	read.Wait()
	r.Close()
	done.Said = said.String()
	return done, err
}

// mostMemory is the most memory that the process has had so far, in bytes.
func mostMemory() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	_, err = fmt.Sscan(rest, &kilobytes)
	return kilobytes << 10, err
}

// with is a folder with some files changed: each name is followed by its content.
func with(files folder, changes ...string) folder {
	changed := folder{}
	for name, content := range files {
		changed[name] = content
	}
	for i := 0; i < len(changes); i += 2 {
		changed[changes[i]] = changes[i+1]
	}
	return changed
}

// without is a folder less one file.
func without(files folder, name string) folder {
	fewer := with(files)
	delete(fewer, name)
	return fewer
}

// links makes a symbolic link, for which there is a folder if it needs one.
func links(name, target string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		return os.Symlink(target, path)
	}
}

// pipes makes a pipe to which nobody ever writes.
func pipes(name string) func(dir string) error {
	return func(dir string) error {
		path := filepath.Join(dir, name)
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		return syscall.Mkfifo(path, 0o666)
	}
}

// folders makes a folder.
func folders(name string) func(dir string) error {
	return func(dir string) error { return os.MkdirAll(filepath.Join(dir, name), 0o777) }
}
