package encoder

import (
	"encoding/json"
	"os"
	"testing"

	"lastmile/harness/fuzztest"
)

func FuzzConfig(f *testing.F) {
	fuzztest.AddFiles(f, "testdata/*/config.json")
	f.Add([]byte(`{"model_type": "deberta-v2", "vocab_size": 1, "hidden_size": 2, "intermediate_size": 1, "num_hidden_layers": 1, "num_attention_heads": 1,
		"max_position_embeddings": 512, "relative_attention": true, "position_buckets": 256, "pos_att_type": "p2c|c2p"}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(ConfigFile(dir), text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 64<<20, func() {
			c, err := ReadConfig(dir)
			fuzztest.Says(t, err, string(text))
			if err != nil {
				return
			}
			if c.Positions() < c.family().marks() || c.HiddenSize%c.NumAttentionHeads != 0 || len(c.Outputs()) == 0 {
				t.Errorf("%d positions, %d heads for %d, %d outputs", c.Positions(), c.NumAttentionHeads, c.HiddenSize, len(c.Outputs()))
			}
			if c.family().disentangled {
				for _, distance := range []int{0, 1, -1, c.MaxPositionEmbeddings, -c.MaxPositionEmbeddings} {
					if at := c.place(distance); at < -c.span() || at >= c.span() {
						t.Errorf("the distance %d is in the place %d, beyond %d", distance, at, c.span())
					}
				}
			}
			if _, err := json.Marshal(c); err != nil {
				t.Errorf("what was read cannot be written: %v", err)
			}
		})
	})
}
