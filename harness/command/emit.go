package command

import (
	"encoding/json"
	"io"

	"github.com/spf13/cobra"
)

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
