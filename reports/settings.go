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
	facts.Add("model", document.Code(b.told(model)))
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
		blocks = append(blocks, paragraph("Settings that are not lastmile's defaults, of all systems that use them:"), table)
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

// decodingFacts describes a decoding, what was tried for it on dev and what was chosen
// there.
func (b *builder) decodingFacts(d decoding) string {
	text := b.manner("", d)
	switch {
	case d.Strategy == "best", d.Strategy == "matched":
	case len(d.Temperatures) > 0:
		text = d.drawn() + " at the temperature that is best on dev"
	default:
		for _, l := range b.labels {
			if _, has := l.decode[d.name]; has && l.algorithm.Family == Rule {
				text += "; " + l.name + " " + b.manner(l.name, d)
			}
		}
		return text
	}
	separator := ", "
	if d.Strategy == "best" { // whose words have commas
		separator = " / "
	}
	if tried := b.tried(d); len(tried) > 0 {
		text += ", of " + strings.Join(tried, separator)
	}
	var chosen []string
	for _, l := range b.labels {
		if c := b.chosen(l.name, d); c != "" {
			chosen = append(chosen, l.name+" "+c)
		}
	}
	if len(chosen) > 0 {
		text += "; chosen: " + strings.Join(chosen, "; ")
	}
	return text
}

// tried are the ways of decoding, or the temperatures, that dev chose among.
func (b *builder) tried(d decoding) []string {
	var tried []string
	if d.Strategy != "best" {
		for _, t := range d.Temperatures {
			tried = append(tried, fmt.Sprintf("%g", t))
		}
		return tried
	}
	for _, of := range b.tuned {
		if of.Decode != d.name {
			continue
		}
		for _, t := range of.Tried {
			tried = append(tried, t.Decoding)
		}
		break
	}
	return tried
}

// values are those of each setting, over the labels that use the part of the
// configuration that it belongs to: a run by maximum likelihood has no rewards to
// differ in, and a list of rewards without one of them differs from one with it.
func (b *builder) values() map[string]map[string]bool {
	users := map[string]int{} // labels, by the first part of a key
	having := map[string]int{}
	values := map[string]map[string]bool{}
	for _, l := range b.labels {
		parts := map[string]bool{}
		for key, value := range l.settings {
			parts[firstPart(key)] = true
			having[key]++
			if values[key] == nil {
				values[key] = map[string]bool{}
			}
			values[key][value] = true
		}
		for part := range parts {
			users[part]++
		}
	}
	for key, n := range having {
		if n < users[firstPart(key)] {
			values[key][""] = true
		}
	}
	return values
}

func firstPart(key string) string {
	part, _, _ := strings.Cut(key, ".")
	return part
}

// differing lists the settings, but the seed, that labels which use them do not
// share.
func (b *builder) differing() []string {
	var keys []string
	for key, values := range b.values() {
		if len(values) > 1 && key != "seed" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
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
			row = append(row, document.Spans{document.Code(b.told(l.settings[key]))})
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
	known := map[string]string{}
	for _, d := range defaults {
		known[d.Key] = d.Value
	}
	values := b.values()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if len(values[key]) > 1 || key == "seed" || strings.HasPrefix(key, "decode.") {
			continue
		}
		for value := range values[key] {
			if value != known[key] {
				table.Add(document.Code(key), document.Code(b.told(value)), document.Code(known[key]))
			}
		}
	}
	return table, nil
}
