package reports

import (
	"fmt"
	"strings"
	"testing"
)

func TestAReportOfManyLabelsShowsTheFirstAndTheNamedOnes(t *testing.T) {
	s := demo()
	s.examples = 5
	s.labels = s.labels[:1]
	for i := range mostLabels + 10 {
		s.labels = append(s.labels, syntheticLabel{name: fmt.Sprint("ppo ", i), algorithm: "ppo"})
	}
	last := s.labels[len(s.labels)-1].name
	o := options(t.TempDir())
	o.Treatment = last
	summary, err := Write(t.Context(), s.store(t), "demo", o)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, row := range summary.Table.Rows {
		shown[row.Label] = true
	}
	if len(shown) != mostLabels+1 || !shown[last] || !shown[s.labels[mostLabels-1].name] {
		t.Errorf("%d labels are shown, expected the first %d and %q", len(shown), mostLabels, last)
	}
	if said := strings.Join(summary.Sentences, "\n"); !strings.Contains(said, "The sweep has 61 systems; this report shows 51 of them") {
		t.Errorf("the sentences do not say what is left out:\n%s", said)
	}
}
