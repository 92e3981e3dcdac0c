package command

import (
	"github.com/spf13/cobra"
)

// require makes flags required.
func require(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		if err := c.MarkFlagRequired(flag); err != nil {
			panic(err) // there is no such flag: a slip in this file
		}
	}
}
