package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// settingSection tells the data, the seeds and the settings.
func (b *builder) settingSection() ([]document.Block, error) {
	first := b.labels[0]
	facts := document.Table{Header: document.Row("", "")}
	facts.Add("data", document.Code(first.settings["task.data"]))
	for _, split := range slices.Sorted(maps.Keys(b.texts.splits)) {
		facts.Add("decoded and scored", counted(b.texts.splits[split], "example")+" of "+split)
	}
	model := first.settings["model.path"]
	if model == "" {
		model = "from scratch"
	}
	facts.Add("model", document.Code(model))
	facts.Add("runs", b.runCounts())
	for _, d := range b.decodings {
		facts.Add(document.Format("decoding %s", document.Code(d.name)), b.decodingFacts(d))
	}
	if chain := first.settings["postprocess.chain"]; chain != "" {
		facts.Add("post-processing", document.Code(chain))
	}
	blocks := []document.Block{facts}
	if table := b.differingTable(); len(table.Rows) > 0 {
		blocks = append(blocks, paragraph("Settings in which the systems differ:"), table)
	}
	table, err := b.changedTable()
	if err != nil {
		return nil, err
	}
	if len(table.Rows) > 0 {
		blocks = append(blocks, paragraph("Settings of all systems that are not lastmile's defaults:"), table)
	}
	return blocks, nil
}

// runCounts says how many runs there are of each label, by seed.
func (b *builder) runCounts() string {
	var parts []string
	for _, l := range b.labels {
		var seeds []string
		for _, run := range b.sweep.Runs {
			if run.Label != l.name {
				continue
			}
			seed := fmt.Sprint(run.Seed)
			if run.Status != "done" {
				seed += " (" + run.Status + ")"
			}
			seeds = append(seeds, seed)
		}
		parts = append(parts, fmt.Sprintf("%s: %s %s", l.name, plural(len(seeds), "seed", "seeds"), strings.Join(seeds, ", ")))
	}
	return strings.Join(parts, "; ")
}

// decodingFacts describes a decoding, and the temperatures that were chosen
// on dev.
func (b *builder) decodingFacts(d decoding) string {
	text := b.manner("", d)
	if !d.isTuned() {
		return text
	}
	var chosen []string
	for _, l := range b.labels {
		if t := b.chosen(l.name, d.name); t != "" {
			chosen = append(chosen, l.name+" "+t)
		}
	}
	text = "sampled at the temperature that is best on dev"
	var tried []string
	for _, t := range d.Temperatures {
		tried = append(tried, fmt.Sprintf("%g", t))
	}
	text += ", of " + strings.Join(tried, ", ")
	if len(chosen) > 0 {
		text += "; chosen: " + strings.Join(chosen, "; ")
	}
	return text
}

// differing lists the settings, but the seed, that labels do not share.
func (b *builder) differing() []string {
	keys := map[string]bool{}
	first := b.labels[0].settings
	for _, l := range b.labels {
		for _, settings := range []map[string]string{first, l.settings} {
			for key := range settings {
				if first[key] != l.settings[key] {
					keys[key] = true
				}
			}
		}
	}
	delete(keys, "seed")
	return slices.Sorted(maps.Keys(keys))
}

// differingTable is these settings, label by label.
func (b *builder) differingTable() document.Table {
	table := document.Table{Header: document.Row("setting")}
	for _, l := range b.labels {
		table.Header = append(table.Header, document.Format("%s", l.name))
	}
	for _, key := range b.differing() {
		row := document.Row(document.Code(key))
		for _, l := range b.labels {
			row = append(row, document.Spans{document.Code(l.settings[key])})
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// changedTable is the shared settings that are not defaults, but for those of
// decodings, which are described by themselves.
func (b *builder) changedTable() (document.Table, error) {
	table := document.Table{Header: document.Row("setting", "value", "default")}
	if len(b.options.Defaults) == 0 {
		return table, nil
	}
	defaults, err := runs.Settings(b.options.Defaults)
	if err != nil {
		return table, fmt.Errorf("reading the default configuration: %w", err)
	}
	differing := b.differing()
	for _, d := range defaults {
		value, ok := b.labels[0].settings[d.Key]
		if !ok || value == d.Value || d.Key == "seed" || strings.HasPrefix(d.Key, "decode.") || slices.Contains(differing, d.Key) {
			continue
		}
		table.Add(document.Code(d.Key), document.Code(value), document.Code(d.Value))
	}
	return table, nil
}
