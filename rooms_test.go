package main

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"lastmile/harness/algorithms"
	"lastmile/harness/stages"
)

// rooms are the packages of the program, each with those of ours that it may
// import. They stand from the ground up: what a package may import stands above it
// here, so that arrows run one way. A new package is a line.
var rooms = []struct{ name, mayImport string }{
	// Leaves: they know nothing else of ours.
	{"experiments", ""},
	{"experiments/builtin", ""},
	{"experiments/data", ""},
	{"metrics", ""},
	{"runs", ""},
	{"reports/document", ""},
	{"harness", ""},
	{"harness/random", ""},
	{"harness/spreadsheet", ""},
	{"harness/trackers", "harness/spreadsheet"},
	{"harness/fuzztest", ""},
	{"harness/readmetest", ""},
	{"harness/jsonfile", ""},
	{"harness/foreign", "harness/jsonfile"},
	{"harness/safetensors", "harness/foreign harness/jsonfile"},
	{"harness/records", "harness/foreign harness/jsonfile"},
	{"harness/jinja", ""},
	{"harness/chat", "harness/foreign harness/jinja harness/jsonfile"},
	{"harness/tokenizer", "harness/foreign harness/jsonfile"},
	{"harness/torch/fused", ""},
	{"harness/torch/blas", ""},
	{"harness/torch", "harness/torch/blas harness/torch/fused"},
	{"harness/stage", "harness/jsonfile"},
	{"harness/kept", "harness/stage"},
	{"harness/trivial", ""},
	{"harness/correlation", ""},

	// What a paper has a word for.
	{"harness/torch/gradcheck", "harness/torch"},
	{"harness/data", "experiments experiments/data harness/chat harness/random harness/records"},
	{"harness/postprocess", "experiments"},
	{"harness/external", "experiments metrics harness/jsonfile harness/kept"},
	{"harness/rule", "experiments harness/postprocess"},
	{"harness/model", "experiments harness/foreign harness/jsonfile harness/random harness/safetensors harness/stage harness/torch"},
	{"harness/model/modeltest", "harness/model harness/torch"},
	{"harness/negatives", "experiments harness/data harness/random"},
	{"harness/decode", "experiments harness/model harness/random harness/stage harness/torch"},
	{"harness/train", "experiments harness/jsonfile harness/model harness/random harness/safetensors harness/stage harness/torch"},
	{"harness/encoder", "harness/foreign harness/model harness/stage harness/tokenizer harness/torch"},
	{"harness/scorer", "experiments metrics harness/correlation harness/data harness/encoder harness/kept harness/model harness/random harness/records harness/safetensors harness/stage harness/tokenizer harness/torch harness/train"},
	{"harness/likelihood", "experiments metrics harness/foreign harness/kept harness/model harness/tokenizer harness/torch"},
	{"harness/bertscore", "experiments metrics harness/encoder harness/foreign harness/kept harness/torch"},
	{"harness/faithfulness", "experiments metrics harness/encoder harness/kept"},

	// Learning after maximum likelihood.
	{"harness/reward", "experiments metrics harness/external harness/model harness/random harness/stage harness/torch harness/train harness/trivial"},
	{"harness/reward/evaluation", "experiments harness/correlation"},
	{"harness/pairs", "experiments harness/model harness/random harness/torch harness/train"},
	{"harness/rollout", "experiments harness/decode harness/model harness/random harness/reward harness/torch harness/train"},
	{"harness/algorithms", "experiments harness/decode harness/model harness/pairs harness/random harness/reward harness/rollout harness/torch harness/train"},

	// Stages, and what becomes of them.
	{"harness/stages", "experiments experiments/builtin experiments/data metrics runs " +
		"harness/algorithms harness/bertscore harness/chat harness/data harness/decode harness/external harness/faithfulness harness/foreign harness/kept harness/likelihood harness/model harness/negatives harness/pairs harness/postprocess harness/random harness/records " +
		"harness/reward harness/reward/evaluation harness/rollout harness/rule harness/safetensors harness/scorer harness/stage harness/tokenizer harness/torch harness/train harness/trivial"},
	{"harness/progress", "harness/stage"},
	{"harness/slurm", "experiments harness/progress harness/stage"},
	{"harness/graph", "experiments runs harness/progress harness/stage harness/stages harness/torch"},
	{"harness/results", "experiments runs harness/algorithms harness/data harness/decode harness/graph harness/jsonfile harness/model harness/progress " +
		"harness/reward harness/rule harness/safetensors harness/stage harness/stages harness/tokenizer harness/torch harness/trackers"},
	{"harness/doctor", "harness/model harness/torch harness/torch/blas"},
	{"harness/scoring", "experiments metrics runs harness/bertscore harness/data harness/doctor harness/external harness/faithfulness harness/likelihood harness/model harness/negatives harness/progress " +
		"harness/records harness/results harness/scorer harness/spreadsheet harness/stage harness/stages harness/random harness/torch harness/train harness/trivial"},
	{"harness/dataset", "metrics harness/data harness/model harness/stage harness/stages"},
	{"harness/command", "experiments metrics runs harness/algorithms harness/bertscore harness/data harness/dataset harness/doctor harness/external harness/faithfulness harness/graph harness/likelihood harness/progress harness/records harness/results harness/scoring harness/slurm harness/stage harness/stages"},
	{"reports", "metrics runs harness/spreadsheet reports/document"},

	// Programs.
	{"experiments/builtin/make", "harness/safetensors"},
	{"experiments/data/make", "experiments/data"},
	{"harness/bench", "experiments harness/algorithms harness/data harness/decode harness/doctor harness/model harness/reward harness/rollout harness/stage harness/torch harness/train"},
	{"harness/bench/cluster", "experiments harness/command harness/graph harness/stage harness/stages"},
	{"harness/bench/scale/sleeping", "harness/stage"},
	{"harness/bench/scale/sleeper", "harness/bench/scale/sleeping harness/stage"},
	{"harness/bench/scale", "experiments runs harness/bench/scale/sleeping harness/command harness/data harness/graph harness/reward harness/reward/evaluation harness/stage harness/stages harness/train"},
	{"main", "experiments reports harness/algorithms harness/command harness/progress harness/results harness/stages"},
}

// engines do not know what they compute, nor what a sweep file can say.
var engines = []string{"experiments", "harness/graph", "harness/stage"}

const (
	module  = "lastmile/"
	binding = "github.com/sugarme/gotch"
	// onlyTorch is the one package that knows the binding.
	onlyTorch = "harness/torch"
)

// sources parses the program's Go files but its tests, by package.
func sources(t *testing.T) (map[string][]*ast.File, *token.FileSet) {
	t.Helper()
	files, packages := token.NewFileSet(), map[string][]*ast.File{}
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			hidden := name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata")
			if _, err := os.Stat(filepath.Join(name, "go.mod")); hidden || name != "." && err == nil {
				return filepath.SkipDir // no part of this module
			}
			return nil
		}
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		of := filepath.ToSlash(filepath.Dir(name))
		if of == "." {
			of = "main"
		}
		packages[of] = append(packages[of], file)
		return err
	})
	if err != nil || len(packages) < len(rooms)/2 {
		t.Fatalf("found %d packages: %v", len(packages), err)
	}
	return packages, files
}

func TestArrowsRunDownwards(t *testing.T) {
	may := map[string][]string{}
	for _, room := range rooms {
		if _, twice := may[room.name]; twice {
			t.Errorf("%s stands twice in the table", room.name)
		}
		may[room.name] = strings.Fields(room.mayImport)
		for _, below := range may[room.name] {
			if _, known := may[below]; !known {
				t.Errorf("the table lets %s import %s, which does not stand above it", room.name, below)
			}
		}
	}
	packages, files := sources(t)
	for name := range may {
		if packages[name] == nil {
			t.Errorf("the table has the package %s, and there is none", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		allowed, known := may[name]
		if !known {
			t.Errorf("the package %s is not in the table of rooms", name)
			continue
		}
		for _, file := range packages[name] {
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				at := files.Position(spec.Pos())
				if of, ours := strings.CutPrefix(imported, module); ours && !slices.Contains(allowed, of) {
					t.Errorf("%s: %s imports %s; it may import %s", at, name, of, cmp.Or(strings.Join(allowed, ", "), "nothing of ours"))
				}
				if (imported == binding || strings.HasPrefix(imported, binding+"/")) && name != onlyTorch {
					t.Errorf("%s: %s imports %s, which only %s knows", at, name, imported, onlyTorch)
				}
			}
		}
	}
}

func TestHarnessItselfHasNoCode(t *testing.T) {
	packages, files := sources(t)
	for _, file := range packages["harness"] {
		if name := path.Base(files.Position(file.Pos()).Filename); name != "doc.go" || len(file.Decls) > 0 {
			t.Errorf("harness/%s has %d declarations; the package has a doc.go with none", name, len(file.Decls))
		}
	}
}

// TestEnginesKnowNoNames looks for names of kinds, algorithms, rewards, negatives
// and sections in the code of packages that should work for any.
func TestEnginesKnowNoNames(t *testing.T) {
	names := map[string]string{}
	for _, k := range stages.Kinds() {
		names[k.Name] = "a kind of stage"
	}
	for _, name := range algorithms.Names() {
		names[name] = "an algorithm"
	}
	schema := stages.Schema()
	for _, section := range schema.Sections {
		if section.Key != "" {
			names[section.Key] = "a section"
		}
	}
	for _, group := range schema.Groups {
		names[group.Key] = "a group"
		for _, name := range group.Names {
			names[name] = "one of the group " + group.Key
		}
	}
	packages, files := sources(t)
	for _, engine := range engines {
		for _, file := range packages[engine] {
			ast.Inspect(file, func(node ast.Node) bool {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil && names[text] != "" {
						t.Errorf("%s: %q is %s, and %s should know none", files.Position(literal.Pos()), text, names[text], engine)
					}
				}
				return true
			})
		}
	}
}
