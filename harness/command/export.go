package command

import (
	"fmt"
	"io"

	"lastmile/harness/results"

	"github.com/spf13/cobra"
)

func exportCommand() *cobra.Command {
	var e results.Exporting
	var asJSON bool
	c := &cobra.Command{
		Use:   "export RUN DIR",
		Short: "Write a run's model as a Hugging Face folder",
		Long: `Export writes the trained policy of a run to a new folder, which transformers'
AutoModelForCausalLM.from_pretrained loads with equal logits; or its reward
model, where it has one, for AutoModelForSequenceClassification; or, of a run
with LoRA, the policy's adapters in PEFT's layout. The folder's README.md says
which prompt the model was trained on. RUN is as in lastmile show.`,
		Example: "  lastmile export 'rloo, seed 1' policy\n  lastmile export 'rloo, seed 1' reward-model --what reward\n  lastmile export 'rloo, seed 1' adapter --what adapter",
		Args:    arguments(2, 2),
		RunE: func(c *cobra.Command, args []string) error {
			e.Run, e.Dir = args[0], args[1]
			done, err := results.Export(c.Context(), e)
			if err != nil {
				return err
			}
			return emit(c, asJSON, done, func(w io.Writer) error {
				fmt.Fprintf(w, "%s: for %s\n", done.Folder, done.Class)
				if done.Note != "" {
					fmt.Fprintf(w, "note: %s\n", done.Note)
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&e.Work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&e.What, "what", "policy", "the `model`: policy, reward or adapter")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
