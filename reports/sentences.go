package reports

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/reports/document"
	"lastmile/runs"
)

// finding is a statement made from the numbers, and what follows from it.
type finding struct {
	head    document.Spans // said first, and stressed
	rest    document.Spans
	details []document.Spans
}

// findings says the primary comparison, and then of each treatment how it compares
// with its baseline and with the controls, significant or not.
func (b *builder) findings() []finding {
	var all []finding
	if b.primary != nil {
		f := b.primaryFinding()
		if b.gain != nil {
			f.details = append(f.details, b.metricsSaid()...)
			f.details = append(f.details, b.gainSaid())
		}
		all = append(all, f)
	}
	for _, t := range b.treatments {
		for _, d := range b.decodings {
			// A long list of variants is read in the table; the sentences keep to one
			// decoding.
			if !d.isOwn() || len(b.treatments) > 3 && d.name != b.primaryDecoding() {
				continue
			}
			system := runs.System{Label: t, Decode: d.name, Form: "raw"}
			diff := b.table.differences[system][b.headline]
			if diff == nil {
				continue
			}
			all = append(all, b.finding(system, d, diff))
		}
	}
	for _, c := range b.courses() {
		if j := b.outcome(c); j.overOptimised() {
			all = append(all, b.outcomeFinding(j))
		}
	}
	for _, d := range b.divergences() {
		all = append(all, b.divergedFinding(d))
	}
	if len(all) == 0 {
		head := "There is nothing to compare yet"
		switch {
		case len(b.treatments) == 0 && slices.ContainsFunc(b.labels, func(l label) bool { return l.algorithm.Family == Rule }):
			head = "There is no treatment to compare with the baseline and the rule"
		case len(b.treatments) == 0:
			head = "There is one system only, so nothing is compared"
		}
		all = append(all, finding{head: document.Format("%s", head), rest: document.Format(".")})
	}
	return all
}

func (b *builder) finding(system runs.System, d decoding, diff *difference) finding {
	subject := fmt.Sprintf("%s's raw outputs %s", b.name(system.Label), b.manner(system.Label, d))
	f := b.compared(subject, "are", b.name(b.baselineOf(system.Label))+"'s", b.headline, b.optimised(system, b.headline), diff)
	if own := b.behaviour(system); own != nil {
		f.rest = document.Format("%s %s", f.rest, own)
	}
	f.details = b.controlled(system, diff)
	return f
}

// compared says how a subject, which is or are, scores beside another one by a metric.
// optimised is the clause on what the metric has to do with the subject's rewards.
func (b *builder) compared(subject, verb, other, by, optimised string, d *difference) finding {
	metric, score := measure(by), "score"
	if verb == "is" {
		score = "scores"
	}
	switch {
	case !d.Tested:
		return finding{
			head: document.Format("%s %s %s %s%s %s %s %s", subject, score, gap(d), metric, within(optimised), above(d), other, these),
			rest: document.Format(" (%s; %s). %s", means(d), size(d), untested),
		}
	case d.isSignificant():
		return finding{
			head: document.Format("%s %s %s than %s by %s %s%s", subject, verb, comparative(b.direction(by), d), other, gap(d), metric, optimised),
			rest: document.Format(" (%s; %s).", means(d), size(d)),
		}
	}
	return finding{
		head: document.Format("%s %s not significantly different from %s in %s%s", subject, verb, other, metric, optimised),
		rest: document.Format(" (%s, a difference of %s %s; %s).", means(d), signed(d.Difference), interval(d.Low, d.High), size(d)),
	}
}

// behaviour compares a system's behaviour with its baseline's. It returns nil
// where nothing is known of it.
func (b *builder) behaviour(system runs.System) document.Spans {
	var clauses []document.Spans
	for _, metric := range behaviours {
		d := b.table.differences[system][metric]
		if d == nil || metric == b.headline {
			continue
		}
		by, optimised := "", within(b.optimised(system, metric))
		if measure(metric) != title(metric) {
			by = measure(metric) + " "
		}
		values := document.Format("%s%s, %s %s", by, means(d), signed(d.Difference), interval(d.Low, d.High))
		switch {
		case !d.Tested:
			clauses = append(clauses, document.Format("%s%s is %s (%s %s)", measure(metric), optimised, means(d), signed(d.Difference), interval(d.Low, d.High)))
		case d.isSignificant():
			clauses = append(clauses, document.Format("%s%s %s (%s, %s)", title(metric), optimised, scores(b.direction(metric), d), values, probability(d.Corrected)))
		default:
			clauses = append(clauses, document.Format("%s%s is not significantly different (%s, %s)", title(metric), optimised, values, probability(d.Corrected)))
		}
	}
	if len(clauses) == 0 {
		return nil
	}
	return document.Format("Their %s.", document.Join(clauses, "; their "))
}

// unfinished says which runs, and which labels, are not in the numbers.
func (b *builder) unfinished() []string {
	var lines []string
	planned := 0
	for _, run := range b.sweep.Runs {
		switch run.Status {
		case "failed":
			lines = append(lines, fmt.Sprintf("%s, seed %d, failed: %s.", b.name(run.Label), run.Seed, strings.TrimRight(run.Reason, ".")))
		case "planned":
			planned++
		}
	}
	slices.Sort(lines)
	if left := b.narrowed(); left != "" {
		lines = append(lines, left)
	}
	if planned > 0 {
		lines = append(lines, fmt.Sprintf("%s of %d not finished.", counted(planned, "run"), len(b.sweep.Runs)))
	}
	return lines
}

// sentences are the findings and what is missing as plain text.
func (b *builder) sentences() []string {
	var lines []string
	for _, f := range b.findings() {
		lines = append(lines, f.head.String()+f.rest.String())
		for _, detail := range f.details {
			lines = append(lines, detail.String())
		}
	}
	return append(lines, b.unfinished()...)
}
