package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lastmile/experiments"
)

func TestTheWholeSchemaIsWhole(t *testing.T) {
	if err := schema().Validate(); err != nil {
		t.Error(err)
	}
}

// TestAnOldKeyIsNamed is about the one of the sections that are added here; those of
// runs are tested with them.
func TestAnOldKeyIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.toml")
	if err := os.WriteFile(path, []byte("[runtime]\nworkers = 2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := schema().Load(path, experiments.LoadOptions{}); err == nil || !strings.Contains(err.Error(), "sweep.toml:2: runtime.workers: is called runtime.jobs now") {
		t.Errorf("got %v", err)
	}
}

// heading is that of a table's keys.
var heading = regexp.MustCompile(`^\[(\S+)\]( \(there by default\))?$`)

// reference matches what help says of a key: its type, its default or that it must
// be given, and what is allowed.
var reference = regexp.MustCompile(`^(\S+) \((.+)\)$`)

func TestHelpListsEveryKeyWithItsDocAndDefault(t *testing.T) {
	var out strings.Builder
	c := configCommand()
	c.SetOut(&out)
	if err := c.Help(); err != nil {
		t.Fatal(err)
	}
	docs, defaults := map[string]string{}, map[string]string{}
	key := ""
	for line := range strings.Lines(out.String()) {
		line = strings.TrimRight(line, "\n")
		if table := heading.FindStringSubmatch(line); table != nil {
			key = table[1]
			continue
		}
		if line == "" {
			continue
		}
		if text, ok := strings.CutPrefix(line, "    "); ok {
			docs[key] += text + " "
			continue
		}
		found := reference.FindStringSubmatch(line)
		if found == nil {
			t.Errorf("the line %q is that of no key", line)
			continue
		}
		key = found[1]
		if _, after, ok := strings.Cut(found[2], ", default "); ok {
			defaults[key] = after
		}
	}
	fields, err := schema().Reference()
	if err != nil || len(fields) < 150 {
		t.Fatalf("%d keys, %v", len(fields), err)
	}
	for _, f := range fields {
		if docs[f.Key] == "" {
			t.Errorf("%s has no doc", f.Key)
		}
		if f.Type != "table" && (f.Default == "" || defaults[f.Key] == "") {
			t.Errorf("%s has no default", f.Key)
		}
	}
	for key, want := range map[string]string{"algorithm": `"ppo"`, "mle_longer.steps": "200", "ppo.clip": "0.2", "runtime.jobs": "1", "report.examples": "10", "rl.kl.estimator": `"k1"`, "rl.kl.in": `"reward"`} {
		if !strings.HasPrefix(defaults[key], want) {
			t.Errorf("%s: the default is %q, expected %s", key, defaults[key], want)
		}
	}
}
