package tokenizer

import (
	"encoding/json"
	"os"
	"testing"
	"testing/fstest"
)

func TestWhatIsNoTextEqualsHuggingFace(t *testing.T) {
	content, err := os.ReadFile("testdata/lossy.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Fallback json.RawMessage
		Rows     []struct {
			IDs          []int
			Text         string
			FallbackIDs  []int  `json:"fallback_ids"`
			FallbackText string `json:"fallback_text"`
		}
	}
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	level := trained(t)
	fallback, err := LoadFS(fstest.MapFS{
		"tokenizer.json": {Data: golden.Fallback}, "config.json": {Data: []byte(`{"eos_token_id": 0}`)},
	}, "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range golden.Rows {
		if got := level.Text(row.IDs); got != row.Text {
			t.Errorf("%v is %q, want %q", row.IDs, got, row.Text)
		}
		if got := fallback.Text(row.FallbackIDs); got != row.FallbackText {
			t.Errorf("%v is %q, want %q", row.FallbackIDs, got, row.FallbackText)
		}
	}
}
