// Lastmile runs experiments in the last mile of training language models: a
// sweep file in, tables that can be cited out.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness"
	"lastmile/harness/doctor"
	"lastmile/harness/progress"
	"lastmile/metrics"
	"lastmile/reports"
)

// version is set by the linker.
var version = "unknown"

// The exit codes.
const (
	exitFailed      = 1   // a run, or something on the way, failed
	exitMistake     = 2   // what the user gave cannot be used
	exitInterrupted = 130 // stopped by Ctrl-C
)

func main() { os.Exit(run()) }

// run runs the command line and returns the exit code.
func run() int {
	ctx, stop := interruptible(context.Background())
	defer stop()
	root := commands()
	begun := false // whether the command line was understood
	var watch func(c *cobra.Command)
	watch = func(c *cobra.Command) {
		if do := c.RunE; do != nil && c != root {
			c.RunE = func(c *cobra.Command, args []string) error {
				begun = true
				return do(c, args)
			}
		}
		for _, child := range c.Commands() {
			watch(child)
		}
	}
	watch(root)
	err := root.ExecuteContext(ctx)
	var sweepErrors experiments.Errors
	var mistake harness.Mistake
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errRunsFailed):
		return exitFailed
	case ctx.Err() != nil:
		fmt.Fprintf(os.Stderr, "interrupted; nothing that was finished is lost. To go on:\n  %s\n", strings.Join(quoted(os.Args), " "))
		return exitInterrupted
	case errors.As(err, &sweepErrors):
		fmt.Fprintln(os.Stderr, err)
		return exitMistake
	case errors.As(err, &mistake):
		fmt.Fprintln(os.Stderr, "lastmile:", err)
		return exitMistake
	case !begun:
		fmt.Fprintf(os.Stderr, "lastmile: %v; see lastmile help\n", err)
		return exitMistake
	}
	fmt.Fprintln(os.Stderr, "lastmile:", err)
	return exitFailed
}

// errRunsFailed says that runs failed, which the user was told already.
var errRunsFailed = errors.New("runs failed")

// interruptible returns a context that the first Ctrl-C ends; the second ends
// the process.
func interruptible(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(exitInterrupted)
	}()
	return ctx, cancel
}

// quoted returns arguments as one would type them.
func quoted(arguments []string) []string {
	var typed []string
	for _, a := range arguments {
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$`*?[]{}()<>|&;#~") {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		typed = append(typed, a)
	}
	return typed
}

func commands() *cobra.Command {
	root := &cobra.Command{
		Use:   "lastmile",
		Short: "Experiments in the last mile of training language models",
		Long: `Lastmile fine-tunes language models by maximum likelihood, trains a reward
model on bad outputs made from the ground truth, improves the policy against it
with PPO, decodes, scores and reports: a sweep file in, tables out.`,
		Example: `  lastmile run experiments/demo.toml --dry-run   # what would be computed
  lastmile run experiments/demo.toml             # compute it, and report
  lastmile show ppo                              # one run
  echo "A long text" | lastmile generate ppo     # what its policy writes`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.AddCommand(runCommand(), statusCommand(), reportCommand(), showCommand(),
		scoreCommand(), scorerCommand(), generateCommand(), exportCommand(), doctorCommand(), versionCommand(), configCommand())
	return root
}

// sweepFlags are the flags of commands on a sweep file.
type sweepFlags struct {
	set, where       []string
	work             string
	workers, threads int
	json             bool
}

func (f *sweepFlags) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting of all runs: `KEY=VALUE`, may be repeated")
	c.Flags().StringArrayVar(&f.where, "where", nil, "only runs with this value: `KEY=VALUE`, where KEY is variant, label or a setting; may be repeated")
	c.Flags().StringVar(&f.work, "work", "work", "the `folder` of stages and results")
	c.Flags().IntVar(&f.workers, "workers", 0, "stages computed at once (default: the file's)")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads of each (default: the file's)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

// plan loads a sweep file and plans it. The runs that --where selects are
// listed in the options.
func (f *sweepFlags) plan(path string) (*harness.Graph, harness.Options, error) {
	var o harness.Options
	load := experiments.LoadOptions{Set: f.set, Known: harness.Known()}
	if f.workers != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.workers=%d", f.workers))
	}
	if f.threads != 0 {
		load.Set = append(load.Set, fmt.Sprintf("runtime.threads=%d", f.threads))
	}
	sweep, err := experiments.Load(path, load)
	if err != nil {
		return nil, o, err
	}
	o.Workers, o.Threads = sweep.Runtime.Workers, sweep.Runtime.Threads
	if len(f.where) > 0 {
		load.Where = f.where
		selected, err := experiments.Load(path, load)
		if err != nil {
			return nil, o, err
		}
		for _, r := range selected.Runs {
			o.Only = append(o.Only, r.ID)
		}
	}
	if err := sweep.CheckFiles(); err != nil {
		return nil, o, err
	}
	g, err := harness.Plan(sweep, f.work)
	return g, o, err
}

func runCommand() *cobra.Command {
	var f sweepFlags
	var dryRun bool
	c := &cobra.Command{
		Use:   "run FILE",
		Short: "Compute the runs of a sweep file, and report",
		Long: `Run computes the stages of a sweep's runs that are not there yet, brings the
results into the store WORK/lastmile.db, and writes the report. The same
command after a crash or Ctrl-C goes on where it stopped, and when all is done
it computes nothing. A stage that fails fails its runs and no others.`,
		Example: `  lastmile run experiments/demo.toml --dry-run
  lastmile run experiments/demo.toml --where variant=mle --where seed=1
  lastmile run experiments/demo.toml --set rl.updates=100 --work /data/long`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			g, o, err := f.plan(args[0])
			if err != nil {
				return err
			}
			status, err := g.Status(o)
			if err != nil {
				return err
			}
			if dryRun {
				return emit(c, f.json, status, status.Print)
			}
			fmt.Fprintln(c.ErrOrStderr(), status.Summary())
			display := progress.New(c.ErrOrStderr())
			o.Report = display.Report
			result, err := g.Run(c.Context(), o)
			display.Close()
			if err != nil {
				return err
			}
			for _, r := range result.Runs {
				if r.Status == harness.Failed {
					fmt.Fprintf(c.ErrOrStderr(), "run %s (%s, seed %d) failed: %s\n", r.ID, r.Label, r.Seed, r.Reason)
				}
			}
			if err := report(c, g.Sweep, f.work, "", f.json, &result); err != nil {
				return err
			}
			if !result.Complete() {
				return errRunsFailed
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the runs and stages, what is done, and an estimate; compute nothing")
	return c
}

func statusCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "status [FILE]",
		Short: "Show how far the runs of a sweep are",
		Long: `Status shows how far the runs and stages of a sweep file are, those that
another process computes included. Without a file it lists the sweeps in the
store.`,
		Example: "  lastmile status\n  lastmile status experiments/demo.toml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listSweeps(c, f.work, f.json)
			}
			g, o, err := f.plan(args[0])
			if err != nil {
				return err
			}
			status, err := g.Status(o)
			if err != nil {
				return err
			}
			return emit(c, f.json, status, status.Print)
		},
	}
	f.add(c)
	return c
}

// listSweeps prints the sweeps in the store of a work folder.
func listSweeps(c *cobra.Command, work string, asJSON bool) (err error) {
	sweeps, err := harness.Sweeps(c.Context(), work)
	if err != nil {
		return err
	}
	return emit(c, asJSON, sweeps, func(w io.Writer) error {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "SWEEP\tRUNS\tDONE\tFAILED\tFILE")
		for _, s := range sweeps {
			fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%s\n", s.Name, s.Runs, s.Done, s.Failed, s.File)
		}
		return t.Flush()
	})
}

func reportCommand() *cobra.Command {
	var f sweepFlags
	var out string
	c := &cobra.Command{
		Use:     "report FILE",
		Short:   "Write the report of a sweep from what is in the store",
		Example: "  lastmile report experiments/demo.toml --out reports/demo",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sweep, err := experiments.Load(args[0], experiments.LoadOptions{Set: f.set, Known: harness.Known()})
			if err != nil {
				return err
			}
			return report(c, sweep, f.work, out, f.json, nil)
		},
	}
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&f.work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&out, "out", "", "the `folder` to write (default WORK/reports/NAME)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

func showCommand() *cobra.Command {
	var work string
	var examples int
	var asJSON bool
	c := &cobra.Command{
		Use:   "show RUN",
		Short: "Show a run: its settings, stages, scores and examples",
		Long: `Show prints what the store knows of a run: the settings that differ from the
defaults, the folders of its stages, its mean scores, and some outputs. RUN is
its ID or the beginning of it, its label, or "LABEL, seed N".`,
		Example: "  lastmile show 3f0a\n  lastmile show 'ppo, seed 2' --examples 10",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := harness.Show(c.Context(), work, args[0], examples)
			if err != nil {
				return err
			}
			return emit(c, asJSON, r, r.Print)
		},
	}
	c.Flags().StringVar(&work, "work", "work", "the `folder` of stages and results")
	c.Flags().IntVar(&examples, "examples", 3, "number of examples")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func scoreCommand() *cobra.Command {
	s := harness.Scoring{Options: metrics.DefaultOptions()}
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use:   "score --refs FILE --hyps FILE",
		Short: "Score a file of texts against references",
		Long: `Score compares texts with references and prints the mean of each metric with
its 95 % bootstrap interval. Files are plain text, a text a line, or JSON lines
(.jsonl, .jsonl.gz) with the fields "text" for a hypothesis, "reference" or
"references" for references, "input" for what novelty, coverage, density and the
length adjustment length-normalised look at, and "id" where lines are to be
matched by it. BLEU and chrF have a second row: the value of all texts together.
Metrics: ` + strings.Join(slices.DeleteFunc(metrics.Names(), rare), ", ") + `,
and bleurt with --scorer.`,
		Example: `  lastmile score --metric rouge1,rougeL,la-rougeL --refs test.refs.txt --hyps out.txt
  lastmile score --metric bleu,chrf --refs a.txt --refs b.txt --hyps out.txt --csv
  lastmile score --refs test.jsonl --hyps out.jsonl --per-example scores.jsonl`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			scores, err := harness.ScoreFiles(s)
			if err != nil {
				return err
			}
			return emit(c, asJSON, scores, func(w io.Writer) error {
				if asCSV {
					return harness.WriteScoresCSV(w, scores)
				}
				return harness.PrintScores(w, scores)
			})
		},
	}
	scoringFlags(c, &s)
	c.Flags().StringVar(&s.Hypotheses, "hyps", "", "the `file` of texts to score")
	c.Flags().StringVar(&s.PerExample, "per-example", "", "a `file` to write each text's scores to, as JSON lines")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&asCSV, "csv", false, "print comma-separated values")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	require(c, "refs", "hyps")
	return c
}

// scoringFlags are the flags that say how files are scored.
func scoringFlags(c *cobra.Command, s *harness.Scoring) {
	c.Flags().StringSliceVar(&s.Metrics, "metric", []string{"rouge1", "rouge2", "rougeL", "la-rougeL", "length_ratio", "repetition"}, "metrics, by `name`")
	c.Flags().StringArrayVar(&s.References, "refs", nil, "a `file` of references; may be repeated")
	c.Flags().StringVar(&s.Scorer, "scorer", "", "the `folder` of a trained scorer, for bleurt")
	c.Flags().BoolVar(&s.Options.Stemming, "stemming", s.Options.Stemming, "use Porter's stemmer in ROUGE")
	c.Flags().StringVar(&s.Options.LengthAdjustment, "length-adjustment", s.Options.LengthAdjustment,
		"the `formula` of length-adjusted ROUGE: "+strings.Join(metrics.Adjustments(), ", "))
	c.Flags().Float64Var(&s.Options.Alpha, "alpha", s.Options.Alpha, "the α of the formula exp")
}

func scorerCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "scorer",
		Short: "Train the learned metric from an encoder, and measure it",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(scorerTrainCommand(), scorerEvaluateCommand())
	return c
}

// scorerConfig is the first run's configuration in a sweep file.
func scorerConfig(path string, set []string) (experiments.Config, error) {
	sweep, err := experiments.Load(path, experiments.LoadOptions{Set: set, Known: harness.Known()})
	if err != nil {
		return experiments.Config{}, err
	}
	return sweep.Runs[0].Config, nil
}

// lines returns what prints how far something is, a line every few seconds.
func lines(w io.Writer) func(done, total int, note string) {
	last := time.Now()
	return func(done, total int, note string) {
		if now := time.Now(); done == total || now.Sub(last) > 5*time.Second {
			last = now
			fmt.Fprintf(w, "%d/%d  %s\n", done, total, note)
		}
	}
}

func scorerTrainCommand() *cobra.Command {
	t := harness.ScorerTraining{}
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "train FILE --out FOLDER",
		Short: "Train a scorer from an encoder on distortions of a task's references",
		Long: `Train reads the task and the section scorer of a sweep file (its first run) and
trains a scorer from the BERT encoder, or the scorer, in the folder scorer.path:
on distortions of the task's references, and on human ratings where
scorer.ratings names a file of them. The folder it writes is for --scorer of
lastmile score, or for scorer.path. Stopped, the same command goes on.`,
		Example: "  lastmile scorer train experiments/scorer.toml --set scorer.path=models/all-minilm-l6-v2 --out scorer",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if t.Config, err = scorerConfig(args[0], set); err != nil {
				return err
			}
			t.Progress = lines(c.ErrOrStderr())
			quality, err := harness.TrainScorer(c.Context(), t)
			if err != nil {
				return err
			}
			return emit(c, asJSON, quality, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%d distorted dev texts: Pearson %.3f, Spearman %.3f with the targets\nThe scorer: %s\n", quality.N, quality.Pearson, quality.Spearman, t.Out)
				return err
			})
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&t.Out, "out", "", "the `folder` to write")
	c.Flags().IntVar(&t.Threads, "threads", runtime.GOMAXPROCS(0), "threads to compute with")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	require(c, "out")
	return c
}

func scorerEvaluateCommand() *cobra.Command {
	e := harness.ScorerEvaluation{}
	var set []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "evaluate FILE --scorer FOLDER",
		Short: "Measure a scorer against human ratings and against negatives",
		Long: `Evaluate prints the Spearman and Kendall correlation of a scorer, of each of its
outputs and of ROUGE with human ratings (JSON lines with reference, candidate,
the rating, and source), with intervals from a bootstrap over sources; the same
for the scorer fine-tuned in folds that share no source; and how often it puts a
reference of the task's test split above each kind of negatives.`,
		Example: "  lastmile scorer evaluate experiments/scorer.toml --scorer scorer --ratings ratings.jsonl --field overall",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if e.Config, err = scorerConfig(args[0], set); err != nil {
				return err
			}
			e.Progress = lines(c.ErrOrStderr())
			quality, err := harness.EvaluateScorer(c.Context(), e)
			if err != nil {
				return err
			}
			return emit(c, asJSON, quality, quality.Print)
		},
	}
	c.Flags().StringArrayVar(&set, "set", nil, "change a setting: `KEY=VALUE`, may be repeated")
	c.Flags().StringVar(&e.Scorer, "scorer", "", "the scorer's `folder`")
	c.Flags().StringVar(&e.Ratings, "ratings", "", "a `file` of human ratings")
	c.Flags().StringVar(&e.Field, "field", "rating", "the `name` of the field with the rating")
	c.Flags().IntVar(&e.Folds, "folds", 5, "folds to fine-tune in; 0 for none")
	c.Flags().IntVar(&e.Examples, "examples", 300, "test examples that negatives are made of")
	c.Flags().IntVar(&e.Threads, "threads", runtime.GOMAXPROCS(0), "threads to compute with")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	require(c, "scorer")
	return c
}

// rare names are too many to list in a help text.
func rare(name string) bool {
	return strings.Contains(name, "-precision") || strings.Contains(name, "-recall") ||
		strings.ContainsAny(name, "3456789")
}

// require makes flags required.
func require(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := c.MarkFlagRequired(flag); err != nil {
			panic(err) // there is no such flag: a slip in this file
		}
	}
}

func generateCommand() *cobra.Command {
	g := harness.Generation{Threads: runtime.GOMAXPROCS(0)}
	var asJSON bool
	c := &cobra.Command{
		Use:   "generate RUN [TEXT...]",
		Short: "Write outputs with the policy of a run",
		Long: `Generate puts each text into the task's prompt and writes what the run's policy
makes of it, a line each. Without texts it reads them from standard input, a
text a line. RUN is as in lastmile show.`,
		Example: "  lastmile generate ppo 'A library of functions that parse command lines.'\n  lastmile generate ppo --decode sample < inputs.txt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			g.Run, g.Inputs = args[0], args[1:]
			if len(g.Inputs) == 0 {
				lines := bufio.NewScanner(c.InOrStdin())
				lines.Buffer(nil, 1<<24)
				for lines.Scan() {
					g.Inputs = append(g.Inputs, lines.Text())
				}
				if err := lines.Err(); err != nil {
					return fmt.Errorf("reading standard input: %w", err)
				}
			}
			outputs, err := harness.Generate(c.Context(), g)
			if err != nil {
				return err
			}
			return emit(c, asJSON, outputs, func(w io.Writer) error {
				for _, text := range outputs {
					fmt.Fprintln(w, strings.ReplaceAll(text, "\n", " "))
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&g.Work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&g.Decode, "decode", "", "the `name` of one of the run's decodings (default greedy)")
	c.Flags().IntVar(&g.Threads, "threads", g.Threads, "threads to compute with")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what speed hangs on, and say what to do where something is wrong",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := doctor.Check(c.Context())
			if err != nil {
				return err
			}
			return emit(c, asJSON, r, r.Print)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			fmt.Fprintf(c.OutOrStdout(), "lastmile %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

// configCommand is the help topic "config".
func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Every key of a sweep file"}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		fields, err := experiments.Reference()
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "lastmile:", err)
			return
		}
		for _, f := range fields {
			line := fmt.Sprintf("%s (%s", f.Key, f.Type)
			if f.Default != "" {
				line += ", default " + f.Default
			}
			if f.Allowed != "" {
				line += "; " + f.Allowed
			}
			fmt.Fprintf(c.OutOrStdout(), "%s)\n", line)
			for _, line := range wrap(f.Doc, 76) {
				fmt.Fprintf(c.OutOrStdout(), "    %s\n", line)
			}
		}
	})
	return c
}

// wrap breaks a text into lines of at most width bytes, where words allow it.
func wrap(text string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last < 0 || len(lines[last])+1+len(word) > width {
			lines = append(lines, word)
		} else {
			lines[last] += " " + word
		}
	}
	return lines
}

// emit writes a value as JSON, or as text.
func emit(c *cobra.Command, asJSON bool, value any, text func(io.Writer) error) error {
	if !asJSON {
		return text(c.OutOrStdout())
	}
	encoder := json.NewEncoder(c.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// reported is what a command that ends in a report prints as JSON.
type reported struct {
	Result *harness.Result  `json:"result,omitempty"`
	Report *reports.Summary `json:"report,omitempty"`
}

// report writes the report of a sweep and prints its findings, its table and
// where it lies. result is that of the runs, where they were just computed:
// without a run that is done there is nothing to report.
func report(c *cobra.Command, sweep *experiments.Sweep, work, out string, asJSON bool, result *harness.Result) (err error) {
	if result != nil && !slices.ContainsFunc(result.Runs, func(r harness.RunStatus) bool { return r.Status == harness.Done }) {
		return emit(c, asJSON, reported{Result: result}, func(io.Writer) error { return nil })
	}
	store, err := harness.OpenResults(c.Context(), work)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	defaults, err := json.Marshal(experiments.Default())
	if err != nil {
		return err
	}
	if out == "" {
		out = filepath.Join(work, "reports", sweep.Name)
	}
	summary, err := reports.Write(c.Context(), store, sweep.Name, reports.Options{
		Dir:       out,
		Baseline:  sweep.Report.Baseline,
		Treatment: sweep.Report.Treatment,
		Columns:   sweep.Report.Columns,
		Published: sweep.Report.Published,
		Examples:  sweep.Report.Examples,
		Seed:      sweep.Report.Seed,
		Defaults:  defaults,
		Command:   "lastmile run " + quoted([]string{sweep.File})[0],
		Versions:  []reports.Version{{Name: "lastmile", Version: version}},
	})
	if err != nil {
		return err
	}
	return emit(c, asJSON, reported{result, &summary}, func(w io.Writer) error {
		for _, sentence := range summary.Sentences {
			fmt.Fprintln(w, sentence)
		}
		fmt.Fprintf(w, "\n%s\nThe report: %s\n", summary.Table.Text(progress.Width(w)), summary.Readme)
		return nil
	})
}
