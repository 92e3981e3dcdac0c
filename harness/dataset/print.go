package dataset

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"lastmile/harness/data"
	"lastmile/harness/model"
)

// Print writes the survey as tables, and below them what to bear in mind.
func (s Survey) Print(w io.Writer) error {
	tokenizer := s.Tokenizer
	if tokenizer == model.Builtin {
		tokenizer = "the model that ships with lastmile"
	}
	fmt.Fprintf(w, "%s, in tokens of %s\n", s.Task, tokenizer)
	for _, split := range s.Splits {
		for _, file := range split.Files {
			fmt.Fprintf(w, "%s: %s\n", split.Name, file)
		}
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "split\texamples\treferences\tconversations\tprompts cut\tto nothing\treferences cut\tduplicates\tin train\tnear train\t")
	for _, split := range s.Splits {
		counts := []int{split.Examples, split.References, split.Conversations, split.CutPrompts, split.EmptyPrompts, split.CutReferences, split.Duplicates, split.InTrain, split.NearTrain}
		fmt.Fprintf(t, "%s\t", split.Name)
		for i, n := range counts {
			if (split.Name == data.Train || len(s.Splits) == 1) && i >= len(counts)-2 {
				fmt.Fprint(t, "–\t")
				continue
			}
			fmt.Fprintf(t, "%s\t", humanize.Comma(int64(n)))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "LENGTHS\tSPLIT\tMIN\tMEDIAN\t95 %\tMAX\tFROM MIN TO MAX")
	for _, of := range []struct {
		name string
		take func(Split) Lengths
	}{
		{"input, words", func(s Split) Lengths { return s.InputWords }},
		{"reference, words", func(s Split) Lengths { return s.ReferenceWords }},
		{"prompt, tokens", func(s Split) Lengths { return s.PromptTokens }},
		{"response, tokens", func(s Split) Lengths { return s.ResponseTokens }},
	} {
		for _, split := range s.Splits {
			l := of.take(split)
			fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%s\n", of.name, split.Name, l.Min, l.Median, l.P95, l.Max, bars(l.Bins))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, note := range s.Notes() {
		if _, err := fmt.Fprintln(w, note); err != nil {
			return err
		}
	}
	return nil
}

// bars draws a histogram in a line; every bin that is not empty shows.
func bars(bins []int) string {
	const heights = "▁▂▃▄▅▆▇█"
	most := 1
	if len(bins) > 0 {
		most = slices.Max(bins)
	}
	var b strings.Builder
	for _, n := range bins {
		if n == 0 {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune([]rune(heights)[(n*8-1)/most])
	}
	return strings.TrimRight(b.String(), " ")
}

// Notes say in words what is to be borne in mind.
func (s Survey) Notes() []string {
	var notes []string
	add := func(split Split, n int, what string) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %s (%.1f %%) %s.", split.Name, n, english.Plural(split.Examples, "example", ""), 100*float64(n)/float64(split.Examples), what))
		}
	}
	for _, split := range s.Splits {
		add(split, split.CutReferences, fmt.Sprintf("have a reference of more than %d tokens: it is cut, and no end is learned from it (task.max_response_tokens)", s.MaxResponse))
		add(split, split.CutPrompts, fmt.Sprintf("have a prompt of more than %d tokens, whose input is cut (task.max_prompt_tokens)", s.MaxPrompt))
		add(split, split.EmptyPrompts, "have a prompt without any of their input (task.max_prompt_tokens)")
		add(split, split.NoWords, "have a reference without a word that ROUGE counts, which are of the letters a to z and digits")
		add(split, split.Duplicates, "have the input of an earlier one of the split")
		add(split, split.InTrain, "have an input that a training example has")
		add(split, split.NearTrain, fmt.Sprintf("share %.0f %% or more of their runs of %d words with training examples", 100*NearShare, NearWords))
	}
	return notes
}
