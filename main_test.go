package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// A task of Slurm's is begun by the path of the program, which is the test's here.
	if filepath.Ext(os.Args[0]) == ".test" && len(os.Args) > 1 && os.Args[1] == "run" {
		main()
	}
	// A process of a stage is begun as /proc/self/exe.
	testscript.Main(m, map[string]func(){"lastmile": main, "exe": main, "faulty": faulty, "mistakes": runMistakes})
}

// TestScript runs the scripts in testdata/script: the command line as its user
// sees it, each in a folder of its own.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exec-code": execCode, "await": await, "kill-stage": killStage, "same-artifacts": sameArtifacts, "spoilt-model": spoiltModel,
			"edit": edit, "truncate": truncate,
		},
	})
}

// execCode is exec for a program that must end with the exit code given first.
func execCode(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exec-code CODE PROGRAM [ARGUMENT...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		ts.Fatalf("%v ended with %v, expected exit code %s", args[1:], err, args[0])
	}
	if got := strconv.Itoa(exit.ExitCode()); got != args[0] {
		ts.Fatalf("%v ended with exit code %s, expected %s", args[1:], got, args[0])
	}
}

// await waits until a file matches a pattern.
func await(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: await PATTERN")
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
	}
	ts.Fatalf("no file %s came within a minute", args[0])
}

// killStage kills the process that computes a stage and nothing else, once there is
// one: it is given a work folder and the kind of the stage.
func killStage(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: kill-stage WORK KIND")
	}
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(time.Millisecond) {
		locks, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "locks", args[1]+"-*"))
		ts.Check(err)
		for _, lock := range locks {
			text, err := os.ReadFile(lock)
			var owner struct{ Process int }
			if err != nil || json.Unmarshal(text, &owner) != nil || owner.Process == 0 {
				continue // it ended, or begins just now
			}
			// Its arguments end with "stage" and the stage's folder; those of the
			// process that hands out the stages do not.
			line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(owner.Process), "cmdline"))
			arguments := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
			if err != nil || len(arguments) != 3 || arguments[1] != "stage" || filepath.Base(arguments[2]) != filepath.Base(lock) {
				continue
			}
			ts.Check(syscall.Kill(owner.Process, syscall.SIGKILL))
			ts.Logf("killed %d: %v", owner.Process, arguments)
			return
		}
	}
	ts.Fatalf("no process computed a stage %s within a minute", args[1])
}

// sameArtifacts compares the stages of two work folders, byte by byte but for their
// stage.json, which has times.
func sameArtifacts(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 2 {
		ts.Fatalf("usage: same-artifacts WORK WORK")
	}
	var found [2]map[string][]byte
	for i, work := range args {
		found[i] = map[string][]byte{}
		root := filepath.Join(ts.MkAbs(work), "stages")
		ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || entry.Name() == "stage.json" {
				return err
			}
			found[i][strings.TrimPrefix(path, root)], err = os.ReadFile(path)
			return err
		}))
	}
	a, b := slices.Sorted(maps.Keys(found[0])), slices.Sorted(maps.Keys(found[1]))
	if len(a) == 0 || !slices.Equal(a, b) {
		ts.Fatalf("%s has the files %q\nand %s %q", args[0], a, args[1], b)
	}
	for _, name := range a {
		if !bytes.Equal(found[0][name], found[1][name]) {
			ts.Fatalf("%s is not the same in %s and in %s", name, args[0], args[1])
		}
	}
}

// spoiltModel writes a folder with the model that ships with lastmile, of which no
// parameter is a number: everything about it can be read, and nothing computed.
func spoiltModel(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: spoilt-model FOLDER")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} {
		content, err := os.ReadFile(filepath.Join(root, "experiments/builtin", name))
		ts.Check(err)
		if name == "model.safetensors" {
			// Behind the length of the header, and the header.
			data := content[8+binary.LittleEndian.Uint64(content):]
			copy(data, bytes.Repeat([]byte{0xff}, len(data)))
		}
		ts.Check(os.WriteFile(filepath.Join(dir, name), content, 0o666))
	}
}

// edit replaces a text in the files that match a pattern by another of its length.
func edit(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 3 || len(args[1]) != len(args[2]) {
		ts.Fatalf("usage: edit PATTERN OLD NEW")
	}
	for _, path := range matches(ts, args[0]) {
		content, err := os.ReadFile(path)
		ts.Check(err)
		if !bytes.Contains(content, []byte(args[1])) {
			ts.Fatalf("there is no %q in %s", args[1], path)
		}
		ts.Check(os.WriteFile(path, bytes.Replace(content, []byte(args[1]), []byte(args[2]), 1), 0o666))
	}
}

// truncate cuts the files that match a pattern to a few bytes.
func truncate(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: truncate PATTERN")
	}
	for _, path := range matches(ts, args[0]) {
		ts.Check(os.Truncate(path, 9))
	}
}

// matches are the files that match a pattern, of which there is one at least.
func matches(ts *testscript.TestScript, pattern string) []string {
	found, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no file %s", pattern)
	}
	return found
}

// root is the repository's folder, in which tests begin.
var root, _ = os.Getwd()
