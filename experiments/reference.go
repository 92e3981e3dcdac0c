package experiments

import (
	"embed"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

// Field documents one key of a sweep file.
type Field struct {
	// Key is the dotted key; NAME in it stands for a name of the user's.
	Key string
	// Type is the TOML type: "integer", "number", "string", "boolean" or a
	// list of one of them.
	Type string
	// Default is the value where a file says nothing, as in TOML.
	Default string
	// Allowed says which values pass, as in "at least 1"; empty where all do.
	Allowed string
	// Doc says what the key means.
	Doc string
}

// sources are the files whose doc comments are the documentation of the keys.
//
//go:embed config.go sweep.go
var sources embed.FS

// Reference documents every key of a sweep file, in the order of the sections.
// The grid, the variants and the exclusions have no keys of their own but a
// variant's name. The texts are the comments at the structs' fields, so that
// they are written once.
func Reference() ([]Field, error) {
	docs, err := fieldDocs()
	if err != nil {
		return nil, err
	}
	top := defaults()
	top.Config.Decode = map[string]Decode{"NAME": DefaultDecode("NAME")}
	return describeFields(reflect.ValueOf(top), "", docs), nil
}

// describeFields walks over a value of a sweep file's structs.
func describeFields(v reflect.Value, prefix string, docs map[string]string) []Field {
	var fields []Field
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		key := dotted(prefix, field.Tag.Get("toml"))
		switch {
		case field.Anonymous:
			fields = append(fields, describeFields(value, prefix, docs)...)
		case field.Type.Kind() == reflect.Struct:
			fields = append(fields, describeFields(value, key, docs)...)
		case field.Type.Kind() == reflect.Map:
			for _, name := range value.MapKeys() {
				fields = append(fields, describeFields(value.MapIndex(name), key+"."+name.String(), docs)...)
			}
		default:
			rule, _ := ruleOf(key)
			fields = append(fields, Field{
				Key:     key,
				Type:    shortTypeName(field.Type),
				Default: tomlText(value.Interface()),
				Allowed: rule.allowed,
				Doc:     docs[v.Type().Name()+"."+field.Name],
			})
		}
	}
	return fields
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

// fieldDocs reads the doc comments of all structs, by "Struct.Field", once.
var fieldDocs = sync.OnceValues(func() (map[string]string, error) {
	docs := map[string]string{}
	for _, name := range []string{"config.go", "sweep.go"} {
		text, err := sources.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the comments of the configuration: %w", err)
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("read the comments of the configuration: %w", err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			declaration, ok := n.(*ast.GenDecl)
			if !ok {
				return true
			}
			for _, spec := range declaration.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					if structure, ok := spec.Type.(*ast.StructType); ok {
						structDocs(files, spec.Name.Name, declaration.Doc.Text(), structure, docs)
					}
				}
			}
			return false
		})
	}
	return docs, nil
})

// structDocs collects the comments of one struct. A comment covers the fields
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
			docs[name+"."+fieldName.Name] = word.ReplaceAllStringFunc(doc, func(w string) string {
				if key := keys[w]; key != "" {
					return key
				}
				return w
			})
		}
	}
}
