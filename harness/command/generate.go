package command

import (
	"bufio"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/harness/doctor"
	"lastmile/harness/results"
	"lastmile/harness/stages"
)

// longestInput is the most bytes that a text of standard input may have.
const longestInput = 1 << 24

func generateCommand() *cobra.Command {
	g := results.Generation{Samples: 1, Threads: doctor.Cores()}
	var asJSON bool
	c := &cobra.Command{
		Use:   "generate RUN [TEXT...]",
		Short: "Write outputs with the policy of a run, or by its rule",
		Long: `Generate puts each text into the task's prompt and writes what the run's policy
makes of it, or what its rule makes of the text, a line each. Without texts it reads
them from standard input, a text a line. It writes the outputs of a thousand texts at a
time, as they are there, so that an interruption loses no more; --json all at the end.
RUN is as in lastmile show.

With --samples it draws several outputs for each text, whose lines follow each other;
the decoding has to be one that samples.`,
		Example: "  lastmile generate 'rloo, seed 1' 'A library of functions that parse command lines.'\n  lastmile generate 'rloo, seed 1' --decode sample < inputs.txt\n  lastmile generate 'rloo, seed 1' --decode sample --samples 5 'A library of functions that parse command lines.'",
		Args:    arguments(1, many),
		RunE: func(c *cobra.Command, args []string) error {
			if g.Samples < 1 || g.Samples > stages.MostSamples {
				return stages.Mistakef("--samples: found %d, expected 1 to %d", g.Samples, stages.MostSamples)
			}
			g.Run, g.Inputs = args[0], args[1:]
			if len(g.Inputs) == 0 {
				lines := bufio.NewScanner(c.InOrStdin())
				lines.Buffer(nil, longestInput)
				for lines.Scan() {
					g.Inputs = append(g.Inputs, lines.Text())
				}
				if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
					return fmt.Errorf("standard input:%d: the line has more than %d bytes, which no text has",
						len(g.Inputs)+1, longestInput)
				} else if err != nil {
					return fmt.Errorf("reading standard input: %w", err)
				}
			}
			all := []string{}
			err := results.Generate(c.Context(), g, func(outputs []string) error {
				if asJSON {
					all = append(all, outputs...)
					return nil
				}
				for _, text := range outputs {
					if _, err := fmt.Fprintln(c.OutOrStdout(), strings.ReplaceAll(text, "\n", " ")); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil || !asJSON {
				return err
			}
			return emit(c, true, all, nil)
		},
	}
	c.Flags().StringVar(&g.Work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&g.Decode, "decode", "", "the `name` of one of the run's decodings (default greedy)")
	c.Flags().IntVar(&g.Samples, "samples", g.Samples, "outputs for each text, drawn one by one")
	c.Flags().IntVar(&g.Threads, "threads", g.Threads, "threads to compute with")
	c.Flags().StringVar(&g.Device, "device", "auto", "the `device` to compute on: cpu, cuda:0, auto")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
