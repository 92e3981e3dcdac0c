package stages

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"lastmile/experiments"
	"lastmile/harness/data"
)

type xsumRow struct {
	Document string `parquet:"document"`
	Summary  string `parquet:"summary"`
	ID       string `parquet:"id"`
}

type newsRow struct {
	Article    string `parquet:"article"`
	Highlights string `parquet:"highlights"`
	ID         string `parquet:"id"`
}

// layouts are small data sets in the layouts that the files of experiments/tasks expect,
// under the folder data: text, or rows of a Parquet file; and what is read of test.
var layouts = []struct {
	task  string
	files map[string]any
	want  data.Example
}{
	{"samsum", map[string]any{
		"samsum/train.csv":      "id,dialogue,summary\n1,\"A: Hi.\r\nB: Bye.\",They talk.\n",
		"samsum/validation.csv": "id,dialogue,summary\n2,A: Hi.,They greet.\n",
		"samsum/test.csv":       "id,dialogue,summary\n13862856,\"Hannah: Hey, do you have \"\"it\"\"?\r\nAmanda: No.\",Amanda does not have it.\n",
		"samsum/README.md":      "# SAMSum",
	}, data.Example{ID: "13862856", Input: "Hannah: Hey, do you have \"it\"?\nAmanda: No.", References: []string{"Amanda does not have it."}}},
	{"samsum", map[string]any{
		"samsum/train.json": `[{"id": "1", "summary": "s", "dialogue": "d"}]`,
		"samsum/val.json":   `[{"id": "1", "summary": "s", "dialogue": "d"}]`,
		"samsum/test.json":  "[\n  {\"id\": \"3\", \"summary\": \"s\", \"dialogue\": \"A: d\\r\\nB: e\"}\n]",
	}, data.Example{ID: "3", Input: "A: d\r\nB: e", References: []string{"s"}}},
	{"dialogsum", map[string]any{
		"dialogsum/train.csv":      "id,dialogue,summary,topic\ntrain_0,d,s,t\n",
		"dialogsum/validation.csv": "id,dialogue,summary,topic\ndev_0,d,s,t\n",
		"dialogsum/test.csv":       "id,dialogue,summary,topic\ntest_0_1,\"#Person1#: Hi.\n#Person2#: Hi.\",They greet.,greeting\n",
	}, data.Example{ID: "2", Input: "#Person1#: Hi.\n#Person2#: Hi.", References: []string{"They greet."}}},
	{"dialogsum", map[string]any{
		"dialogsum/dialogsum.train.jsonl": `{"fname": "train_0", "dialogue": "d", "summary": "s", "topic": "t"}`,
		"dialogsum/dialogsum.dev.jsonl":   `{"fname": "dev_0", "dialogue": "d", "summary": "s", "topic": "t"}`,
		"dialogsum/dialogsum.test.jsonl":  `{"fname": "test_0", "dialogue": "d", "summary1": "a", "topic1": "t", "summary2": "b", "topic2": "t", "summary3": "a", "topic3": "t"}`,
	}, data.Example{ID: "1", Input: "d", References: []string{"a", "b"}}},
	{"xsum", map[string]any{
		"xsum/default/train/0000.parquet":      []xsumRow{{"d", "s", "1"}},
		"xsum/default/validation/0000.parquet": []xsumRow{{"d", "s", "1"}},
		"xsum/default/test/0000.parquet":       []xsumRow{{"A long article.", "A sentence.", "35232142"}},
	}, data.Example{ID: "35232142", Input: "A long article.", References: []string{"A sentence."}}},
	{"cnn_dailymail", map[string]any{
		"cnn_dailymail/3.0.0/train-00000-of-00002.parquet":      []newsRow{{"a", "h", "1"}},
		"cnn_dailymail/3.0.0/train-00001-of-00002.parquet":      []newsRow{{"a", "h", "2"}},
		"cnn_dailymail/3.0.0/validation-00000-of-00001.parquet": []newsRow{{"a", "h", "1"}},
		"cnn_dailymail/3.0.0/test-00000-of-00001.parquet":       []newsRow{{"(CNN) -- A ship.", "A ship .\nIt sails .", "0054d6d3"}},
		"cnn_dailymail/1.0.0/test-00000-of-00001.parquet":       []newsRow{{"old", "old", "0"}},
	}, data.Example{ID: "0054d6d3", Input: "(CNN) -- A ship.", References: []string{"A ship .\nIt sails ."}}},
	{"e2e", map[string]any{
		"e2e_nlg/train.json":      `[{"gem_id": "t", "meaning_representation": "name[Mill]", "target": "The Mill.", "references": []}]`,
		"e2e_nlg/validation.json": `[{"gem_id": "v", "meaning_representation": "name[Mill]", "target": "The Mill.", "references": ["The Mill."]}]`,
		"e2e_nlg/test.json":       `[{"gem_id": "e2e_nlg-test-0", "meaning_representation": "name[Inn], area[riverside]", "target": "The Inn is by the river.", "references": ["The Inn is by the river.", "By the river is the Inn."]}]`,
	}, data.Example{ID: "e2e_nlg-test-0", Input: "name[Inn], area[riverside]", References: []string{"The Inn is by the river.", "By the river is the Inn."}}},
	{"webnlg", map[string]any{
		"web_nlg/en/train.json":      `[{"gem_id": "t", "input": ["A | r | B"], "target": "A r B.", "references": []}]`,
		"web_nlg/en/validation.json": `[{"gem_id": "v", "input": ["A | r | B"], "target": "A r B.", "references": ["A r B."]}]`,
		"web_nlg/en/test.json":       `[{"gem_id": "web_nlg_en-test-0", "input": ["A | r | B", "B | s | C"], "target": "A r B, which s C.", "references": ["B is r of A."]}]`,
		"web_nlg/ru/test.json":       `[]`,
	}, data.Example{ID: "web_nlg_en-test-0", Input: "A | r | B\nB | s | C", References: []string{"A r B, which s C.", "B is r of A."}}},
}

// Each file of experiments/tasks reads the layouts that it names, as they are.
func TestTasksReadTheirLayouts(t *testing.T) {
	files, err := filepath.Glob("../../experiments/tasks/*.toml")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, layout := range layouts {
		tried[layout.task+".toml"] = true
		dir := t.TempDir()
		text, err := os.ReadFile("../../experiments/tasks/" + layout.task + ".toml")
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, "task.toml"), text, 0o644)
		for name, content := range layout.files {
			path := filepath.Join(dir, "data", name)
			os.MkdirAll(filepath.Dir(path), 0o755)
			switch content := content.(type) {
			case string:
				err = os.WriteFile(path, []byte(content), 0o644)
			case []xsumRow:
				err = parquet.WriteFile(path, content)
			case []newsRow:
				err = parquet.WriteFile(path, content)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		sweep, err := Schema().Load(filepath.Join(dir, "task.toml"), experiments.LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", layout.task, err)
			continue
		}
		task := experiments.Get[data.Task](sweep.Runs[0].Config, "task")
		if err := task.Check(); err != nil {
			t.Errorf("%s: %v", layout.task, err)
			continue
		}
		test, err := data.Read(task, data.Test)
		if err != nil || len(test) != 1 || !reflect.DeepEqual(test[0], layout.want) {
			t.Errorf("%s: error %v, read %+v, want %+v", layout.task, err, test, layout.want)
		}
		if !strings.Contains(string(text), "Licence") {
			t.Errorf("%s names no licence", layout.task)
		}
	}
	for _, file := range files {
		if !tried[filepath.Base(file)] {
			t.Errorf("no layout for %s", file)
		}
	}
}
