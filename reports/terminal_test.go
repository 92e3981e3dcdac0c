package reports

import (
	"strings"
	"testing"

	"lastmile/reports/document"
)

func TestTextFitsTheTerminal(t *testing.T) {
	summary, _ := write(t, demo().store(t), options(t.TempDir()))
	wide, narrow := summary.Table.Text(0), summary.Table.Text(100)
	contains(t, wide, " [")
	if strings.Contains(narrow, " [") {
		t.Error("the narrow table has intervals")
	}
	for line := range strings.Lines(narrow) {
		if document.Width(line) > 110 {
			t.Errorf("%d columns: %s", document.Width(line), line)
		}
	}
}
