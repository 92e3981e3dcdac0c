package graph

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"lastmile/experiments"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

// TestMain lets the test binary compute one stage, as `lastmile stage FOLDER` does,
// or the small experiment, where it is called like that.
func TestMain(m *testing.M) {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "stage":
		err = serve(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "small":
		err = computeSmall(os.Args[2], os.Args[3])
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(folder string) error {
	out, err := stage.ClaimStdout()
	if err != nil {
		return err
	}
	return stage.Serve(context.Background(), folder, stages.Funcs, out)
}

// schemaWith is what a sweep file can say of its runs, changed by change, and of how
// they are computed.
func schemaWith(change func(*experiments.Schema)) *experiments.Schema {
	s := stages.Schema()
	s.Sections = append(s.Sections, RuntimeSection())
	change(s)
	return s
}

var schema = sync.OnceValue(func() *experiments.Schema { return schemaWith(func(*experiments.Schema) {}) })

// sweepFile writes a sweep file over a tiny task of the user's files, with a folder
// as the model, and returns its path.
func sweepFile(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "train.jsonl", `{"input": "a b c", "reference": "a"}`+"\n"+`{"input": "d e f", "reference": "d"}`+"\n")
	write(t, dir, "dev.jsonl", `{"input": "g h i", "reference": "g"}`+"\n")
	write(t, dir, "test.jsonl", `{"input": "j k l", "reference": "j k"}`+"\n"+`{"input": "m n o", "reference": "m n"}`+"\n")
	tinyModel(t, filepath.Join(dir, "model"), 256)
	write(t, dir, "sweep.toml", `
task = { data = "files", files = { train = "train.jsonl", dev = "dev.jsonl", test = "test.jsonl" } }
model.path = "model"
`+text)
	return filepath.Join(dir, "sweep.toml")
}

// tinyModel copies a random model with room for so many positions.
func tinyModel(t *testing.T, dir string, positions int) {
	t.Helper()
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} {
		content, err := os.ReadFile(filepath.Join("../likelihood/testdata/model", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, strings.Replace(string(content), `"max_position_embeddings": 96`, fmt.Sprintf(`"max_position_embeddings": %d`, positions), 1))
	}
}

// load reads a sweep file.
func load(t *testing.T, s *experiments.Schema, path string) *experiments.Sweep {
	t.Helper()
	sweep, err := s.Load(path, experiments.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return sweep
}

// sweep expands the text of a sweep file of [sweepFile].
func sweep(t *testing.T, text string) *experiments.Sweep {
	t.Helper()
	return load(t, schema(), sweepFile(t, text))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func plan(t *testing.T, s *experiments.Sweep) *Graph {
	t.Helper()
	g, err := Plan(t.Context(), s, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// stageOf is a run's stage of a kind of which it has one.
func stageOf(t *testing.T, run Run, kind string) *stage.Stage {
	t.Helper()
	for _, role := range run.Stages {
		if role.Kind == kind && role.Each == "" {
			return role.Stage
		}
	}
	t.Fatalf("the run %s, seed %d, has no stage %s", run.Label, run.Seed, kind)
	return nil
}
