package runs

import (
	"context"
	"fmt"
)

// taskKey names the examples that outputs are for.
type taskKey struct{ stage, split string }

// task is the examples of a split.
type task struct {
	places map[string]int // of the examples, by name
	ids    []int64        // by place; nil until they are needed
}

// addTasks notes the examples that a stage makes, for the outputs that come.
func (in *Ingest) addTasks(key string, examples []Example) error {
	made := map[string]*task{}
	for _, e := range examples {
		t := made[e.Split]
		if t == nil {
			t = &task{places: map[string]int{}}
			made[e.Split] = t
		}
		if _, twice := t.places[e.ID]; twice {
			return fmt.Errorf("two examples %q in the split %q", e.ID, e.Split)
		}
		t.places[e.ID] = len(t.places)
	}
	for split, t := range made {
		in.tasks[taskKey{key, split}] = t
	}
	return nil
}

// task returns the examples of a split, those of a stage on its way too.
func (in *Ingest) task(key taskKey) (*task, error) {
	if t := in.tasks[key]; t != nil {
		return t, nil
	}
	stage := in.stages[key.stage]
	if stage == nil {
		return nil, fmt.Errorf("no prepare stage %q in the store", key.stage)
	}
	t := &task{places: map[string]int{}}
	if stage.id != 0 {
		if err := in.readTask(context.Background(), stage.id, key.split, t); err != nil {
			return nil, err
		}
	}
	in.tasks[key] = t
	return t, nil
}

// readTask reads the examples of a split that are in the store.
func (in *Ingest) readTask(ctx context.Context, stage int64, split string, t *task) error {
	rows, err := in.conn.QueryContext(ctx, `SELECT id, name FROM examples WHERE stage = ? AND split = ? ORDER BY position`, stage, split)
	if err != nil {
		return err
	}
	defer rows.Close()
	t.ids = []int64{}
	for rows.Next() {
		var id int64
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return err
		}
		t.places[name] = len(t.ids)
		t.ids = append(t.ids, id)
	}
	return rows.Err()
}
