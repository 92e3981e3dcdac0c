package reports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastmile/runs"
)

// fingerprintFile says what the report beside it was made from.
const fingerprintFile = ".fingerprint"

// fingerprint is the hash of all that a report depends on: what the sweep
// lists, its stages, whose keys stand for what they made, the options, the
// published values and the program.
func fingerprint(ctx context.Context, store *runs.Store, sweep string, options Options) (string, error) {
	listed, err := store.Sweep(ctx, sweep)
	if err != nil {
		return "", err
	}
	costs, err := store.Costs(ctx, sweep)
	if err != nil {
		return "", err
	}
	var published []byte
	if options.Published != "" {
		published, err = os.ReadFile(options.Published)
		if err != nil {
			return "", fmt.Errorf("reading published values: %w", err)
		}
	}
	type program struct {
		Size     int64
		Modified time.Time
	}
	var own program
	if path, err := os.Executable(); err == nil {
		if info, err := os.Stat(path); err == nil {
			own = program{info.Size(), info.ModTime()}
		}
	}
	all, err := json.Marshal([]any{listed, costs, options, published, own})
	if err != nil {
		return "", fmt.Errorf("reporting on sweep %s: %w", sweep, err)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}

// already returns the summary of the report in a folder, where it has that
// fingerprint and is whole.
func already(dir, fingerprint string) (Summary, bool) {
	found, err := os.ReadFile(filepath.Join(dir, fingerprintFile))
	if err != nil || strings.TrimSpace(string(found)) != fingerprint {
		return Summary{}, false
	}
	page, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		return Summary{}, false
	}
	for _, name := range append(plotsIn(string(page)), "table.csv") {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return Summary{}, false
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		return Summary{}, false
	}
	summary := Summary{Readme: filepath.Join(dir, "README.md")}
	if err := json.Unmarshal(raw, &summary); err != nil {
		return Summary{}, false
	}
	return summary, true
}

// plotsIn lists the plots that a page shows, in both formats.
func plotsIn(page string) []string {
	var plots []string
	for line := range strings.Lines(page) {
		if _, rest, ok := strings.Cut(line, "](plots/"); ok {
			name, _, _ := strings.Cut(rest, ".svg)")
			plots = append(plots, "plots/"+name+".svg", "plots/"+name+".png")
		}
	}
	return plots
}
