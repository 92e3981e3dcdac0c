package stage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lastmile/harness/stage"
)

// write writes a stage down and returns its partial folder.
func writeDown(t *testing.T, store *stage.Store, s *stage.Stage) string {
	t.Helper()
	spec := store.Spec(s, 3, "cuda:1")
	if err := spec.Write(); err != nil {
		t.Fatal(err)
	}
	return spec.Folder()
}

func TestSpecRoundTrip(t *testing.T) {
	store := open(t)
	input := stageOf("data", behaviour{})
	identity, settings := json.RawMessage(`{"a":"<&>\u2028 é","list":[],"n":1e-4}`), json.RawMessage(`{"a":"<&>","batch":0.10}`)
	s := stage.New("mle", 7, identity, settings, "abc", []stage.Input{{Name: "data", Stage: input}})
	s.Name = "ppo, seed 2"
	folder := writeDown(t, store, s)
	got, err := stage.ReadSpec(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got.Kind != "mle" || got.Name != s.Name || got.Key != s.Key || got.Version != 7 || got.Content != "abc" || got.Threads != 3 || got.Device != "cuda:1" || got.Folder() != folder {
		t.Errorf("read %+v", got)
	}
	if string(got.Identity) != string(identity) || string(got.Settings) != string(settings) {
		t.Errorf("read %s and %s", got.Identity, got.Settings)
	}
	if want := (stage.InputSpec{Key: input.Key, Folder: store.Path(input)}); got.Inputs["data"] != want {
		t.Errorf("inputs: %v, expected %v", got.Inputs, want)
	}

	// A work folder that has moved is the same.
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(store.Dir, moved); err != nil {
		t.Fatal(err)
	}
	got, err = stage.ReadSpec(filepath.Join(moved, "partial", s.ID()))
	if err != nil || got.Inputs["data"].Folder != filepath.Join(moved, "stages", "data", input.Key[:16]) {
		t.Errorf("moved: %v, %v", got.Inputs, err)
	}
	indented := stage.New("mle", 1, json.RawMessage(`{"a": 1}`), nil, "", nil)
	if err := store.Spec(indented, 1, "").Write(); err == nil {
		t.Error("an identity that is not compact was written down, though it will be read with another key")
	}
}

func TestReadSpecSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	s := stageOf("mle", behaviour{Text: "x"})
	for name, test := range map[string]struct{ replace, by, want string }{
		"no JSON":         {"{", "[", "spec.json: "},
		"another key":     {s.Key, strings.Repeat("0", 64), "is of the stage \"mle-0000000000000000\", expected mle-" + s.Key[:16]},
		"another version": {`"version": 1`, `"version": 2`, "the key is \"" + s.Key + "\", but kind, version, identity, content and inputs give "},
		"a changed part":  {`"text": "x"`, `"text": "y"`, "the key is \"" + s.Key},
		"an input outside": {`"inputs": {}`, `"inputs": {"a": {"key": "1", "folder": "../other"}}`,
			`the folder of the input "a" is "../other", expected one inside the work folder`},
	} {
		folder := writeDown(t, open(t), s)
		path := filepath.Join(folder, "spec.json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), test.replace, test.by, 1)
		if changed == string(text) {
			t.Fatalf("%s: no %q in\n%s", name, test.replace, text)
		}
		if err := os.WriteFile(path, []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := stage.ReadSpec(folder); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, expected %q", name, err, test.want)
		}
	}
	for _, folder := range []string{"", "/", "work/stages/mle", "work/partial/x"} {
		if _, err := stage.ReadSpec(folder); err == nil || !strings.Contains(err.Error(), "expected WORK/partial/KIND-KEY") {
			t.Errorf("%q: %v", folder, err)
		}
	}
}

func TestServeGivesTheBytesOfThisProcess(t *testing.T) {
	t.Parallel()
	here, there := open(t), open(t)
	first := stageOf("first", behaviour{Text: "1"})
	second := stageOf("second", behaviour{Do: "train"}, first)
	here.Execute(t.Context(), []*stage.Stage{second}, stage.Options{Executor: executors["local"]})
	for _, s := range []*stage.Stage{first, second} {
		if err := stage.Serve(t.Context(), writeDown(t, there, s), funcs, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := artifacts(t, there.Dir), artifacts(t, here.Dir); got != want || want == "" {
		t.Errorf("got\n%sexpected\n%s", got, want)
	}
	record, ok, err := there.Record(second)
	if !ok || err != nil || record.Threads != 3 || record.Inputs["first"] != first.Key {
		t.Errorf("record %+v, %v", record, err)
	}
}

func TestServeSaysHowItEnded(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	dir := t.TempDir()
	begun, gate := filepath.Join(dir, "begun"), filepath.Join(dir, "gate")
	for name, test := range map[string]struct {
		ctx     context.Context
		stage   behaviour
		prepare func(*stage.Store, *stage.Stage) // before it is served
		funcs   stage.Funcs
		want    string // in the last line
		fails   bool
	}{
		"computed": {want: `{"end":"computed"}`},
		"failed":   {stage: behaviour{Do: "fail", Text: "NaN"}, want: `{"end":"failed","error":"NaN"}`, fails: true},
		"stopped":  {ctx: cancelled, stage: behaviour{Do: "wait"}, want: `{"end":"stopped"}`, fails: true},
		"unknown kind": {
			funcs: func(string) (stage.Func, int, bool) { return nil, 0, false },
			want:  `this program knows no kind of stage \"mle\"`, fails: true,
		},
		"another version": {
			funcs: func(string) (stage.Func, int, bool) { return behave, 2, true },
			want:  "was planned for version 1 of mle, and this program has version 2", fails: true,
		},
		"input missing": {
			prepare: func(store *stage.Store, s *stage.Stage) {
				s.Inputs = []stage.Input{{Name: "data", Stage: stageOf("data", behaviour{})}}
				*s = *stage.New(s.Kind, 1, s.Identity, s.Settings, "", s.Inputs)
			},
			want: "holds no finished artifact", fails: true,
		},
		"finished before it began": {
			prepare: func(store *stage.Store, s *stage.Stage) {
				stage.Serve(t.Context(), writeDown(t, store, s), funcs, new(bytes.Buffer))
			},
			want: `{"end":"found"}`,
		},
		"held": {
			stage: behaviour{Sign: begun, Gate: gate},
			prepare: func(store *stage.Store, s *stage.Stage) {
				folder := writeDown(t, store, s)
				go stage.Serve(t.Context(), folder, funcs, new(bytes.Buffer))
				until(t, "the other one", func() bool { return exists(begun) })
			},
			want: `{"end":"held","owner":{"host":"`, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			s := stageOf("mle", test.stage)
			if test.prepare != nil {
				test.prepare(store, s)
			}
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			if test.funcs == nil {
				test.funcs = funcs
			}
			var out bytes.Buffer
			err := stage.Serve(test.ctx, writeDown(t, store, s), test.funcs, &out)
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, test.want) || !json.Valid([]byte(last)) {
				t.Errorf("the last line is %s, expected %s", last, test.want)
			}
			if (err != nil) != test.fails {
				t.Errorf("error %v", err)
			}
			var held *stage.HeldError
			if errors.As(err, &held) {
				appendLine(gate, "open")
				until(t, "the other one's end", func() bool { return store.Finished(s) })
				if held.Owner.Process != os.Getpid() {
					t.Errorf("held by %v", held.Owner)
				}
			}
		})
	}
}

func TestServeOfAFolderThatIsPublishedMeanwhile(t *testing.T) {
	store := open(t)
	s := stageOf("mle", behaviour{})
	folder := writeDown(t, store, s)
	if err := stage.Serve(t.Context(), folder, funcs, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := stage.Serve(t.Context(), folder, funcs, &out); err != nil || out.String() != "{\"end\":\"found\"}\n" {
		t.Errorf("%v, %s", err, &out)
	}
	err := stage.Serve(t.Context(), folder[:len(folder)-1]+"x", funcs, &out)
	if err == nil || !strings.Contains(err.Error(), "no stage to compute in") {
		t.Errorf("a folder that never was: %v", err)
	}
}
