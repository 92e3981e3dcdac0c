package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"lastmile/experiments"
)

// configCommand is the help topic "config".
func configCommand() *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Every key of a sweep file"}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		fields, err := schema().Reference()
		if err != nil {
			fmt.Fprintln(c.ErrOrStderr(), "lastmile:", err)
			return
		}
		for _, f := range fields {
			if f.Type == "table" {
				printTable(c.OutOrStdout(), f)
				continue
			}
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

// printTable prints the heading of a table's keys.
func printTable(w io.Writer, f experiments.Field) {
	heading := "[" + f.Key + "]"
	if f.Present {
		heading += " (there by default)"
	}
	fmt.Fprintf(w, "\n%s\n", heading)
	text := f.Doc
	if len(f.Like) > 0 {
		text += " The same keys have " + strings.Join(f.Like, ", ") + "."
	}
	for _, line := range wrap(text, 76) {
		fmt.Fprintf(w, "    %s\n", line)
	}
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
