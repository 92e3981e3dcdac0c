package reports

import (
	"fmt"
	"slices"
	"strings"

	"lastmile/runs"
)

// finding is a statement made from the numbers, and what follows from it.
type finding struct {
	head    string // said first, and stressed
	rest    string
	details []string
}

// speaker makes the sentences. say prepares a label for where it will stand.
type speaker struct {
	*builder
	say func(string) string
}

// name is how sentences call a label.
func (s speaker) name(label string) string {
	name := acronyms.ReplaceAllStringFunc(s.say(label), strings.ToUpper)
	if strings.ContainsAny(label, " ,") {
		return "“" + name + "”"
	}
	return name
}

// findings says of each treatment how it compares with its baseline and with
// the controls, significant or not.
func (s speaker) findings() []finding {
	var all []finding
	decodings := s.decodings
	// A long list of variants is read in the table; the sentences keep to the
	// first decoding.
	if len(s.treatments) > 3 {
		decodings = decodings[:min(1, len(decodings))]
	}
	for _, t := range s.treatments {
		for _, d := range decodings {
			system := runs.System{Label: t, Decode: d.name, Form: "raw"}
			diff := s.table.differences[system][s.headline]
			if diff == nil {
				continue
			}
			all = append(all, s.finding(system, d, diff))
		}
	}
	if len(all) == 0 {
		head := "There is nothing to compare yet"
		if len(s.treatments) == 0 {
			head = "There is one system only, so nothing is compared"
		}
		all = append(all, finding{head: head, rest: "."})
	}
	return all
}

func (s speaker) finding(system runs.System, d decoding, diff *difference) finding {
	baseline := s.baselineOf(system.Label)
	subject := fmt.Sprintf("%s's raw outputs %s", s.name(system.Label), s.manner(system.Label, d))
	metric := title(s.headline)
	size := fmt.Sprintf("%s; %s, %s", probability(diff.holm), counted(diff.Examples, "example"), counted(len(diff.seeds), "seed"))
	var f finding
	if diff.isSignificant() {
		f.head = fmt.Sprintf("%s score %s %s %s %s's", subject, gap(diff), metric, above(diff), s.name(baseline))
		f.rest = fmt.Sprintf(" (%s against %s; %s).", number(diff.MeanA), number(diff.MeanB), size)
	} else {
		f.head = fmt.Sprintf("%s are not significantly different from %s's in %s", subject, s.name(baseline), metric)
		f.rest = fmt.Sprintf(" (%s against %s, a difference of %s %s; %s).", number(diff.MeanA), number(diff.MeanB), signed(diff.Difference), interval(diff.Low, diff.High), size)
	}
	if diff.isSignificant() && diff.Low <= 0 && diff.High >= 0 {
		f.rest += " Their interval, which is about other training seeds too, includes no difference: the p value speaks of these runs, and others may not show it."
	}
	if own := s.behaviour(system); own != "" {
		f.rest += " " + own
	}
	f.details = s.controlled(system, diff)
	return f
}

// gap is the size of a difference with its interval, both positive where the
// difference is seen from its own side.
func gap(d *difference) string {
	if d.Difference < 0 {
		return number(-d.Difference) + " " + interval(-d.High, -d.Low)
	}
	return number(d.Difference) + " " + interval(d.Low, d.High)
}

func above(d *difference) string {
	if d.Difference < 0 {
		return "below"
	}
	return "above"
}

// behaviour compares a system's behaviour with its baseline's.
func (s speaker) behaviour(system runs.System) string {
	var clauses []string
	for _, metric := range behaviours {
		d := s.table.differences[system][metric]
		if d == nil || metric == s.headline {
			continue
		}
		verdict := "is not significantly different"
		if d.isSignificant() {
			verdict = "is higher"
			if d.Difference < 0 {
				verdict = "is lower"
			}
		}
		clauses = append(clauses, fmt.Sprintf("%s %s (%s against %s, %s %s, %s)", title(metric), verdict,
			number(d.MeanA), number(d.MeanB), signed(d.Difference), interval(d.Low, d.High), probability(d.holm)))
	}
	if len(clauses) == 0 {
		return ""
	}
	return "Their " + strings.Join(clauses, "; their ") + "."
}

// controlled says how a treatment's raw outputs compare with each control, and
// what that means for what they gain over the baseline.
func (s speaker) controlled(system runs.System, gain *difference) []string {
	var lines, matched []string
	for _, c := range s.controls {
		if c.treatment != system {
			continue
		}
		d := c.difference
		name := s.controlName(c)
		numbers := fmt.Sprintf("%s against %s", number(d.MeanA), number(d.MeanB))
		if d.isSignificant() {
			lines = append(lines, fmt.Sprintf("They score %s %s %s (%s; %s).", gap(d), above(d), name, numbers, probability(d.holm)))
		} else {
			lines = append(lines, fmt.Sprintf("%s %s not significantly different from them (%s, a difference of %s %s; %s).",
				capitalize(name), s.is(c), numbers, signed(d.Difference), interval(d.Low, d.High), probability(d.holm)))
		}
		if !d.isSignificant() || d.Low <= 0 {
			matched = append(matched, name)
		}
	}
	if len(lines) == 0 || !gain.isSignificant() || gain.Difference <= 0 {
		return lines
	}
	if len(matched) == 0 {
		return append(lines, "So the gain goes beyond each of these controls.")
	}
	return append(lines, fmt.Sprintf("So the gain is not shown to go beyond that of %s.", enumerate(matched)))
}

// controlName is how sentences call the other side of a control.
func (s speaker) controlName(c control) string {
	manner := s.manner(c.other.Label, s.decoding(c.other.Decode))
	switch c.kind {
	case trainedOn:
		return fmt.Sprintf("%s (MLE trained on) %s", s.name(c.other.Label), manner)
	case postProcessed:
		return fmt.Sprintf("post-processed outputs of %s %s", s.name(c.other.Label), manner)
	}
	return fmt.Sprintf("%s %s", s.name(c.other.Label), manner)
}

func (s speaker) is(c control) string {
	if c.kind == postProcessed {
		return "are"
	}
	return "is"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// unfinished says which runs are not in the numbers.
func (s speaker) unfinished() []string {
	var lines []string
	planned := 0
	for _, run := range s.sweep.Runs {
		switch run.Status {
		case "failed":
			lines = append(lines, fmt.Sprintf("%s, seed %d, failed: %s", s.name(run.Label), run.Seed, strings.TrimRight(s.say(run.Reason), ".")+"."))
		case "planned":
			planned++
		}
	}
	slices.Sort(lines)
	if planned > 0 {
		lines = append(lines, fmt.Sprintf("%s of %d not finished.", counted(planned, "run"), len(s.sweep.Runs)))
	}
	return lines
}

// sentences are the findings and what is missing as plain text.
func (b *builder) sentences() []string {
	s := speaker{b, func(text string) string { return text }}
	var lines []string
	for _, f := range s.findings() {
		lines = append(lines, f.head+f.rest)
		lines = append(lines, f.details...)
	}
	return append(lines, s.unfinished()...)
}
