package data

import "fmt"

// ReadExamples reads the examples that [Write] wrote.
func ReadExamples(path string) ([]Example, error) {
	examples, err := ReadLines[Example](path)
	if err != nil {
		return nil, err
	}
	for i, e := range examples {
		if e.ID == "" || len(e.References) == 0 {
			return nil, fmt.Errorf("reading %s: example %d has no id or no references; expected {\"id\", \"input\", \"references\"}", path, i+1)
		}
	}
	return examples, nil
}

// Write writes examples as JSON lines with the fields "id", "input" and
// "references".
func Write(path string, examples []Example) error { return WriteLines(path, examples) }
