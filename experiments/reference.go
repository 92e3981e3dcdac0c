package experiments

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Field documents one key of a sweep file.
type Field struct {
	// Key is the dotted key, or that of a table; NAME in it stands for a name of the
	// user's.
	Key string
	// Type is the TOML type: "integer", "number", "string", "boolean", a list of
	// one of them, or "table".
	Type string
	// Present is true for a table of a group that is there where a file says
	// nothing. Like are the keys of further tables that say the same.
	Present bool
	Like    []string
	// Default is the value where a file says nothing, as in TOML.
	Default string
	// Allowed says which values pass, as in "at least 1"; empty where all do.
	Allowed string
	// Doc says what the key means.
	Doc string
}

// Reference documents every table and key of a sweep file, in the order of the schema.
// The grid, the variants and the exclusions have no keys of their own but a
// variant's name. The texts are the comments at the structs' fields in
// [Schema.Sources], so that they are written once. It fails where a source
// cannot be read.
func (s *Schema) Reference() ([]Field, error) {
	x := s.compiled()
	docs, err := x.docs()
	if err != nil {
		return nil, fmt.Errorf("read the comments of the configuration: %w", err)
	}
	var fields []Field
	for _, entry := range x.order {
		switch entry := entry.(type) {
		case *table:
			fields = append(fields, entry.describe(docs)...)
		case *group:
			var before *table
			var heading int
			for _, t := range x.samples(entry) {
				present := slices.Contains(entry.Present, t.name)
				if before != nil && before.typ == t.typ && reflect.DeepEqual(before.first.value, t.first.value) && fields[heading].Present == present {
					fields[heading].Like = append(fields[heading].Like, t.key)
					continue
				}
				before, heading = t, len(fields)
				fields = append(fields, t.describe(docs)...)
				fields[heading].Present = present
			}
		}
	}
	return fields, nil
}

// describe documents a table and its keys.
func (t *table) describe(docs map[string]string) []Field {
	var fields []Field
	if t.key != "" {
		fields = append(fields, Field{Key: t.key, Type: "table", Doc: heading(t.typ.Name(), docs[docKey(t.typ.PkgPath(), t.typ.Name(), "")])})
	}
	for _, f := range t.fields {
		fields = append(fields, Field{
			Key:     f.full,
			Type:    shortTypeName(f.declared.Type),
			Default: tomlText(t.first.leaf(f)),
			Allowed: f.rule.Allowed,
			Doc:     docs[docKey(f.owner.PkgPath(), f.owner.Name(), f.declared.Name)],
		})
	}
	return fields
}

// heading is what the comment at a struct says of its table, without the name of the
// struct: "A reward that …" of "fooSettings are a reward that …".
func heading(structure, doc string) string {
	for _, verb := range []string{" is ", " are "} {
		if rest, ok := strings.CutPrefix(doc, structure+verb); ok {
			first, size := utf8.DecodeRuneInString(rest)
			return string(unicode.ToUpper(first)) + rest[size:]
		}
	}
	return doc
}

// docKey is how the documentation of a struct's field is found: by the names of
// package, struct and field. A package is called as its folder.
func docKey(packagePath, structure, field string) string {
	return path.Base(packagePath) + "." + structure + "." + field
}

func shortTypeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Slice:
		return typeName(t, 1)[len("a "):]
	}
	_, name, _ := strings.Cut(typeName(t, 1), " ")
	return name
}

// tomlText writes a value as it could stand in a sweep file.
func tomlText(value any) string {
	switch v := value.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return render(value)
}

// readDocs reads the doc comments of all structs in the sources.
func readDocs(sources []fs.FS) (map[string]string, error) {
	docs := map[string]string{}
	for _, source := range sources {
		err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			text, err := fs.ReadFile(source, name)
			if err != nil {
				return err
			}
			return fileDocs(name, text, docs)
		})
		if err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// fileDocs collects the comments of the structs of one file.
func fileDocs(name string, text []byte, docs map[string]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, declaration := range file.Decls {
		types, ok := declaration.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range types.Specs {
			spec, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			if structure, ok := spec.Type.(*ast.StructType); ok {
				doc := spec.Doc.Text() // of one type among several in brackets
				if doc == "" {
					doc = types.Doc.Text()
				}
				structDocs(files, docKey(file.Name.Name, spec.Name.Name, ""), doc, structure, docs)
			}
		}
	}
	return nil
}

// structDocs collects the comments of one struct under a name. A comment covers the fields
// on the lines right below its own, too, and that of the struct those that have
// none. Names of fields become names of keys.
func structDocs(files *token.FileSet, name, whole string, structure *ast.StructType, docs map[string]string) {
	keys := map[string]string{}
	for _, field := range structure.Fields.List {
		if len(field.Names) == 1 && field.Tag != nil {
			tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
			keys[field.Names[0].Name] = tag.Get("toml")
		}
	}
	word := regexp.MustCompile(`\b[A-Z]\w*\b`)
	whole = strings.Join(strings.Fields(whole), " ")
	docs[name] = whole
	doc, line := whole, 0
	for _, field := range structure.Fields.List {
		at := files.Position(field.Pos()).Line
		switch {
		case field.Doc != nil:
			doc = strings.Join(strings.Fields(field.Doc.Text()), " ")
		case at != line+1:
			doc = whole
		}
		line = at
		for _, fieldName := range field.Names {
			docs[name+fieldName.Name] = word.ReplaceAllStringFunc(doc, func(w string) string {
				if key := keys[w]; key != "" {
					return key
				}
				return w
			})
		}
	}
}
