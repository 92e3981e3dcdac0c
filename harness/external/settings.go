package external

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"lastmile/experiments"
)

// Sources are this package's files: their comments document its settings.
//
//go:embed *.go
var Sources embed.FS

// Settings say how a process is begun and talked to.
type Settings struct {
	// Run is the program and its arguments, as ["python3", "bertscore.py"]: no shell
	// reads them. A program with a slash in it is a file, any other is looked for in
	// PATH. Another command line, and another content of a file that it names, compute
	// everything anew.
	Run []string `toml:"run" json:"run"`
	// Folder is the folder that the process works in, where relative paths of Run
	// start. A file that says Run and no Folder means its own.
	Folder string `toml:"folder" json:"folder"`
	// Version stands for what decides the numbers beside the command line and the files
	// that it names, as a library's version or the model behind an address: where it
	// changes, everything is computed anew.
	Version string `toml:"version" json:"version"`
	// Timeout is how many seconds the process has for its next answer.
	Timeout float64 `toml:"timeout" json:"timeout"`
	// StartTimeout is how many it has for its first one, before which it may have to
	// load a model.
	StartTimeout float64 `toml:"start_timeout" json:"start_timeout"`
	// Restarts is how often, at most, a stage begins the process again where it ended
	// or an answer did not come in time: from the first text without an answer.
	Restarts int `toml:"restarts" json:"restarts"`
	// Batch is the number of texts that are written at once. At most twice as many wait
	// for their answers.
	Batch int `toml:"batch" json:"batch"`
}

// Default are the settings of which nothing is said: there is no command line.
func Default() Settings {
	return Settings{Run: []string{}, Timeout: 60, StartTimeout: 600, Restarts: 2, Batch: 32}
}

// mostSeconds bounds times: a day.
const mostSeconds = 24 * 3600

// Rules are those of the settings, and Paths the folder.
func Rules() experiments.Rules {
	return experiments.Rules{
		"run":           experiments.Check{Allowed: "a program and its arguments", Broken: brokenLine},
		"folder":        experiments.Anything,
		"version":       experiments.Anything,
		"timeout":       experiments.AboveTo(0, mostSeconds),
		"start_timeout": experiments.AboveTo(0, mostSeconds),
		"restarts":      experiments.Whole(0, 1000),
		"batch":         experiments.Whole(1, 1<<16),
	}
}

// Paths are the settings that are paths.
func Paths() []experiments.Path { return []experiments.Path{{Key: "folder", Of: "run"}} }

// Cost are the keys of the settings below a key, "*" for any name in it, that change
// nothing but time and where files lie. What a command line says is in [Settings.Hash].
func Cost(key string) []string {
	var keys []string
	for _, name := range []string{"run", "folder", "timeout", "start_timeout", "restarts", "batch"} {
		keys = append(keys, key+"."+name)
	}
	return keys
}

// numberName matches the names that numbers can have.
const numberName = `^[A-Za-z0-9_]+$`

// NumberName allows the names that numbers of an answer can have.
var NumberName = experiments.Matching("letters, digits and underscores", numberName)

func brokenLine(value any) string {
	words, _ := value.([]string)
	switch {
	case len(words) > 0 && words[0] == "":
		return "the program has no name"
	case slices.ContainsFunc(words, func(word string) bool { return strings.Contains(word, "\x00") }):
		return "an argument has a byte 0 in it, which no program can be given"
	}
	return ""
}

// NoLine complains about settings, below a key, that say no command line.
func (s Settings) NoLine(key string) []experiments.Complaint {
	if len(s.Run) > 0 {
		return nil
	}
	at := key
	if s.Folder != "" {
		at += ".run" // something was said of it
	}
	return []experiments.Complaint{{
		Keys:    []string{at},
		Message: fmt.Sprintf("there is no command line: %s.run = [\"PROGRAM\", \"ARGUMENT\", …]", key),
	}}
}

func seconds(of float64) time.Duration { return time.Duration(of * float64(time.Second)) }
