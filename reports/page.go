package reports

import "lastmile/reports/document"

// page is the report as a document.
func (b *builder) page(figures []figure) (document.Document, error) {
	page := document.Document{Title: document.Format("%s", b.title()), Blocks: b.opening()}
	section := func(title string, blocks []document.Block, names ...string) {
		for _, name := range names {
			for _, f := range figures {
				if f.name == name {
					blocks = append(blocks, document.Figure{Name: name, Path: "plots/" + name + ".svg", Alt: f.caption, Caption: document.Format("%s", f.caption)})
				}
			}
		}
		if len(blocks) > 0 {
			page.Blocks = append(page.Blocks, document.Section{Title: document.Format("%s", title), Blocks: blocks})
		}
	}
	section(gainTitle, b.gainSection(), "gain")
	section("Scores", b.scoreSection(), "scores")
	section("Reward models", b.rewardSection(), "reward-accuracy", "reward-kinds", "reward-calibration")
	section("Training", b.trainingSection(), "over-optimisation", "learning-curves", "preference-curves", "losses")
	section("Lengths", nil, "lengths")
	section("Examples", b.exampleSection())
	settings, err := b.settingSection()
	if err != nil {
		return page, err
	}
	section("What was run", settings)
	section("Cost", b.costSection())
	section(methodTitle, b.methodSection())
	return page, nil
}

// opening is the findings, what is not in the numbers, and what the numbers are.
func (b *builder) opening() []document.Block {
	blocks := b.said()
	how := document.Reference{Text: "how it was made", Section: methodTitle}
	if b.family == 0 {
		return append(blocks, paragraph("Intervals are for these models, over examples; see %s.", how))
	}
	return append(blocks, paragraph("p values are corrected for all comparisons of the report but the first; see %s.", how))
}

// said is the findings, and what is not in the numbers.
func (b *builder) said() []document.Block {
	var findings document.List
	for _, f := range b.findings() {
		item := document.Item{Text: append(document.Spans{document.Strong{Text: f.head}}, f.rest...)}
		for _, detail := range f.details {
			item.Items = append(item.Items, document.Item{Text: detail})
		}
		findings.Items = append(findings.Items, item)
	}
	blocks := []document.Block{findings}
	if missing := b.unfinished(); len(missing) > 0 {
		blocks = append(blocks, paragraph("Not in the numbers:"), list(missing))
	}
	return blocks
}

// paragraph makes a paragraph of a format and its arguments.
func paragraph(format string, args ...any) document.Paragraph {
	return document.Paragraph{Text: document.Format(format, args...)}
}

// list makes a list of texts.
func list(texts []string) document.List {
	var l document.List
	for _, text := range texts {
		l.Items = append(l.Items, document.Item{Text: document.Format("%s", text)})
	}
	return l
}
