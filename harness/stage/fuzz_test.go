package stage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"lastmile/harness/fuzztest"
)

// FuzzRecord reads the stage.json of an artifact.
func FuzzRecord(f *testing.F) {
	st := New("mle", 1, json.RawMessage(`{"a":1}`), nil, "", nil)
	sound, err := encode(Record{Kind: st.Kind, Key: st.Key, Version: 1, Part: st.Identity, Files: map[string]File{"x": {Size: 1, SHA256: "abc"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sound)
	f.Add([]byte(strings.Replace(string(sound), `"x"`, `"../../etc/passwd"`, 1)))
	f.Add([]byte(strings.Replace(string(sound), `"size": 1`, `"size": "1"`, 1)))
	f.Add([]byte(`{"key": null, "files": {}}`))
	store := &Store{Dir: f.TempDir()}
	dir := store.Folder(st.Kind, st.Key)
	for _, make := range []string{dir, filepath.Join(store.Dir, locksDir)} {
		if err := os.MkdirAll(make, 0o777); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for name, content := range map[string][]byte{recordName: text, "x": []byte("y")} {
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		fuzztest.Bounded(t, 64<<20, func() {
			for _, check := range []Check{Glance, Quick, Full} {
				record, ok, err := store.Sound(t.Context(), st.Kind, st.Key, check)
				fuzztest.Says(t, err, string(text))
				if err != nil && !strings.Contains(err.Error(), dir) {
					t.Errorf("the error does not name the folder: %v", err)
				}
				// What says less than its files is believed to be of an earlier version.
				if ok && record.Key != st.Key && record.Files != nil {
					t.Errorf("a record of %s is taken for one of %s", record.Key, st.Key)
				}
			}
		})
	})
}

// FuzzSpec reads the spec.json that a child process is given.
func FuzzSpec(f *testing.F) {
	store := &Store{Dir: f.TempDir()}
	input := New("data", 1, nil, nil, "", nil)
	st := New("mle", 1, json.RawMessage(`{"a":1}`), json.RawMessage(`{"b":[2]}`), "c", []Input{{"data", input}})
	spec := store.Spec(st, 2, "cpu")
	if err := spec.Write(); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(spec.Folder(), specName)
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(strings.Replace(string(text), `"threads": 2`, `"threads": 2, "lease": 1e300, "grace": -1e300`, 1)))
	f.Add([]byte(strings.Replace(string(text), `"folder": "`, `"folder": "../../`, 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			got, err := ReadSpec(spec.Folder())
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			if got.ID() != spec.ID() || got.store.Lease < 0 || got.grace() <= 0 {
				t.Errorf("read the stage %s with the lease %v and the grace %v", got.ID(), got.store.Lease, got.grace())
			}
			for _, input := range got.Inputs {
				if rest, err := filepath.Rel(store.Dir, input.Folder); err != nil || !filepath.IsLocal(rest) {
					t.Errorf("an input lies in %s", input.Folder)
				}
			}
			fuzztest.Says(t, (&Job{Settings: got.Settings}).Read("b.c", new(struct{ A int })), string(text))
		})
	})
}

// FuzzLock reads the files of a lock: that under its path and that of a successor.
func FuzzLock(f *testing.F) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	held := claim{Owner: Owner{Host: "other", Process: 1, Since: at}, Token: "a", Lease: 0.001, Unlocked: true}
	for _, token := range []string{"a", "b", "/../x"} {
		held.Token = token
		f.Add(held.text(), held.text(), token)
	}
	f.Add([]byte("{"), []byte("null"), "a")
	f.Add([]byte{}, []byte(`{"process": "1"}`), unknownToken)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text, next []byte, token string) {
		path := filepath.Join(dir, "lock")
		successor := path + "." + token
		if strings.ContainsAny(token, "/\x00") || len(token) > 100 {
			return
		}
		for name, content := range map[string][]byte{path: text, successor: next} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(name)
		}
		// Nobody waits for a beat here: what stands still does so at once.
		fuzztest.Bounded(t, 64<<20, func() {
			h, err := holderOf(path)
			fuzztest.Says(t, err, string(text))
			if err == nil && len(h.passed) > 2 {
				t.Errorf("%d successors of one", len(h.passed))
			}
		})
		there, err := readClaim(path)
		if err != nil {
			return
		}
		again := there.text()
		var got claim
		if len(again) < claimSize || json.Unmarshal(again, &got) != nil || got.Token != there.Token {
			t.Errorf("the claim %+v is written as %q", there, again)
		}
	})
}

// FuzzChild takes in what a child process writes to its standard output.
func FuzzChild(f *testing.F) {
	for _, text := range []string{
		`{"progress": {"done": 1, "total": 2, "note": "loss"}}` + "\n" + `{"end": "computed"}` + "\n", `{"end": "held", "owner": null}` + "\n",
		"a library's word\n{}\n" + `{"end": "failed", "error": "a\nb"}`, `{"end": "held", "owner": {"host": "h", "process": 1e9}}`, "null\n[]\n",
	} {
		f.Add([]byte(text), byte(3))
	}
	f.Fuzz(func(t *testing.T, text []byte, step byte) {
		fuzztest.Bounded(t, 256<<20, func() {
			take := func(step int) (r *childProcess, reports []Progress) {
				r = &childProcess{report: func(p Progress) { reports = append(reports, p) }}
				w := &lines{take: r.line}
				for rest := text; len(rest) > 0; {
					n := min(step, len(rest))
					if taken, err := w.Write(rest[:n]); taken != n || err != nil {
						t.Fatal(taken, err)
					}
					rest = rest[n:]
				}
				w.take(w.open)
				return r, reports
			}
			one, reports := take(len(text) + 1)
			other, again := take(int(step) + 1)
			if !reflect.DeepEqual(one.end, other.end) || !reflect.DeepEqual(reports, again) || one.rest.String() != other.rest.String() {
				t.Errorf("in parts, %+v with %d reports is %+v with %d", one.end, len(reports), other.end, len(again))
			}
			if n := len(one.rest.String()); n > 2*kept+100 {
				t.Errorf("%d bytes are kept", n)
			}
			_ = one.end.err()
			_, quote := crash(string(text))
			for _, said := range []string{quote, lastLines(string(text))} {
				if strings.ContainsAny(said, "\n\r") || !utf8.ValidString(said) || len(said) > 700 {
					t.Errorf("what it wrote is quoted as %q", said)
				}
			}
		})
	})
}
