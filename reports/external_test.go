package reports

import (
	"strings"
	"testing"

	"lastmile/metrics"
	"lastmile/reports/document"
	"lastmile/runs"
)

// judged is a label with a process as its reward, and another process as a metric; the
// settings are keys and values.
func judged(settings ...string) label {
	l := rewarded("rloo", "command")
	for i := 0; i < len(settings); i += 2 {
		l.settings[settings[i]] = settings[i+1]
	}
	return l
}

func TestBondsOfCommands(t *testing.T) {
	same := judged("reward.command.run", `["judge"]`, "reward.command.folder", "/here", "reward.command.number", "score",
		"metrics.command.judge.run", `["judge"]`, "metrics.command.judge.folder", "/here")
	another := judged("reward.command.run", `["judge"]`, "reward.command.folder", "/here", "reward.command.number", "score",
		"metrics.command.judge.run", `["judge","--strict"]`, "metrics.command.judge.folder", "/here")
	elsewhere := judged("reward.command.run", `["judge"]`, "reward.command.folder", "/here", "reward.command.number", "score",
		"metrics.command.judge.run", `["judge"]`, "metrics.command.judge.folder", "/there")
	for _, c := range []struct {
		of     label
		metric string
		want   bond
	}{
		{same, "judge-score", itself}, {same, "judge-cost", kin}, {same, "other-score", apart}, {same, "rouge1-recall", apart},
		{another, "judge-score", apart}, {elsewhere, "judge-score", apart}, {rewarded("rloo", "rougeL"), "judge-score", apart},
	} {
		if got, _ := c.of.bondOf(c.metric); got != c.want {
			t.Errorf("%s is %q to %v, want %q", c.metric, got, c.of.settings, c.want)
		}
	}
}

func TestDirectionsOfCommands(t *testing.T) {
	e := &evidence{metrics: []runs.Metric{
		{Name: "judge-cost", Signature: metrics.ExternalSignature("judge-cost", `"judge"`, `"1"`, metrics.Lower)},
		{Name: "judge-kind", Signature: metrics.ExternalSignature("judge-kind", `"judge"`, `"1"`, metrics.Neutral)},
	}}
	for metric, want := range map[string]metrics.Direction{
		"judge-cost": metrics.Lower, "judge-kind": metrics.Neutral, "rougeL": metrics.Higher, "repetition": metrics.Lower, "judge-none": metrics.Neutral,
	} {
		if got := e.direction(metric); got != want {
			t.Errorf("of %s %v scores are better, want %v", metric, got, want)
		}
	}
}

func TestWhatCannotBeVouchedFor(t *testing.T) {
	signature := metrics.ExternalSignature("judge-score", `"judge"`, `"1"`, metrics.Higher)
	l := judged("reward.command.run", `["judge"]`, "reward.command.number", "score", "reward.command.version", "7")
	b := &builder{
		evidence: &evidence{acronyms: newAcronyms(algorithms), labels: []label{rewarded("none"), l}},
		table:    &mainTable{Table: Table{Columns: []Column{{Metric: "rougeL", Signatures: []string{"rougeL|v:1.0"}}, {Metric: "judge-score", Signatures: []string{signature}}}}},
	}
	text := document.Markdown(document.Document{Blocks: b.vouching()})
	for _, want := range []string{"judge-score: computed by processes of the user's", "RLOO: the number `score` of `[\"judge\"]`, version 7"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	b.labels, b.table.Columns = b.labels[:1], b.table.Columns[:1]
	if blocks := b.vouching(); len(blocks) > 0 {
		t.Errorf("without commands: %v", blocks)
	}
}
