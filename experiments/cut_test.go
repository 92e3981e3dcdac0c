package experiments

import (
	"encoding/json"
	"testing"
)

// TestAPartIsNestedAndSorted cuts sections, tables within them and elements whose
// names sort otherwise with the dot behind them.
func TestAPartIsNestedAndSorted(t *testing.T) {
	type inner struct {
		Rate float64 `toml:"rate" json:"rate"`
		Off  bool    `toml:"off" json:"off"`
	}
	type outer struct {
		Name  string   `toml:"name" json:"name"`
		List  []string `toml:"list" json:"list"`
		Empty []string `toml:"empty" json:"empty"`
		Batch int      `toml:"batch" json:"batch"`
		Inner inner    `toml:"inner" json:"inner"`
	}
	type element struct {
		Size  int `toml:"size" json:"size"`
		Batch int `toml:"batch" json:"batch"`
	}
	type empty struct {
		None int `toml:"none" json:"none"`
	}
	s := &Schema{
		Sections: []Section{
			{Key: "outer", Default: outer{Name: "<a>", List: []string{"x"}, Empty: []string{}, Batch: 3, Inner: inner{Rate: 1e-7}}},
			{Key: "zero", Default: empty{}},
			{Key: "other", Default: empty{None: 7}},
		},
		Groups: []Group{{Key: "many", Present: []string{"a-b", "a"}, Element: func(name string) (Section, bool) {
			return Section{Default: element{Size: len(name), Batch: 2}}, true
		}}},
	}
	part := NewProjection([]string{"many", "seed", "outer", "zero"}, []string{"many.*.batch", "outer.batch"}).Of(s.Default())
	for _, of := range []struct {
		what, want string
		got        json.RawMessage
	}{
		{"settings", `{"many":{"a":{"batch":2,"size":1},"a-b":{"batch":2,"size":3}},"outer":{"batch":3,"inner":{"rate":1e-7},"list":["x"],"name":"\u003ca\u003e"},"seed":1,"zero":{}}`, part.Settings},
		{"identity", `{"many":{"a":{"size":1},"a-b":{"size":3}},"outer":{"inner":{"rate":1e-7},"list":["x"],"name":"\u003ca\u003e"},"seed":1,"zero":{}}`, part.Identity},
	} {
		if string(of.got) != of.want {
			t.Errorf("the %s are\n%s, expected\n%s", of.what, of.got, of.want)
		}
		var tree any
		if err := json.Unmarshal(of.got, &tree); err != nil {
			t.Fatal(err)
		}
		if again, _ := json.Marshal(tree); string(again) != string(of.got) {
			t.Errorf("the %s are not as encoding/json writes them: %s", of.what, again)
		}
	}
	// A part of a table is read without the rest of it.
	part = NewProjection([]string{"outer.inner", "many.a.size"}, nil).Of(s.Default().With("outer.inner.rate", 0.5))
	if want := `{"many":{"a":{"size":1}},"outer":{"inner":{"rate":0.5}}}`; string(part.Settings) != want {
		t.Errorf("got %s, expected %s", part.Settings, want)
	}
}
