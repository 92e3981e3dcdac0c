package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver of the store

	"lastmile/harness/bench/scale/sleeping"
	"lastmile/harness/stage"
	"lastmile/runs"
)

// play plays the role that a command line begins with, if it is one.
func play(role string, arguments []string) bool {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch role {
	case "sleep":
		err = measureSleep(ctx, arguments)
	case runRole, workRole:
		var s sleep
		if err = json.Unmarshal([]byte(arguments[0]), &s); err == nil {
			err = s.serve(ctx, role)
		}
	default:
		return false
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
	return true
}

// writeSweep writes a sweep of so many runs: the demo's PPO at half as many KL
// coefficients, with two seeds each.
func writeSweep(file string, n int) error {
	demo, err := filepath.Abs("experiments/demo.toml")
	if err != nil {
		return err
	}
	return os.WriteFile(file, sweepOf(demo, (n+1)/2), 0o666)
}

// sweepOf is a sweep of PPO at so many KL coefficients.
func sweepOf(demo string, coefficients int) []byte {
	var values []string
	for i := range coefficients {
		values = append(values, fmt.Sprintf("%de-4", i+1))
	}
	return fmt.Appendf(nil, "extends = %q\nname = \"many\"\n[grid]\nseed = [1, 2]\nrl.kl.coefficient = [%s]\n[[variant]]\nname = \"rloo\"\n[report]\nbaseline = \"rloo\"\n",
		demo, strings.Join(values, ", "))
}

// measureSleep runs a sweep in every form, the first of which is killed when it is half
// done, and what commands cost on the work folder afterwards.
func measureSleep(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("scale sleep", flag.ExitOnError)
	n := flags.Int("runs", 10_000, "the number of runs")
	jobs := flags.Int("jobs", 8, "the number of stages computed at once")
	only := flags.String("form", "", "one form alone: "+string(inProcess)+", "+string(children)+", "+string(workers))
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("sleep: expected the folder to work in, which has the programs lastmile and sleeper")
	}
	folder, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return err
	}
	s := sleep{File: filepath.Join(folder, "sleep.toml"), Models: filepath.Join(folder, "models"), Jobs: *jobs, Sleeper: filepath.Join(folder, "sleeper")}
	if err := writeSweep(s.File, *n); err != nil {
		return err
	}
	g, err := planned(s.File, folder)
	if err != nil {
		return err
	}
	slept, err := makeModels(g.Stages, s.Models, 2)
	if err != nil {
		return err
	}
	total := len(g.Stages)
	fmt.Printf("%d runs, %d stages, which sleep %.0f s together; %d at once\n", len(g.Runs), total, slept.Seconds(), s.Jobs)
	digests := map[string]bool{}
	for i, form := range []form{inProcess, children, workers} {
		if *only != "" && *only != string(form) {
			continue
		}
		s.Form, s.Work = form, filepath.Join(folder, fmt.Sprint("work", i))
		fmt.Printf("%s:\n", form)
		if form == inProcess {
			begin := time.Now()
			killed := s
			killed.KillAfter = total / 2
			if _, err := killed.begin(ctx, runRole); !errors.Is(err, errKilled) {
				return fmt.Errorf("the sweep was to be killed, and ended with %v", err)
			}
			fmt.Printf("  %-36s %8.1f s\n", fmt.Sprintf("killed after %d stages", killed.KillAfter), time.Since(begin).Seconds())
		}
		r, err := s.begin(ctx, runRole)
		if err != nil {
			return err
		}
		r.print(slept.Seconds()*float64(r.Computed)/float64(total), s.Jobs)
		digest, err := s.digest(ctx)
		if err != nil {
			return err
		}
		digests[digest] = true
		if form == inProcess || *only != "" {
			if err := commands(ctx, folder, s); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(s.Work); err != nil {
			return err
		}
	}
	if len(digests) > 1 {
		return errors.New("the forms did not come to the same")
	}
	return nil
}

// print prints what running took, where the stages that were computed sleep so many
// seconds together.
func (r ran) print(slept float64, jobs int) {
	n := float64(r.Computed)
	fmt.Printf("  %-36s %8.1f s\n", "planning", r.Plan)
	fmt.Printf("  %-36s %8.1f s\n", "before the stages", r.First)
	fmt.Printf("  %-36s %8.1f s %8.1f s CPU\n", fmt.Sprintf("%d stages computed", r.Computed), r.Stages, r.CPU)
	fmt.Printf("  %-36s %8.0f\n", "stages a second", n/r.Stages)
	fmt.Printf("  %-36s %8.2f ms, %.2f ms CPU\n", "a stage, beyond what it sleeps", (r.Stages-slept/float64(jobs))/n*1000, r.CPU/n*1000)
	fmt.Printf("  %-36s %8.1f s %8.1f s CPU\n", "into the store", r.Ingest, r.IngestCPU)
	fmt.Printf("  %-36s %8.0f MB, of one that it began %.0f MB\n", "memory", r.Peak, r.Child)
}

// digest tells what a sweep came to from anything else: the files of all artifacts,
// which are hashed, and what the store has of runs and scores. Artifacts that are not
// as their stages leave them are an error.
func (s sleep) digest(ctx context.Context) (string, error) {
	store, err := stage.Open(s.Work)
	if err != nil {
		return "", err
	}
	all, err := store.Artifacts()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, of := range all {
		record, ok, err := store.Sound(ctx, of.Kind, of.Key, stage.Full)
		if err != nil || !ok {
			return "", fmt.Errorf("%s %s: there: %v, %w", of.Kind, of.Key, ok, err)
		}
		model, err := sleeping.Model(s.Models, of.Kind+"-"+of.Key)
		if err != nil {
			return "", err
		}
		files, err := stage.FilesOf(model)
		if err != nil {
			return "", err
		}
		for name, file := range files {
			if record.Files[name].SHA256 != file.SHA256 {
				return "", fmt.Errorf("%s %s: %s is not what the stage left", of.Kind, of.Key, name)
			}
		}
		fmt.Fprintln(sum, record.Key, len(record.Files))
	}
	for _, folder := range []string{"partial", "locks", "logs"} {
		left, err := os.ReadDir(filepath.Join(s.Work, folder))
		if err != nil {
			return "", err
		}
		// What a killed process was making a lock of stays for a minute.
		left = slices.DeleteFunc(left, func(e os.DirEntry) bool { return folder == "locks" && strings.HasPrefix(e.Name(), ".") })
		if len(left) > 0 {
			return "", fmt.Errorf("%d files are left in %s, %s among them", len(left), folder, left[0].Name())
		}
	}
	db, err := sql.Open("sqlite3", runs.Path(s.Work))
	if err != nil {
		return "", err
	}
	defer db.Close()
	for _, query := range []string{
		"SELECT name, status || reason FROM runs",
		"SELECT r.name, s.key FROM run_stages rs JOIN runs r ON r.id = rs.run JOIN stages s ON s.id = rs.stage",
		"SELECT st.key, hex(sc.by_example) || sc.form FROM scores sc JOIN stages st ON st.id = sc.stage",
		"SELECT s.name, sr.label || sr.position FROM sweep_runs sr JOIN sweeps s ON s.id = sr.sweep",
	} {
		lines, err := pairs(ctx, db, query)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(sum, len(lines), lines)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// pairs are the rows of a query with two columns, sorted.
func pairs(ctx context.Context, db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var a, b string
		if err := rows.Scan(&a, &b); err != nil {
			return nil, err
		}
		lines = append(lines, a+" "+b)
	}
	slices.Sort(lines)
	return lines, rows.Err()
}

// commands are what lastmile's commands cost on a sweep that is finished.
func commands(ctx context.Context, folder string, s sleep) error {
	for _, of := range []struct {
		what  string
		words []string
	}{
		{"run, all finished, its first report", []string{"run", s.File}},
		{"run, all finished", []string{"run", s.File}},
		{"report", []string{"report", s.File, "--out", filepath.Join(s.Work, "again")}},
		{"status", []string{"status", s.File}},
		{"verify", []string{"verify"}},
		{"gc --dry-run", []string{"gc", "--dry-run"}},
	} {
		var said bytes.Buffer
		c := exec.CommandContext(ctx, filepath.Join(folder, "lastmile"), append(of.words, "--work", s.Work)...)
		c.Stdout, c.Stderr = &said, &said
		// The kernel counts the memory of the process that begins another one as that one's.
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			return fmt.Errorf("forgetting how large this process was: %w", err)
		}
		begin := time.Now()
		if err := c.Run(); err != nil {
			return fmt.Errorf("%v: %w: %.2000s", c.Args, err, said.Bytes())
		}
		state := c.ProcessState
		usage, _ := state.SysUsage().(*syscall.Rusage)
		fmt.Printf("  %-36s %8.1f s %8.1f s CPU %6d MB\n", of.what, time.Since(begin).Seconds(), (state.UserTime() + state.SystemTime()).Seconds(), usage.Maxrss>>10)
	}
	return nil
}
