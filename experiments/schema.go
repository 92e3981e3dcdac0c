// Package experiments reads sweep files and expands them into a grid of runs.
//
// A sweep file is TOML. Which tables and keys it can have is what a [Schema]
// says: each feature of the program hands in a [Section] or a [Group] with its
// settings, their defaults and the values that they may have, and this package
// knows none of them by name. Whatever a file leaves out has its default. A run
// is one complete [Config]; its ID is the hash of that configuration, so the
// same configuration is the same run, whichever file named it.
package experiments

import (
	"io/fs"
	"sync"
)

// Schema is all that a sweep file can say, beside the keys that are this
// package's own: name, description, extends, seed, [grid], [[variant]] and
// [[exclude]]. It must not change, nor be copied, once it is in use.
type Schema struct {
	// Sections are the tables, in the order in which help lists them.
	Sections []Section
	// Groups are the tables of tables by name.
	Groups []Group
	// Sources are the Go sources whose doc comments document the keys. All
	// files in them that end with .go, but for tests, are read.
	Sources []fs.FS
	// Renamed leads from the dotted key that something had in earlier versions,
	// or a whole table, to the one that it has now, or to a sentence that says
	// what to do. An old key is a mistake that names the new one.
	Renamed map[string]string

	once  sync.Once
	index *index
}

// Section is a table of a sweep file that one feature owns.
type Section struct {
	// Key is the dotted key of the table, as "mle" of [mle]; empty for keys at
	// the top of the file.
	Key string
	// Default is a struct with the defaults. The toml tags of its fields are
	// the keys, and the json tags have the same names; structs within are
	// tables within, and embedded structs count as if their fields stood in
	// their place. Values are int, float64, string, bool, or lists of them.
	// "omitempty" in a json tag leaves a zero out of [Config.Canonical], so
	// that a new field changes no ID; a field with the json tag "-" is no part
	// of a run but for Gone.
	Default any
	// Rules say which values each key may have.
	Rules Rules
	// Paths are the keys that name files or folders.
	Paths []Path
	// Check returns what is wrong with values that are right each by itself. It
	// is called for runs that use the section.
	Check func(c Config) []Complaint
	// Active tells whether a run uses the section; nil means that all do. A
	// section that a run does not use is no part of its Config. What is asked
	// here must not depend on itself in a circle.
	Active func(c Config) bool
	// OfSweep is true where the section belongs to the sweep as a whole, as
	// [report] does: its values are in [Sweep.Config] and not in those of the
	// runs, and cannot vary between them.
	OfSweep bool
	// CheckSweep returns what is wrong with the values of a section OfSweep,
	// given all runs.
	CheckSweep func(s *Sweep) []Complaint
}

// Group is a table of tables by name, such as [decode.NAME], or a list of them,
// such as [[reward]] with the key name.
type Group struct {
	// Key is the dotted key of the group, as "decode".
	Key string
	// List is true where the elements are written as [[reward]] with their
	// names under the key name. A file or a variant that does so replaces the
	// whole list that there was; reward.NAME.key = value elsewhere changes or
	// adds one element.
	List bool
	// Element returns the section of an element, of which Key, OfSweep and
	// CheckSweep do not count, and false where there is no such name.
	Element func(name string) (Section, bool)
	// Names are all names that there can be, in the order of the elements; nil
	// where the user chooses, with letters, digits, hyphens and underscores.
	// Such elements are sorted by name.
	Names []string
	// Noun is what messages call an element: "decoding", "kind of negatives".
	Noun string
	// Present are the elements that are there where a file says nothing.
	Present []string
	// Gone tells whether an element counts as not there, as with a weight of 0.
	Gone func(element any) bool
	// Active tells whether a run uses the group; nil means that all do.
	Active func(c Config) bool
	// Check returns what is wrong with the elements together. It is called for
	// runs that use the group, also where it has no elements.
	Check func(c Config) []Complaint
	// After is the key of the section, or group, behind which help lists the
	// group; empty means the section with the group's own key, or else behind
	// all sections.
	After string
}

// Path is a key whose value is the path of a file or folder. A relative one
// starts at the folder of the file that says it, and from the working folder in
// --set.
type Path struct {
	// Key is the key within the section.
	Key string
	// Except are values that are no paths, such as "builtin"; the empty string
	// never is one.
	Except []string
	// Many is true where a file can name a list of paths, and patterns of
	// filepath.Match. They are one string, a line each.
	Many bool
	// Of is a key of the same section whose relative paths start at the folder that
	// Key names, as those of a command line do: a file that gives Of a value and not
	// Key gives Key its own folder. "" means that there is none.
	Of string
}

// Complaint is something that is wrong with several values together.
type Complaint struct {
	// Keys are the full dotted keys that it is about, or those of tables. It is
	// reported where the last of them was set.
	Keys []string
	// Message says what was found and what was expected.
	Message string
}

// Default returns the configuration of a run of which nothing is said.
func (s *Schema) Default() Config {
	x := s.compiled()
	return x.config(x.defaults(false))
}

// All returns a configuration that has all sections, and the elements that are there
// where nothing is said, also those that no run uses together.
func (s *Schema) All() Config {
	x := s.compiled()
	all := x.defaults(false)
	return Config{x, all, all}
}

// compiled is the schema made ready for use.
func (s *Schema) compiled() *index {
	s.once.Do(func() { s.index = newIndex(s) })
	return s.index
}
