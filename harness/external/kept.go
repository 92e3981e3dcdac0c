package external

import (
	"encoding/hex"
	"fmt"

	"lastmile/harness/kept"
)

// Keep has answers kept in a file as they come, and takes what it holds for answered: a
// process that asks and is interrupted asks nothing twice. An answer without its text's id
// is not kept, since it may turn out to be another text's.
func (m *Measures) Keep(in *kept.File) {
	m.kept = in
	m.process.answered = func(item Item, numbers []float64) error {
		if err := in.Add(item.identity().String(), numbers); err != nil {
			return fmt.Errorf("the command %s: keeping its answers: %w", m.process.Name, err)
		}
		return nil
	}
}

// wasKept tells whether the answer to an item was kept, which is known then.
func (m *Measures) wasKept(id identity) bool {
	if m.kept == nil {
		return false
	}
	numbers, ok := m.kept.Numbers(id.String(), len(m.process.Numbers))
	if ok {
		m.known[id] = numbers
	}
	return ok
}

// String is the identity in hexadecimal digits.
func (id identity) String() string { return hex.EncodeToString(id[:]) }
