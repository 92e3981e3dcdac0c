package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
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
}

// Where mistakes of options are reported.
const (
	setOption   = "--set"
	whereOption = "--where"
)

// Load reads a sweep file and those that it extends, and expands it. A run has,
// each over what comes before it: the defaults; what the extended files say,
// and the file itself; its place in the grid; its variant; what is set by
// options. Tables merge key by key, lists are replaced. A relative path starts
// at the folder of the file that says it. What a run does not use is then left
// out of its configuration, although it must be right.
//
// Load reads nothing else: whether data and models are where the file says is
// for [Sweep.CheckFiles] to tell. Every error is of type [Errors] and lists all
// the mistakes that were found.
func (s *Schema) Load(path string, options LoadOptions) (*Sweep, error) {
	l := loader{index: s.compiled(), read: readFile}
	return l.load(path, options)
}

func (l *loader) load(path string, options LoadOptions) (*Sweep, error) {
	l.file(path, Position{}, nil)
	l.options(options.Set)
	sweep := l.expand(path)
	if !l.mistakes.any() {
		l.selectRuns(sweep, options.Where)
	}
	if err := l.mistakes.err(); err != nil {
		return nil, err
	}
	return sweep, nil
}

// loader gathers what a sweep file, those that it extends, and the options
// say. Whatever is gathered has the right type and passed its rule.
type loader struct {
	index    *index
	read     func(path string) ([]byte, error)
	mistakes mistakes

	config   []assignment // in order of precedence, weakest first
	grid     []axis
	variants []variant
	excludes []exclude
	forced   []assignment // by --set
}

// assignment is something that a file or an option sets.
type assignment struct {
	kind  assignmentKind
	key   string
	table *table // of a value; the element that is made present
	field *field // of a value
	group *group // that is emptied
	value any    // of the field's type
	at    Position
}

type assignmentKind int

const (
	setsField    assignmentKind = iota
	makesPresent                // an element, with its defaults where it was not there
	emptiesGroup                // as a list begins that replaces the elements that there were
)

// ofSweep tells whether an assignment belongs to the sweep as a whole.
func (a assignment) ofSweep() bool { return a.kind == setsField && a.table.OfSweep }

// apply makes an assignment part of a content.
func (x *index) apply(b *body, a assignment) {
	switch a.kind {
	case setsField:
		x.set(b, a.field, a.value)
	case makesPresent:
		if b.at(a.table) == nil {
			b.put(a.table.first)
		}
	case emptiesGroup:
		b.groups[a.group.number] = nil
	}
}

type axis struct {
	field  *field
	values []any
	texts  []string // the values, rendered
	at     Position
}

type variant struct {
	name string
	at   Position
	set  []assignment
}

// exclude drops the runs that meet all its conditions.
type exclude struct {
	at         Position
	conditions []condition
}

// condition is that a run has a value under a key, which may also be "variant"
// or "label".
type condition struct {
	key   string
	field *field // nil for "variant" and "label"
	value any
	at    Position
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
	if line := tooDeep(string(text)); line > 0 {
		l.mistakes.add(Position{path, line}, "", "more than %d lists and tables stand within each other", mostNesting)
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
	if len(said) > mostStatements {
		l.mistakes.add(Position{path, said[mostStatements].line}, "", "the file says more than %d things, and no sweep does", mostStatements)
		return
	}
	if within = append(slices.Clone(within), filepath.Clean(path)); len(within) > mostNesting {
		l.mistakes.add(namedAt, "extends", "more than %d files extend each other", mostNesting)
		return
	}
	for _, s := range said {
		if strings.Join(s.path, ".") == "extends" && s.kind == isValue {
			l.extends(s.value, Position{path, s.line}, within)
		}
	}
	f := fileReader{load: l, file: path, folder: filepath.Dir(path), given: map[string]int{}}
	f.read(said)
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
	at := Position{File: setOption}
	f := fileReader{load: l, file: setOption, folder: ".", given: map[string]int{}}
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
			f.read([]statement{{path: strings.Split(key, "."), value: l.optionValue(key, text)}})
		}
	}
	l.forced = f.withFolders(f.config, f.axes())
}

// optionValue parses the value of an option as TOML, or takes it as text: where
// text is expected and it has no quotes, and where it is no TOML, which makes
// for a clearer message in the end.
func (l *loader) optionValue(key, text string) any {
	p := l.index.find(key)
	plain := p.kind == isLeaf && p.field.declared.Type.Kind() == reflect.String
	if plain && !strings.HasPrefix(text, `"`) && !strings.HasPrefix(text, "'") {
		return text
	}
	var holder map[string]any
	if _, err := toml.Decode("value = "+text, &holder); err != nil || len(holder) != 1 {
		return text
	}
	return holder["value"]
}

// top puts together what is said of the sweep as a whole.
func (l *loader) top(path string) *Sweep {
	full := l.index.defaults(true)
	for _, a := range slices.Concat(l.config, l.forced) {
		if a.ofSweep() {
			l.index.apply(full, a)
		}
	}
	sweep := &Sweep{File: path, Config: l.index.config(full)}
	said := full.sections[documentSlot].value.(document)
	sweep.Name, sweep.Description = said.Name, said.Description
	if sweep.Name == "" {
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		sweep.Name = strings.Trim(regexp.MustCompile(`[^A-Za-z0-9._-]+`).ReplaceAllString(name, "-"), ".-_")
	}
	if sweep.Name == "" {
		sweep.Name = "sweep"
	}
	sweep.origin = &origin{layers: [][]assignment{l.config, l.forced}, fallback: Position{File: path}}
	return sweep
}
