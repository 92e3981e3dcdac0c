package trackers

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var curves = []Curve{
	{"mle/train/loss", []int{0, 20}, []float64{3.25, 2.5}},
	{"policy/dev/rougeL", []int{0, 300}, []float64{0.1, -0.3}},
}

func TestEventFilesEqualTensorBoards(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rloo, seed 1")
	if err := WriteEvents(dir, curves); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, eventFile))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/events.golden")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%x\nwant\n%x", got, want)
	}
}

func TestCurvesAsCSV(t *testing.T) {
	var b strings.Builder
	if err := WriteCSV(&b, []Run{{"rloo, seed 1", curves[:1]}}); err != nil {
		t.Fatal(err)
	}
	if want := "run,curve,step,value\n\"rloo, seed 1\",mle/train/loss,0,3.25\n\"rloo, seed 1\",mle/train/loss,20,2.5\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
