package reports

import (
	"slices"

	"lastmile/metrics"
	"lastmile/reports/document"
	"lastmile/runs"
)

// The settings of the reward that a process of the user's computes, and those of the
// commands of metrics, as far as they are told apart by them.
const (
	commandReward  = "command"
	rewardCommand  = "reward." + commandReward + "."
	metricCommands = "metrics.command."
)

// externalSignature is the signature of a metric that a process of the user's computed, ""
// of others.
func (e *evidence) externalSignature(metric string) string {
	i := slices.IndexFunc(e.metrics, func(m runs.Metric) bool { return m.Name == metric && metrics.IsExternal(m.Signature) })
	if i < 0 {
		return ""
	}
	return e.metrics[i].Signature
}

// commandBond says what a metric has to do with the process that computes a label's
// reward: it may be the same number of it, or another one.
func (l label) commandBond(metric string) bond {
	command, number, ok := metrics.External(metric)
	own := metricCommands + command + "."
	run := l.settings[rewardCommand+"run"]
	if !ok || run == "" || l.settings[own+"run"] != run || l.settings[own+"folder"] != l.settings[rewardCommand+"folder"] {
		return apart
	}
	if l.settings[rewardCommand+"number"] == number {
		return itself
	}
	return kin
}

// vouching says of which numbers lastmile does not know how they come about.
func (b *builder) vouching() []document.Block {
	var names []string
	for _, c := range b.table.Columns {
		if slices.ContainsFunc(c.Signatures, metrics.IsExternal) {
			names = append(names, c.Metric)
		}
	}
	var blocks []document.Block
	if len(names) > 0 {
		blocks = append(blocks, paragraph("%s: computed by processes of the user's, whose command lines and versions stand in the signatures above, files with the first 8 digits of the SHA-256 of their content. Whether they give the same numbers again lastmile cannot vouch for.", enumerate(names)))
	}
	lines := document.List{}
	for _, l := range b.labels {
		run := l.settings[rewardCommand+"run"]
		if run == "" {
			continue
		}
		version := ""
		if v := l.settings[rewardCommand+"version"]; v != "" {
			version = ", version " + v
		}
		lines.Items = append(lines.Items, document.Item{Text: document.Format("%s: the number %s of %s%s", b.name(l.name), document.Code(l.settings[rewardCommand+"number"]), document.Code(run), version)})
	}
	if len(lines.Items) > 0 {
		blocks = append(blocks, paragraph("The reward command is computed by a process of the user's. Whether it gives the same numbers again, and so whether training gives the same policy, lastmile cannot vouch for."), lines)
	}
	return blocks
}
