package command

import (
	"errors"
	"fmt"
	"math"

	"github.com/dustin/go-humanize/english"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lastmile/experiments"
)

// noCommand refuses arguments of a command that has commands below it: they are a name
// that none of those has.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], c.CommandPath(), experiments.DidYouMean(args[0], names))
}

// many is no bound of how many arguments there are.
const many = math.MaxInt

// arguments allows so many arguments.
func arguments(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if least <= len(args) && len(args) <= most {
			return nil
		}
		want := fmt.Sprint(least)
		switch {
		case most == many:
			want = fmt.Sprintf("at least %d", least)
		case most > least:
			want = fmt.Sprintf("at most %d", most)
		}
		use := c.Use
		if c.Parent() != nil {
			use = c.Parent().CommandPath() + " " + use
		}
		return fmt.Errorf("found %s, expected %s: %s", english.Plural(len(args), "argument", ""), want, use)
	}
}

// wrongFlag says of a value of a flag what is expected, and of a flag that there is not
// which one may be meant.
func wrongFlag(c *cobra.Command, err error) error {
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		want := map[string]string{"int": "a whole number", "float64": "a number",
			"bool": "true or false"}[wrong.GetFlag().Value.Type()]
		if want == "" {
			return err
		}
		return fmt.Errorf("--%s: found %q, expected %s", wrong.GetFlag().Name, wrong.GetValue(), want)
	}
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return fmt.Errorf("%w%s", err, experiments.DidYouMean(unknown.GetSpecifiedName(), names))
}

// helpCommand prints the help of a command; of one that there is not it is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(c *cobra.Command, args []string) error {
			of, rest, err := c.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return noCommand(of, rest)
			}
			of.InitDefaultHelpFlag()
			return of.Help()
		},
	}
}
