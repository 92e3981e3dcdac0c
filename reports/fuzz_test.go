package reports

import (
	"os"
	"path/filepath"
	"testing"

	"lastmile/harness/fuzztest"
)

// FuzzPublished reads a file of published values.
func FuzzPublished(f *testing.F) {
	for _, text := range []string{
		"source = \"Somebody (2024)\"\n[[value]]\nsystem = \"mle\"\nform = \"raw\"\nmetric = \"rougeL\"\nvalue = 0.31\n",
		"[[value]]\nvalue = \"x\"\n", "[[value]]\nsystem = \"a\"\nmetric = \"b\"\nvalue = nan\nform = \"post\"\nsource = \"\"\"\nx\n\"\"\"", "value = 1\n", "[[values]]\n", "a.b.\"c\\n\" = 1",
	} {
		f.Add([]byte(text))
	}
	path := filepath.Join(f.TempDir(), "published.toml")
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		fuzztest.Bounded(t, 256<<20, func() {
			values, err := readPublished(path)
			fuzztest.Says(t, err, string(text))
			for _, v := range values {
				if v.System == "" || v.Metric == "" || v.Source == "" || v.Form != "raw" && v.Form != "post" || v.Value == nil || *v.Value-*v.Value != 0 {
					t.Errorf("a value was read as %+v", v)
				}
			}
		})
	})
}
