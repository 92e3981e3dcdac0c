package stages

import (
	"errors"
	"io/fs"
	"path/filepath"

	"lastmile/harness/data"
	"lastmile/harness/train"
	"lastmile/runs"
)

// ingestCurves stores the learning curves of a stage that trains. One whose model
// was there already has none.
func ingestCurves(dir string, w *runs.Writer) error {
	points, err := data.ReadLines[train.Point](filepath.Join(dir, "curves.jsonl"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	curves := make([]runs.CurvePoint, len(points))
	for i, p := range points {
		curves[i] = runs.CurvePoint(p)
	}
	return w.Curves(curves)
}
