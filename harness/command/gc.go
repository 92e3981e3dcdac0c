package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"lastmile/experiments"
	"lastmile/harness/graph"
	"lastmile/harness/results"
	"lastmile/harness/stage"
	"lastmile/harness/stages"
)

func gcCommand() *cobra.Command {
	var work string
	var yes, dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "gc [FILE...]",
		Short: "Remove stages that no sweep file and no report refers to",
		Long: `Gc looks for stages in a work folder that nothing refers to: no run that a sweep in
the store lists, which its report shows, and none of the sweep files as they are now:
those that the store knows, and the FILEs given. It tells their size, asks, and removes
them, finished and half-finished ones. What a kept stage was made of is kept too. It
removes nothing while another process uses the work folder, and processes that begin
meanwhile wait.`,
		Example: "  lastmile gc --dry-run\n  lastmile gc experiments/demo.toml --work /data/long",
		RunE: func(c *cobra.Command, files []string) error {
			if err := results.HasWork(work); err != nil {
				return err
			}
			store, err := stage.Open(work)
			if err != nil {
				return err
			}
			release, others, err := store.Alone(c.Context(), func(p stage.Present) {
				fmt.Fprintf(c.ErrOrStderr(), "waiting to see whether %v still uses %s\n", p.Owner, work)
			})
			if errors.Is(err, stage.ErrPresent) {
				var who []string
				for _, p := range others {
					who = append(who, strings.TrimSpace(fmt.Sprint(p.Owner, " ", p.Doing)))
				}
				return fmt.Errorf("nothing is removed while others use %s: %s", work, strings.Join(who, "; "))
			}
			if err != nil {
				return err
			}
			defer release()
			needed, err := referredTo(c, work, files)
			if err != nil {
				return err
			}
			found, err := store.Unneeded(needed)
			if err != nil {
				return err
			}
			if err := emit(c, asJSON, found, func(w io.Writer) error { return printUnneeded(w, found) }); err != nil {
				return err
			}
			if dryRun || len(found.Stages) == 0 {
				return nil
			}
			if !yes {
				fmt.Fprintf(c.ErrOrStderr(), "Remove %s? [y/N] ", english.Plural(len(found.Stages), "stage", ""))
				answer, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
				if err != nil && !errors.Is(err, io.EOF) {
					return err
				}
				if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
					return stages.Mistakef("nothing was removed; y removes it, and so does --yes without a question")
				}
			}
			return store.Remove(found)
		},
	}
	c.Flags().StringVar(&work, "work", "work", "the `folder` of stages and results")
	c.Flags().BoolVar(&yes, "yes", false, "remove without asking")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "tell what would be removed, and remove nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// referredTo are the keys of the stages that sweeps and reports refer to. A file that
// the store knows and that is there no more, or cannot be planned, is said; what the
// store lists of it stays.
func referredTo(c *cobra.Command, work string, files []string) ([]string, error) {
	ctx := c.Context()
	listed, known, err := results.Referred(ctx, work)
	if err != nil {
		return nil, err
	}
	if len(files)+len(known) == 0 {
		return nil, stages.Mistakef("the store of %s knows no sweep; name the sweep files whose stages are to be kept", work)
	}
	for _, file := range files {
		keys, err := keysOf(ctx, work, file)
		if err != nil {
			return nil, err
		}
		listed = append(listed, keys...)
	}
	for _, file := range known {
		keys, err := keysOf(ctx, work, file)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			fmt.Fprintf(c.ErrOrStderr(), "note: of %s only what the store lists is kept: %v\n", file, err)
		}
		listed = append(listed, keys...)
	}
	return listed, nil
}

// keysOf are the keys of the stages of a sweep file.
func keysOf(ctx context.Context, work, file string) ([]string, error) {
	sweep, err := schema().Load(file, experiments.LoadOptions{})
	if err != nil {
		return nil, err
	}
	g, err := graph.Plan(ctx, sweep, work)
	if err != nil {
		return nil, err
	}
	return g.Keys(), nil
}

// printUnneeded prints what would be removed, kind by kind.
func printUnneeded(w io.Writer, found stage.Unneeded) error {
	type total struct {
		n     int
		bytes int64
	}
	totals := map[string]total{}
	var kinds []string
	for _, of := range found.Stages {
		t := totals[of.Kind]
		if t.n == 0 {
			kinds = append(kinds, of.Kind)
		}
		totals[of.Kind] = total{t.n + 1, t.bytes + of.Bytes}
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, kind := range kinds {
		fmt.Fprintf(table, "%s\t%d\t%s\n", kind, totals[kind].n, humanize.IBytes(uint64(totals[kind].bytes)))
	}
	fmt.Fprintf(table, "unneeded\t%d\t%s\n", len(found.Stages), humanize.IBytes(uint64(found.Bytes)))
	return table.Flush()
}
