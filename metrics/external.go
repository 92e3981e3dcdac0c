package metrics

import (
	"regexp"
	"slices"
	"strings"
)

// externalName matches the name of a metric that a process of the user's computes:
// that of the command, a hyphen, and that of the number in its answers.
var externalName = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9_-]*)-([A-Za-z0-9_]+)$`)

// ExternalName is the name of the metric that is a number in the answers of a command of
// the user's, such as judge-score. The package harness/external computes it.
func ExternalName(command, number string) string { return command + "-" + number }

// External takes the name of such a metric apart. ok is false for a name that is that of
// a metric that lastmile computes itself, or that no command's metric can have.
func External(metric string) (command, number string, ok bool) {
	parts := externalName.FindStringSubmatch(metric)
	if parts == nil || slices.Contains(Names(), metric) || slices.Contains(Pretrained(), metric) {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// What stands in the signatures of these metrics.
const (
	commandPart = "|command:"
	betterPart  = "|better:"
)

// ExternalSignature is the signature of such a metric: the command line, as JSON where
// that is a text, the version that its author gives it, and which scores are better.
//
//	judge-score|command:"python3 judge.py@1a2b3c4d"|version:"2"|better:higher|v:1.0
func ExternalSignature(metric, line, given string, better Direction) string {
	return metric + commandPart + line + "|version:" + given + betterPart + better.String() + "|" + version
}

// IsExternal tells whether a signature is that of a metric that a process of the user's
// computed, whose numbers nobody else can vouch for.
func IsExternal(signature string) bool { return strings.Contains(signature, commandPart) }

// ExternalDirection returns the direction that the signature of such a metric tells.
func ExternalDirection(signature string) Direction {
	_, after, _ := strings.Cut(signature, betterPart)
	name, _, _ := strings.Cut(after, "|")
	for _, d := range []Direction{Higher, Lower} {
		if d.String() == name {
			return d
		}
	}
	return Neutral
}
