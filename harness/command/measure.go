package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lastmile/harness/bertscore"
	"lastmile/harness/external"
	"lastmile/harness/faithfulness"
	"lastmile/harness/likelihood"
	"lastmile/harness/scoring"
	"lastmile/harness/stages"
	"lastmile/metrics"
)

// measureFlags are the flags that say which texts are meant and by what they
// are measured.
type measureFlags struct {
	metrics   []string
	scorer    string
	likely    likelihood.Settings
	bertscore bertscore.Settings
	faithful  faithfulness.Settings
	command   string
	numbers   []string
	lower     []string
	timeout   float64
	options   metrics.Options
	selection scoring.Selection
}

func (f *measureFlags) add(c *cobra.Command, references *[]string) {
	f.options = metrics.DefaultOptions()
	c.Flags().StringSliceVar(&f.metrics, "metric", nil, "metrics, by `name` (default the runs' own; for files "+strings.Join(scoring.DefaultMetrics(), ",")+")")
	c.Flags().StringArrayVar(references, "refs", nil, "a `file` of references; may be repeated")
	c.Flags().StringVar(&f.scorer, "scorer", "", "the `folder` of a trained scorer, for bleurt")
	f.likely = likelihood.DefaultSettings()
	c.Flags().StringVar(&f.likely.Model, "likelihood-model", "", "the `folder` of a causal language model, for likelihoods")
	c.Flags().StringVar(&f.likely.ReferencePrompt, "reference-prompt", f.likely.ReferencePrompt, "the `text` before the hypothesis in likelihood_reference")
	c.Flags().StringVar(&f.likely.RecallPrompt, "recall-prompt", f.likely.RecallPrompt, "the `text` before a reference in likelihood_recall")
	c.Flags().StringVar(&f.likely.SourcePrompt, "source-prompt", f.likely.SourcePrompt, "the `text` before the hypothesis in likelihood_source")
	f.bertscore = bertscore.DefaultSettings()
	c.Flags().StringVar(&f.bertscore.Model, "bertscore-model", "", "the `folder` of a BERT, RoBERTa or DeBERTa-v3 encoder, for bertscore")
	c.Flags().IntVar(&f.bertscore.Layer, "bertscore-layer", 0, "the `layer` whose vectors are matched (default bert-score's for the encoder)")
	c.Flags().BoolVar(&f.bertscore.IDF, "bertscore-idf", false, "weigh tokens by their inverse document frequency in the references")
	c.Flags().StringVar(&f.bertscore.Baseline, "bertscore-baseline", "", "a `file` of what unrelated texts score by each layer, to rescale by")
	f.faithful = faithfulness.DefaultSettings()
	c.Flags().StringVar(&f.faithful.Model, "faithfulness-model", "", "the `folder` of a classifier of natural language inference, for faithfulness")
	c.Flags().BoolVar(&f.faithful.Contradiction, "faithfulness-contradiction", f.faithful.Contradiction, "take off the probability that the input contradicts a sentence")
	c.Flags().IntVar(&f.faithful.MinCharacters, "faithfulness-min-characters", f.faithful.MinCharacters, "the least `length` of a sentence that counts")
	c.Flags().StringVar(&f.command, "command", "", "the `line` of a process whose metrics are scored too, without a shell")
	c.Flags().StringSliceVar(&f.numbers, "numbers", []string{"score"}, "the `names` of the numbers in its answers")
	c.Flags().StringSliceVar(&f.lower, "lower", nil, "the `names` of those of which less is better")
	c.Flags().Float64Var(&f.timeout, "timeout", external.Default().Timeout, "how many `seconds` each of its answers may take, but for the first")
	c.Flags().BoolVar(&f.options.Stemming, "stemming", f.options.Stemming, "use Porter's stemmer in ROUGE")
	c.Flags().StringVar(&f.options.Tokenizer, "tokenizer", metrics.RougeScore, "how ROUGE and lengths cut texts into words, by `name`: "+strings.Join(metrics.Tokenizers(), ", "))
	c.Flags().StringVar(&f.options.LengthAdjustment, "length-adjustment", f.options.LengthAdjustment,
		"the `formula` of length-adjusted ROUGE: "+strings.Join(metrics.Adjustments(), ", "))
	c.Flags().Float64Var(&f.options.Alpha, "alpha", f.options.Alpha, "the α of the formula exp")
	c.Flags().StringVar(&f.selection.Work, "work", "work", "the `folder` of stages and results")
	c.Flags().StringVar(&f.selection.Sweep, "sweep", "", "the `name` of the sweep whose runs are meant (default any)")
	c.Flags().StringSliceVar(&f.selection.Decode, "decode", nil, "the `name` of a decoding")
	c.Flags().StringSliceVar(&f.selection.Form, "form", nil, "`raw` outputs, or post for post-processed ones")
}

// measures are what the flags say. Options that no flag is given for are those
// of the runs, or the defaults.
func (f *measureFlags) measures(c *cobra.Command) (scoring.Measures, error) {
	given := c.Flags().Changed
	command, err := f.metricCommand()
	if err != nil {
		return scoring.Measures{}, err
	}
	say := func(line string) { fmt.Fprintln(c.ErrOrStderr(), line) }
	return scoring.Measures{Command: command, Say: say, Metrics: f.metrics, Scorer: f.scorer, Likelihood: f.likely, BERTScore: f.bertscore, Faithfulness: f.faithful, Progress: slow(c.ErrOrStderr(), 2*time.Second), Change: func(o *metrics.Options) {
		if given("stemming") {
			o.Stemming = f.options.Stemming
		}
		if given("tokenizer") {
			o.Tokenizer = f.options.Tokenizer
		}
		if given("length-adjustment") {
			o.LengthAdjustment = f.options.LengthAdjustment
		}
		if given("alpha") {
			o.Alpha = f.options.Alpha
		}
	}}, nil
}

// metricCommand is the process that the flags describe; it has no command line where they
// describe none.
func (f *measureFlags) metricCommand() (stages.MetricCommand, error) {
	if f.command == "" {
		return stages.MetricCommand{}, nil
	}
	m := stages.MetricCommand{Settings: external.Default(), Numbers: f.numbers, Lower: f.lower}
	m.Timeout = f.timeout
	var err error
	if m.Run, err = words(f.command); err == nil && len(m.Run) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return m, stages.Mistakef("--command: %w", err)
	}
	for _, number := range f.numbers {
		if message := external.NumberName.Broken(number); message != "" {
			return m, stages.Mistakef("--numbers: %s", message)
		}
	}
	for _, number := range f.lower {
		if !slices.Contains(f.numbers, number) {
			return m, stages.Mistakef("--lower: there is no %q in --numbers", number)
		}
	}
	if message := external.Rules()["timeout"].Broken(f.timeout); message != "" {
		return m, stages.Mistakef("--timeout: %s", message)
	}
	return m, nil
}
