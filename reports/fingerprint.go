package reports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lastmile/runs"
)

// fingerprintFile says what the report beside it was made from, and lists the
// report's files.
const fingerprintFile = ".fingerprint"

// fingerprint is the hash of all that a report depends on: what the store has
// of the sweep, the options, the published values and the program.
func fingerprint(ctx context.Context, store *runs.Store, sweep string, options Options) (string, error) {
	digest, err := store.Digest(ctx, sweep)
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
	all, err := json.Marshal([]any{sweep, digest, options, published, own})
	if err != nil {
		return "", fmt.Errorf("reporting on sweep %s: %w", sweep, err)
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}

// vouch says that a folder has the whole report of that fingerprint, in files
// of those names.
func vouch(dir, fingerprint string, files []string) error {
	lines := append([]string{fingerprint}, files...)
	if err := os.WriteFile(filepath.Join(dir, fingerprintFile), []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// already returns the summary of the report in a folder, where it has that
// fingerprint and is whole.
func already(dir, fingerprint string) (Summary, bool) {
	found, err := os.ReadFile(filepath.Join(dir, fingerprintFile))
	if err != nil {
		return Summary{}, false
	}
	lines := strings.Fields(string(found))
	if len(lines) == 0 || lines[0] != fingerprint {
		return Summary{}, false
	}
	for _, name := range lines[1:] {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
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
