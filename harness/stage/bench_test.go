package stage_test

import (
	"strconv"
	"testing"
	"time"

	"lastmile/harness/stage"
)

// BenchmarkWork is what a worker needs for a stage that does nothing but write a line:
// the locks, the records, and bringing all to the disk.
func BenchmarkWork(b *testing.B) {
	store := open(b)
	var goals []*stage.Stage
	for i := range b.N {
		goals = append(goals, stageOf("score", behaviour{Text: strconv.Itoa(i)}))
	}
	b.ResetTimer()
	worked, err := store.Work(b.Context(), goals, stage.WorkOptions{Options: stage.Options{Executor: executors["local"]}, Idle: time.Minute, Poll: 15 * time.Second})
	if err != nil || worked.Computed != b.N {
		b.Fatal(worked, err)
	}
}
