package reports

import "testing"

func TestPathsAreToldAsTheSweepFileSaysThem(t *testing.T) {
	b := &builder{options: Options{Folder: "/home/me/project/experiments"}}
	for value, want := range map[string]string{
		"/home/me/project/experiments/data/train.jsonl":                  "data/train.jsonl",
		"/home/me/project/models/small":                                  "../models/small",
		"/home/me/projects/small":                                        "../../projects/small",
		"/data/train.jsonl":                                              "/data/train.jsonl",
		`["/home/me/project/experiments/a-*.parquet","/data/b.parquet"]`: `["a-*.parquet","/data/b.parquet"]`,
		`["greedy","sample"]`:                                            `["greedy","sample"]`,
		"[1,2]":                                                          "[1,2]",
		"builtin":                                                        "builtin",
		"":                                                               "",
	} {
		if got := b.told(value); got != want {
			t.Errorf("%s is told as %s, want %s", value, got, want)
		}
	}
	plain := &builder{}
	if got := plain.told("/data/train.jsonl"); got != "/data/train.jsonl" {
		t.Errorf("without a folder a path is told as %s", got)
	}
}
