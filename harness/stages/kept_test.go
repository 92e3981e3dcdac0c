package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lastmile/harness/data"
	"lastmile/harness/decode"
	"lastmile/harness/model/modeltest"
	"lastmile/harness/stage"
	"lastmile/harness/torch"
)

// TestATuningGoesOnWhereItStopped interrupts a stage that tries decodings on dev, in its
// third.
func TestATuningGoesOnWhereItStopped(t *testing.T) {
	d := decoder(t, modeltest.Open(t, torch.Float32), someExamples(9))
	o := decode.Default("best")
	o.TuneOn, o.Temperatures, o.TopPs, o.BeamWidths = "chrf", []float64{0.5, 2}, []float64{1}, []int{2}
	want, err := d.tune(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	d.Job.Dir = t.TempDir()
	tune := func(done int) (got Decoding, decoded int, err error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		d.kept = keptIn(d.Job)
		d.Job.Tokens = func(int) {
			if decoded++; d.kept.decodings > done {
				cancel()
			}
		}
		got, err = d.tune(ctx, o)
		return got, decoded, err
	}
	if _, _, err := tune(2); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that it was interrupted", err)
	}
	files, err := filepath.Glob(filepath.Join(d.Job.Dir, stage.Checkpoint, "decoding-*.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("kept are %v, %v; want two decodings", files, err)
	}
	got, rest, err := tune(99)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after an interruption %+v, %v; want %+v", got, err, want)
	}
	if again, none, err := tune(99); err != nil || !reflect.DeepEqual(again, want) || none != 0 || rest == 0 {
		t.Errorf("with all that is kept %+v after %d batches, %v; after an interruption %d batches", again, none, err, rest)
	}
	// What is damaged is said.
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string]string{
		"changed": strings.Replace(string(text), `"ended": false`, `"ended": true`, 1),
		"cut":     string(text[:len(text)/2]),
		"empty":   "",
	} {
		if err := os.WriteFile(files[0], []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		_, _, err := tune(99)
		if bad := (*stage.CheckpointError)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), files[0]) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestKeptResponsesAreWhatTheyWere reads what was written.
func TestKeptResponsesAreWhatTheyWere(t *testing.T) {
	d := decoder(t, modeltest.Open(t, torch.Float32), nil)
	d.Job.Dir = t.TempDir()
	examples := someExamples(9)
	ask := func() [][]decode.Response {
		t.Helper()
		d.kept = keptIn(d.Job)
		responses, err := d.respond(t.Context(), examples, decode.Options{Settings: decode.Default("sample"), Samples: 3, Entropies: true}, data.Test)
		if err != nil {
			t.Fatal(err)
		}
		for _, of := range responses {
			for i := range of {
				of[i].Logprobs = nil
			}
		}
		return responses
	}
	if written, read := ask(), ask(); !reflect.DeepEqual(written, read) {
		t.Errorf("written %+v, read %+v", written, read)
	}
}
