package stage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Store is a work folder.
type Store struct {
	// Dir is the folder, as an absolute path.
	Dir string
}

// Record is the stage.json of an artifact.
type Record struct {
	Kind    string          `json:"kind"`
	Key     string          `json:"key"`
	Version int             `json:"version"`
	Part    json.RawMessage `json:"part"`
	// Inputs are the keys of the inputs, by name.
	Inputs map[string]string `json:"inputs"`
	Cost
}

// Cost is what a stage took, over all its tries.
type Cost struct {
	// Started is when the first try began.
	Started time.Time `json:"started"`
	// Tries counts the times that the stage was begun or resumed.
	Tries int `json:"tries"`
	// Seconds is the time that the tries ran.
	Seconds float64 `json:"seconds"`
	// Tokens is the number of tokens worked through.
	Tokens int64 `json:"tokens"`
	// PeakMemoryBytes is the largest resident size of the process while the
	// stage ran; stages that ran beside it are part of it.
	PeakMemoryBytes int64 `json:"peak_memory_bytes"`
	// Threads is the number of threads of the last try.
	Threads int `json:"threads"`
}

// attempt is the record of tries that did not finish the stage.
type attempt struct {
	Cost
	// Failure says why the last try failed; it is empty where the process was
	// stopped.
	Failure string `json:"failure,omitempty"`
}

const recordName = "stage.json"

// Open returns the store in the folder dir, which need not be there before
// the first stage is computed.
func Open(dir string) (*Store, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the work folder %s: %w", dir, err)
	}
	return &Store{Dir: absolute}, nil
}

// make makes the folders of the store.
func (s *Store) make() error {
	for _, name := range []string{"stages", "partial", "locks", "logs"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, name), 0o777); err != nil {
			return fmt.Errorf("making the work folder: %w", err)
		}
	}
	return nil
}

// Folder returns the folder of the artifact of a kind that has a key.
func (s *Store) Folder(kind, key string) string {
	return filepath.Join(s.Dir, "stages", kind, key[:min(len(key), keyDigits)])
}

// Path returns the folder of the stage's artifact, whether or not it is there.
func (s *Store) Path(st *Stage) string {
	return s.Folder(st.Kind, st.Key)
}

// Log returns the file that the stack of a panic in the stage goes to.
func (s *Store) Log(st *Stage) string {
	return filepath.Join(s.Dir, "logs", st.ID()+".log")
}

// Record returns the stage.json of the stage's artifact; ok is false where the
// stage is not finished.
func (s *Store) Record(st *Stage) (record Record, ok bool, err error) {
	return readRecord(s.Path(st), st)
}

// Failure returns why the last try of the stage failed, "" where it did not.
func (s *Store) Failure(st *Stage) string {
	return s.attempt(st).Failure
}

// Begun reports whether an unfinished try of the stage has left something.
func (s *Store) Begun(st *Stage) bool {
	_, err := os.Stat(s.partial(st))
	return err == nil
}

// Holder returns the number of the process that computes the stage; ok is
// false where none does.
func (s *Store) Holder(st *Stage) (pid int, ok bool) {
	path := s.lockPath(st)
	if _, err := os.Stat(path); err != nil {
		return 0, false
	}
	l, pid, err := tryLock(path)
	if err != nil {
		return 0, false
	}
	if l != nil {
		l.release()
		return 0, false
	}
	return pid, true
}

// Records returns the records of all finished stages of a kind.
func (s *Store) Records(kind string) ([]Record, error) {
	paths, err := filepath.Glob(filepath.Join(s.Dir, "stages", kind, "*", recordName))
	if err != nil {
		return nil, err
	}
	var records []Record
	for _, path := range paths {
		var record Record
		if err := readJSON(path, &record); err != nil {
			return nil, err
		}
		records = append(records, record)
	}
	return records, nil
}

func (s *Store) partial(st *Stage) string     { return filepath.Join(s.Dir, "partial", st.ID()) }
func (s *Store) attemptPath(st *Stage) string { return s.partial(st) + ".json" }
func (s *Store) lockPath(st *Stage) string    { return filepath.Join(s.Dir, "locks", st.ID()) }

// attempt returns the record of the stage's earlier tries. A damaged one is as
// good as none: only the cost is lost.
func (s *Store) attempt(st *Stage) attempt {
	var a attempt
	if err := readJSON(s.attemptPath(st), &a); err != nil {
		return attempt{}
	}
	return a
}

// readRecord reads the stage.json in dir, which must be that of st.
func readRecord(dir string, st *Stage) (record Record, ok bool, err error) {
	path := filepath.Join(dir, recordName)
	err = readJSON(path, &record)
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, err
	}
	if record.Key != st.Key {
		return Record{}, false, fmt.Errorf("%s is of the stage with key %s, expected %s", path, record.Key, st.Key)
	}
	return record, true, nil
}

func readJSON(path string, value any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}
