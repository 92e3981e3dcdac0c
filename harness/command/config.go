package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/experiments"
)

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
