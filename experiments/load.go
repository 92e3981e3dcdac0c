package experiments

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// LoadOptions change and select what a sweep file says.
type LoadOptions struct {
	// Set are assignments "key=value" with a dotted key, which come after all
	// that the file says, its grid and variants included: a key that is an axis
	// has this one value then. "grid.KEY=[…]" replaces or adds an axis. The
	// value is written as in TOML, text also without quotes. Relative paths
	// start at the working folder.
	Set []string
	// Where selects runs by conditions "key=value", where key is "variant",
	// "label", or a dotted key such as that of an axis. Conditions on one key
	// are alternatives; those on different keys must all hold.
	Where []string
	// Known are the names that values such as metrics.names may have.
	Known Known
	// Cores are the machine's, shared out among workers of which the sweep file
	// does not say how many threads they have; 0 means those that Go uses.
	Cores int
}

// Load reads a sweep file and those that it extends, and expands it. A run has,
// each over what comes before it: the defaults; what the extended files say,
// and the file itself; its place in the grid; its variant; what is set by
// options. Tables merge key by key, lists are replaced. A relative path starts
// at the folder of the file that says it.
//
// Load reads nothing else: whether data and models are where the file says is
// for [Sweep.CheckFiles] to tell. Every error is of type [Errors] and lists all
// the mistakes that were found.
func Load(path string, options LoadOptions) (*Sweep, error) {
	l := loader{read: os.ReadFile, known: options.Known, cores: options.Cores}
	l.file(path, Position{}, nil)
	l.options(options.Set)
	sweep := l.expand(path)
	if len(l.mistakes) == 0 {
		l.selectRuns(sweep, options.Where)
	}
	if len(l.mistakes) > 0 {
		return nil, l.mistakes.sorted()
	}
	return sweep, nil
}

// loader gathers what a sweep file, those that it extends, and the options
// say. Whatever is gathered has the right type and passed its rule.
type loader struct {
	read     func(path string) ([]byte, error)
	known    Known
	cores    int
	mistakes Errors

	config   []assignment // in order of precedence, weakest first
	grid     []axis
	variants []variant
	excludes []exclude
	forced   []assignment // by --set
}

// assignment is a dotted key with its value, converted to the field's type.
type assignment struct {
	key   string
	value any
	at    Position
}

type axis struct {
	key    string
	values []any
	at     Position
}

type variant struct {
	name string
	at   Position
	set  []assignment
}

// exclude drops the runs that meet all its conditions; the key "variant" is
// the variant's name.
type exclude struct {
	at         Position
	conditions []assignment
}

// file reads one sweep file, after the one that it extends. The position is
// where it was named, and within are the files that extend it.
func (l *loader) file(path string, namedAt Position, within []string) {
	text, err := l.read(path)
	if err != nil {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err
		}
		if namedAt.File == "" {
			l.mistakes.add(Position{File: path}, "", "cannot read the sweep file: %v", err)
		} else {
			l.mistakes.add(namedAt, "extends", "cannot read %s: %v", path, err)
		}
		return
	}
	var root map[string]any
	if _, err := toml.Decode(string(text), &root); err != nil {
		at, message := Position{File: path}, err.Error()
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			at.Line = wrong.Position.Line
			if wrong.Message != "" {
				message = wrong.Message
			}
		}
		l.mistakes.add(at, "", "not valid TOML: %s", message)
		return
	}
	said := statements(string(text), root)
	within = append(slices.Clone(within), filepath.Clean(path))
	for _, s := range said {
		if strings.Join(s.path, ".") == "extends" && s.kind == isValue {
			l.extends(s.value, Position{path, s.line}, within)
		}
	}
	f := fileReader{load: l, file: path, folder: filepath.Dir(path), given: map[string]int{}}
	for _, s := range said {
		f.statement(s)
	}
	f.finish()
}

// extends reads the file that another extends. What is wrong with the value's
// type is reported with the other values of the file.
func (l *loader) extends(value any, at Position, within []string) {
	other, ok := value.(string)
	if !ok || other == "" {
		return
	}
	if !filepath.IsAbs(other) {
		other = filepath.Join(filepath.Dir(at.File), other)
	}
	if slices.Contains(within, filepath.Clean(other)) {
		l.mistakes.add(at, "extends", "goes in a circle: %s", strings.Join(append(within, other), " → "))
		return
	}
	l.file(other, at, within)
	l.config = slices.DeleteFunc(l.config, func(a assignment) bool { // a file's own
		return a.key == "name" || a.key == "description"
	})
}

// options reads the assignments of --set.
func (l *loader) options(set []string) {
	at := Position{File: "--set"}
	f := fileReader{load: l, file: "--set", folder: ".", given: map[string]int{}}
	for _, option := range set {
		key, text, ok := strings.Cut(option, "=")
		key, text = strings.TrimSpace(key), strings.TrimSpace(text)
		section, _, _ := strings.Cut(key, ".")
		switch {
		case !ok || key == "":
			l.mistakes.add(at, "", "expected key=value, found %s", quoteShort(option))
		case section == "variant" || section == "exclude" || key == "extends":
			l.mistakes.add(at, key, "can be set in a sweep file only")
		default:
			f.statement(statement{path: strings.Split(key, "."), value: l.optionValue(key, text)})
		}
	}
	l.forced = f.config
}

// optionValue parses the value of an option as TOML, or takes it as text: where
// text is expected and it has no quotes, and where it is no TOML, which makes
// for a clearer message in the end.
func (l *loader) optionValue(key, text string) any {
	t, known := typeOf(documentType, key)
	plain := known && t.Kind() == reflect.String && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "'")
	if plain {
		return text
	}
	var holder map[string]any
	if _, err := toml.Decode("value = "+text, &holder); err != nil || len(holder) != 1 {
		return text
	}
	return holder["value"]
}

// top puts together what is said of the sweep as a whole. Its Config is of no
// use: each run has one of its own.
func (l *loader) top(path string) document {
	top := defaults()
	for _, a := range slices.Concat(l.config, l.forced) {
		if _, ofRun := typeOf(configType, a.key); !ofRun {
			assign(reflect.ValueOf(&top).Elem(), a.key, a.value)
		}
	}
	if top.Name == "" {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		top.Name = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "-"), ".-_")
	}
	if top.Name == "" {
		top.Name = "sweep"
	}
	if top.Runtime.Threads == 0 {
		cores := cmp.Or(l.cores, runtime.GOMAXPROCS(0))
		top.Runtime.Threads = max(1, cores/top.Runtime.Workers)
	}
	return top
}
