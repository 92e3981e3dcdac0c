package stage_test

import (
	"encoding/json"
	"strings"
	"testing"

	"lastmile/harness/stage"
)

func TestJobReadsSettingsByKey(t *testing.T) {
	job := stage.Job{Settings: json.RawMessage(`{"seed":3,"mle":{"rate":0.5},"decode":{"greedy":{"beams":4}}}`)}
	var all struct{ Seed int }
	if err := job.Read("", &all); err != nil || all.Seed != 3 {
		t.Errorf("all: %v %v", all, err)
	}
	var seed int
	if err := job.Read("seed", &seed); err != nil || seed != 3 {
		t.Errorf("seed: %v %v", seed, err)
	}
	var greedy struct{ Beams, Other int }
	greedy.Other = 7
	if err := job.Read("decode.greedy", &greedy); err != nil || greedy.Beams != 4 || greedy.Other != 7 {
		t.Errorf("decode.greedy: %v %v", greedy, err)
	}
	for _, missing := range []string{"rl", "rl.kl", "decode.sample", "mle.rate.more.x"} {
		value := 5
		err := job.Read(missing, &value)
		if missing == "mle.rate.more.x" {
			if err == nil || !strings.Contains(err.Error(), "mle.rate.more.x") {
				t.Errorf("%s: %v", missing, err)
			}
		} else if err != nil || value != 5 {
			t.Errorf("%s: %v %v", missing, value, err)
		}
	}
	if err := job.Read("mle", &seed); err == nil || !strings.Contains(err.Error(), "settings mle") {
		t.Errorf("of another type: %v", err)
	}
	if err := (&stage.Job{}).Read("mle", &seed); err != nil || seed != 3 {
		t.Errorf("no settings: %v %v", seed, err)
	}
}
