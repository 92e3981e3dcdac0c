package command

import (
	"github.com/spf13/cobra"

	"lastmile/harness/doctor"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look at what speed hangs on, and say what to do where something is wrong",
		Args:  arguments(0, 0),
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
