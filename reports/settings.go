package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lastmile/runs"
)

// whatWasRun tells the data, the seeds and the settings.
func (b *builder) whatWasRun() (string, error) {
	first := b.labels[0]
	facts := grid{header: []string{"", ""}}
	facts.add("data", code(first.settings["task.data"]))
	splits := map[string]int{}
	for _, e := range b.examples {
		splits[e.Split]++
	}
	for _, split := range slices.Sorted(maps.Keys(splits)) {
		facts.add("decoded and scored", counted(splits[split], "example")+" of "+inline(split))
	}
	model := first.settings["model.path"]
	if model == "" {
		model = "from scratch"
	}
	facts.add("model", code(model))
	facts.add("runs", b.runCounts())
	for _, d := range b.decodings {
		facts.add("decoding "+code(d.name), b.decodingFacts(d))
	}
	if chain := first.settings["postprocess.chain"]; chain != "" {
		facts.add("post-processing", code(chain))
	}
	var text strings.Builder
	text.WriteString(facts.String() + "\n")

	if differing := b.differing(); len(differing) > 0 {
		table := grid{header: []string{"setting"}}
		for _, l := range b.labels {
			table.header = append(table.header, inline(l.name))
		}
		for _, key := range differing {
			row := []string{code(key)}
			for _, l := range b.labels {
				row = append(row, code(l.settings[key]))
			}
			table.add(row...)
		}
		text.WriteString("Settings in which the systems differ:\n\n" + table.String() + "\n")
	}
	changed, err := b.changed()
	if err != nil {
		return "", err
	}
	if changed != "" {
		text.WriteString("Settings of all systems that are not lastmile's defaults:\n\n" + changed + "\n")
	}
	return text.String(), nil
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
		parts = append(parts, fmt.Sprintf("%s: %s %s", inline(l.name), plural(len(seeds), "seed", "seeds"), strings.Join(seeds, ", ")))
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
			chosen = append(chosen, inline(l.name)+" "+t)
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
	for _, l := range b.labels {
		for key := range l.settings {
			for _, other := range b.labels {
				if other.settings[key] != l.settings[key] {
					keys[key] = true
				}
			}
		}
	}
	delete(keys, "seed")
	return slices.Sorted(maps.Keys(keys))
}

// changed is a table of the shared settings that are not defaults, but for
// those of decodings, which are described by themselves.
func (b *builder) changed() (string, error) {
	if len(b.options.Defaults) == 0 {
		return "", nil
	}
	defaults, err := runs.Settings(b.options.Defaults)
	if err != nil {
		return "", fmt.Errorf("reading the default configuration: %w", err)
	}
	differing := b.differing()
	table := grid{header: []string{"setting", "value", "default"}}
	for _, d := range defaults {
		value, ok := b.labels[0].settings[d.Key]
		if !ok || value == d.Value || d.Key == "seed" || strings.HasPrefix(d.Key, "decode.") || slices.Contains(differing, d.Key) {
			continue
		}
		table.add(code(d.Key), code(value), code(d.Value))
	}
	if len(table.rows) == 0 {
		return "", nil
	}
	return table.String(), nil
}
