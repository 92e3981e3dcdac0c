package command

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"

	"lastmile/harness/results"
	"lastmile/harness/stage"
)

// errDamaged says that artifacts are damaged, which the user was told already.
var errDamaged = errors.New("artifacts are damaged")

func verifyCommand() *cobra.Command {
	var work string
	var dryRun, asJSON bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare all files of a work folder with their checksums",
		Long: `Verify reads every file of every finished stage and compares it with the checksum
in its stage.json, and looks through the store. Of a stage that is damaged the next
run computes what it needs again; what was computed from it stands. Exit code 1 where
anything is damaged.

Run, generate and export look at what they read as well, but believe a file whose
size and times are those of when it was written: what a disk loses of it by itself,
only verify finds, and run --verify. Stages of an earlier version have no
checksums; they get those of what is there now.`,
		Example: "  lastmile verify\n  lastmile verify --work /data/long --dry-run",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := results.HasWork(work); err != nil {
				return err
			}
			store, err := stage.Open(work)
			if err != nil {
				return err
			}
			leave, err := store.Enter(c.Context(), "verify")
			if err != nil {
				return err
			}
			defer leave()
			far := slow(c.ErrOrStderr(), 5*time.Second)
			verified, err := store.Verify(c.Context(), stage.Verification{DryRun: dryRun, Progress: func(done, total int, damaged *stage.DamagedError) {
				if damaged != nil {
					fmt.Fprintln(c.ErrOrStderr(), damaged)
				}
				far(done, total, "stages")
			}})
			if err != nil {
				return err
			}
			intact := results.CheckStore(c.Context(), work)
			if intact != nil {
				fmt.Fprintln(c.ErrOrStderr(), intact)
			}
			err = emit(c, asJSON, verified, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s of %s, %s: %s damaged\n", english.Plural(verified.Artifacts, "stage", ""), work, humanize.IBytes(uint64(verified.Bytes)), count(len(verified.Damaged)))
				if verified.Recorded > 0 {
					fmt.Fprintf(w, "%s without checksums, by an earlier version; now they have those of what is there\n", english.Plural(verified.Recorded, "stage", ""))
				}
				return err
			})
			if err == nil && (len(verified.Damaged) > 0 || intact != nil) {
				err = errDamaged
			}
			return err
		},
	}
	c.Flags().StringVar(&work, "work", "work", "the `folder` of stages and results")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "change nothing: damaged stages stay as they are")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// count is a number in a sentence.
func count(n int) string {
	if n == 0 {
		return "none"
	}
	return fmt.Sprint(n)
}
