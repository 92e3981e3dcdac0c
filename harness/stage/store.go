package stage

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"lastmile/harness/jsonfile"
)

// Store is a work folder.
type Store struct {
	// Dir is the folder, as an absolute path.
	Dir string
	// Lease is how long a lock of this process outlives its last heartbeat for
	// processes on other machines; 0 is [DefaultLease].
	Lease time.Duration
	// Grace is how long a stage is waited for that was told to stop; 0 is two
	// seconds.
	Grace time.Duration
}

func (s *Store) lease() time.Duration { return cmp.Or(s.Lease, DefaultLease) }

// Record is the stage.json of an artifact.
type Record struct {
	Kind    string `json:"kind"`
	Key     string `json:"key"`
	Version int    `json:"version"`
	// Part is the stage's Identity.
	Part json.RawMessage `json:"part"`
	// Content is the hash of the files that the stage has read besides its
	// inputs.
	Content string `json:"content,omitempty"`
	// Inputs are the keys of the inputs, by name.
	Inputs map[string]string `json:"inputs"`
	// Files are the artifact's files by their paths in it, with their checksums.
	// Artifacts of lastmile before it kept them have none, and are believed.
	Files map[string]File `json:"files,omitempty"`
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
	// stage ran; stages that ran beside it in that process are part of it.
	PeakMemoryBytes int64 `json:"peak_memory_bytes"`
	// Threads is the number of threads of the last try.
	Threads int `json:"threads"`
}

// attempt is the record of tries that did not finish the stage.
type attempt struct {
	Cost
	// Failure says why the last try failed; it is empty where it was stopped,
	// or is under way.
	Failure string `json:"failure,omitempty"`
	// Pace is how the try that is under way gets on.
	Pace *Pace `json:"pace,omitempty"`
}

// Pace is how a running stage gets on.
type Pace struct {
	Progress
	// Rate is the steps a second of this try, 0 where that is not known yet.
	Rate float64 `json:"rate,omitempty"`
}

const recordName = "stage.json"

// attemptSuffix follows a stage's ID in the name of the record of its tries.
const attemptSuffix = ".json"

// The folders of a store.
const (
	stagesDir  = "stages"
	partialDir = "partial"
	locksDir   = "locks"
	logsDir    = "logs"
)

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
	for _, name := range []string{stagesDir, partialDir, locksDir, logsDir} {
		if err := os.MkdirAll(filepath.Join(s.Dir, name), 0o777); err != nil {
			return fmt.Errorf("making the work folder: %w", err)
		}
	}
	return nil
}

// Folder returns the folder of the artifact of a kind that has a key.
func (s *Store) Folder(kind, key string) string {
	return filepath.Join(s.Dir, stagesDir, kind, short(key))
}

// Path returns the folder of the stage's artifact, whether or not it is there.
func (s *Store) Path(st *Stage) string {
	return s.Folder(st.Kind, st.Key)
}

// Log returns the file that the stack of a panic in the stage goes to, what a process
// that computed it wrote before it died, and what other programs said that it began.
func (s *Store) Log(st *Stage) string { return s.log(st.ID()) }

// Finished reports whether the stage's artifact is there. It reads nothing, so
// that many stages can be asked about.
func (s *Store) Finished(st *Stage) bool { return finished(s.Path(st)) }

// Record returns the stage.json of the stage's artifact; ok is false where the
// stage is not finished. One that cannot be read is a [*DamagedError].
func (s *Store) Record(st *Stage) (record Record, ok bool, err error) {
	return readRecord(s.Path(st), st.Key)
}

// Failure returns why the last try of the stage failed, "" where it did not.
func (s *Store) Failure(st *Stage) string {
	return s.attempt(st.ID()).Failure
}

// Pace returns how the stage gets on that a process computes, as it was two seconds ago
// at most; nil where that is not known.
func (s *Store) Pace(st *Stage) *Pace { return s.attempt(st.ID()).Pace }

// Begun reports whether there was a try of the stage that has not finished it.
func (s *Store) Begun(st *Stage) bool {
	_, err := os.Stat(s.attemptPath(st.ID()))
	return err == nil
}

// Holder returns the process that computes the stage; ok is false where none
// does. Asking changes nothing.
func (s *Store) Holder(st *Stage) (owner Owner, ok bool) {
	return askLock(s.lockPath(st.ID()))
}

// holder returns the process that has the stage's lock, and how far it is. A lock
// of another machine is its owner's until it was seen to stand still.
func (s *Store) holder(st *Stage) (there claim, held bool) {
	h, err := holderOf(s.lockPath(st.ID()))
	return h.claim, err == nil && h.held
}

// Records returns the records of the finished stages of a kind, in no order.
// They are read one by one, so that who needs only some can stop early. A damaged
// one comes with a [*DamagedError]; any other error ends them.
func (s *Store) Records(kind string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		folder := filepath.Join(s.Dir, stagesDir, kind)
		f, err := os.Open(folder)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer f.Close()
		for {
			names, err := f.Readdirnames(256)
			for _, name := range names {
				record, ok, err := readRecord(filepath.Join(folder, name), "")
				var damaged *DamagedError
				if !ok && err == nil {
					continue // not an artifact
				}
				if !yield(record, err) || err != nil && !errors.As(err, &damaged) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// The files of a stage, by its ID.
func (s *Store) partial(id string) string     { return filepath.Join(s.Dir, partialDir, id) }
func (s *Store) attemptPath(id string) string { return s.partial(id) + attemptSuffix }
func (s *Store) lockPath(id string) string    { return filepath.Join(s.Dir, locksDir, id) }
func (s *Store) log(id string) string         { return filepath.Join(s.Dir, logsDir, id+".log") }

// addToLog adds a text to the log of a stage.
func (s *Store) addToLog(id, text string) error {
	f, err := os.OpenFile(s.log(id), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// attempt returns the record of a stage's earlier tries. A damaged one is as
// good as none: only the cost is lost.
func (s *Store) attempt(id string) attempt {
	var a attempt
	if err := ReadJSON(s.attemptPath(id), &a); err != nil {
		return attempt{}
	}
	return a
}

// noteFailure records why a stage failed, where the process that computed it
// could not. It leaves the stage alone once another process has it or it is
// finished.
func (s *Store) noteFailure(st *Stage, reason string) {
	l, _, err := tryLock(s.lockPath(st.ID()))
	if err != nil || l == nil {
		return
	}
	defer l.release()
	last := s.attempt(st.ID())
	if last.Failure == reason || s.Finished(st) {
		return
	}
	last.Failure = reason
	// Without the record, status shows an interrupted stage.
	_ = WriteJSON(s.attemptPath(st.ID()), last)
}

// finished reports whether dir holds an artifact.
func finished(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, recordName))
	return err == nil
}

// readRecord reads the stage.json in dir, which must be of a stage whose key begins
// like this. One that is there and no such record is a [*DamagedError].
func readRecord(dir, key string) (record Record, ok bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, recordName))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, false, nil
	}
	if err != nil && !errors.Is(err, unix.EIO) {
		return Record{}, false, err
	}
	if err == nil {
		err = jsonfile.Unmarshal(text, &record)
	}
	if err != nil {
		return Record{}, false, &DamagedError{dir, fmt.Sprintf("%s cannot be read: %v", recordName, err)}
	}
	if !strings.HasPrefix(record.Key, key) {
		return Record{}, false, &DamagedError{dir, fmt.Sprintf("%s is of the stage with key %.80q, expected %s", recordName, record.Key, key)}
	}
	return record, true, nil
}

// Sound returns the record of the artifact of a kind that has a key, once its files
// are what the record says; ok is false where there is none. What is not as it was
// written is a [*DamagedError]. Times that have changed over the same content are
// taken into stage.json, so that it is hashed once.
func (s *Store) Sound(ctx context.Context, kind, key string, check Check) (record Record, ok bool, err error) {
	return s.sound(ctx, s.Folder(kind, key), key, check)
}

func (s *Store) sound(ctx context.Context, dir, key string, check Check) (record Record, ok bool, err error) {
	record, ok, stale, err := look(ctx, dir, key, check)
	if stale {
		s.rewrite(dir, record)
	}
	return record, ok, err
}

// look is [Store.Sound] but for what it does with stale times.
func look(ctx context.Context, dir, key string, check Check) (record Record, ok, stale bool, err error) {
	record, ok, err = readRecord(dir, key)
	if err != nil || !ok {
		return Record{}, false, false, err
	}
	if record.Files == nil {
		return record, true, false, nil // of an earlier version, and believed
	}
	if err := record.check(); err != nil {
		return Record{}, false, false, &DamagedError{dir, fmt.Sprintf("%s: %v", recordName, err)}
	}
	if stale, err = compareFiles(ctx, dir, &record, check); err != nil {
		return Record{}, false, false, err
	}
	return record, true, stale, nil
}

// check compares the key with what it is made of.
func (r Record) check() error {
	var keys []inputKey
	for name, input := range r.Inputs {
		keys = append(keys, inputKey{name, input})
	}
	if made := key(r.Kind, r.Version, compact(r.Part), r.Content, keys); made != r.Key {
		return fmt.Errorf("the key is %.80q, but kind, version, part, content and inputs give %s", r.Key, made)
	}
	return nil
}

// rewrite replaces the record of an artifact by one that knows more of the same
// files. A folder that cannot be written to only makes the next look slower.
func (s *Store) rewrite(dir string, record Record) {
	l, _, err := tryLock(s.lockPath(id(record.Kind, record.Key)))
	if err != nil || l == nil {
		return
	}
	defer l.release()
	if finished(dir) {
		_ = WriteJSON(filepath.Join(dir, recordName), record)
	}
}

// Retire makes a damaged artifact an unfinished stage, to be computed again. It looks
// once more whether the artifact is damaged, for another process may have computed it
// meanwhile, and leaves it where another process has the stage.
func (s *Store) Retire(ctx context.Context, kind, key string, check Check) error {
	if err := s.make(); err != nil {
		return err
	}
	l, _, err := tryLock(s.lockPath(id(kind, key)))
	if err != nil || l == nil {
		return err
	}
	defer l.release()
	dir := s.Folder(kind, key)
	_, _, _, err = look(ctx, dir, key, check)
	if damaged := (*DamagedError)(nil); !errors.As(err, &damaged) {
		return err
	}
	if err := os.Remove(filepath.Join(dir, recordName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("giving up %s: %w", dir, err)
	}
	return syncPath(dir)
}
