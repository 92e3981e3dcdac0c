package reports

import (
	"slices"

	"lastmile/reports/document"
	"lastmile/runs"
)

// exampleSection shows examples that a rule chose, with all systems' outputs
// of one decoding and seed.
func (b *builder) exampleSection() []document.Block {
	s := b.selection
	if s == nil {
		return nil
	}
	treatment, baseline := b.name(s.treatment.Label), b.name(s.baseline.Label)
	manner := b.manner(s.treatment.Label, b.decoding(s.treatment.Decode))
	blocks := []document.Block{paragraph("%s, chosen by rule and not by hand: raw outputs of seed %d %s, ordered by the %s of %s minus that of %s: the largest gains, the largest losses, those around the median, and the rest drawn at random (seed %d). Numbers in brackets are %s.",
		counted(len(s.chosen), "example"), s.seed, manner, title(b.headline), treatment, baseline, b.options.Seed, title(b.headline))}
	for _, c := range s.chosen {
		i := slices.IndexFunc(b.texts.examples, func(e runs.Example) bool { return e.ID == c.id })
		if i < 0 {
			continue
		}
		blocks = append(blocks, document.Example{
			Name:  c.id,
			Note:  document.Format("%s, %s", c.why, signed(c.difference)),
			Texts: b.excerpts(b.texts.examples[i], c.column),
		})
	}
	return blocks
}

// excerpts are an example's input, references and outputs.
func (b *builder) excerpts(e runs.Example, column int) []document.Excerpt {
	excerpts := []document.Excerpt{{Source: "input", Text: e.Input}}
	for _, r := range e.References {
		excerpts = append(excerpts, document.Excerpt{Source: "reference", Text: r})
	}
	for _, form := range []string{"raw", "post"} {
		for _, l := range b.labels {
			system := runs.System{Label: l.name, Decode: b.selection.treatment.Decode, Form: form}
			output, ok := b.texts.outputs[system][e.ID]
			if !ok {
				continue
			}
			excerpt := document.Excerpt{Source: l.name, Text: output.Text}
			if form == "post" {
				excerpt.Source += ", post"
			} else {
				excerpt.Cut = !output.Ended
			}
			if row := rowOf(b.system(system), b.headline, b.selection.seed); row != nil {
				excerpt.Score = string(number(row[column]))
			}
			excerpts = append(excerpts, excerpt)
		}
	}
	return excerpts
}
