package graph

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"

	"lastmile/harness/stage"
)

// StageLog is a stage and what its tries left for a person to read.
type StageLog struct {
	StageStatus
	// Log is the stack of a panic, or what its process wrote before it died; "" where
	// there is none.
	Log string `json:"log,omitempty"`
}

// Logs are the stages of the selected runs that are not done or have a log.
func (g *Graph) Logs(ctx context.Context, o Options) ([]StageLog, error) {
	status, err := g.Status(ctx, o)
	if err != nil {
		return nil, err
	}
	byKey := g.byKey()
	logs := []StageLog{}
	for _, of := range status.Stages {
		text, err := os.ReadFile(g.store.Log(byKey[of.Key]))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if of.Status != "done" || len(text) > 0 {
			logs = append(logs, StageLog{of, string(text)})
		}
	}
	return logs, nil
}

// Forget has the failed and interrupted stages of the selected runs begin anew, without
// their checkpoints. It returns those that it did so with; those that a process computes
// it leaves alone.
func (g *Graph) Forget(ctx context.Context, o Options) ([]StageStatus, error) {
	status, err := g.Status(ctx, o)
	if err != nil {
		return nil, err
	}
	byKey := g.byKey()
	forgotten := []StageStatus{}
	for _, of := range status.Stages {
		if !slices.Contains([]string{"failed", "interrupted"}, of.Status) {
			continue
		}
		err := g.store.Forget(byKey[of.Key])
		if held := (*stage.HeldError)(nil); errors.As(err, &held) {
			continue
		}
		if err != nil {
			return forgotten, err
		}
		forgotten = append(forgotten, of)
	}
	return forgotten, nil
}

// Keys are those of all stages.
func (g *Graph) Keys() []string {
	var keys []string
	for _, st := range g.Stages {
		keys = append(keys, st.Key)
	}
	return keys
}

func (g *Graph) byKey() map[string]*stage.Stage {
	byKey := make(map[string]*stage.Stage, len(g.Stages))
	for _, st := range g.Stages {
		byKey[st.Key] = st
	}
	return byKey
}
