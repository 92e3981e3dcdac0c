#!/bin/sh
# Runs all fuzz targets, one after the other, and says of each how many inputs it tried,
# how many of them led to code that those before did not, and how long it took. It ends
# with 1 where one has failed. go test writes the input that failed to testdata/fuzz,
# where it stays as a seed.
#
#   FUZZTIME   how long each target runs: 1m, or a number of inputs such as 1000x
#   FUZZ       only targets whose names it matches: FUZZ=Each
#   PACKAGES   only those of these packages: PACKAGES=./harness/records
#   PARALLEL   how many processes try inputs
set -u
FUZZTIME=${FUZZTIME:-1m}
PARALLEL=${PARALLEL:-1}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The packages that have targets; all others need not be built.
packages=$(go list -f '{{$p := .}}{{range .TestGoFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}{{range .XTestGoFiles}}{{$p.Dir}}/{{.}}{{"\n"}}{{end}}' ${PACKAGES:-./...} |
	xargs -r grep -l '^func Fuzz' | xargs -r -n 1 dirname | sort -u)
if [ -z "$packages" ]; then
	echo "no fuzz targets in ${PACKAGES:-./...}" >&2
	exit 1
fi
# shellcheck disable=SC2086
if ! targets=$(go test -list '^Fuzz' $packages); then
	echo "$targets" >&2
	exit 1
fi
# go test names the targets of a package before the package itself.
targets=$(echo "$targets" | awk -v of="${FUZZ:-}" '
	$1 ~ /^Fuzz/ { names[++n] = $1 }
	$1 == "ok" { for (i = 1; i <= n; i++) if (of == "" || names[i] ~ of) print $2, names[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "no fuzz target is called ${FUZZ:-so}" >&2
	exit 1
fi
failed=0
while read -r package target; do
	began=$(date +%s)
	if go test -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME" -fuzzminimizetime 50x -parallel "$PARALLEL" "$package" >"$log" 2>&1; then
		result=ok
	elif grep -q 'context deadline exceeded' "$log" && ! grep -Eq 'Failing input|panic|fatal error' "$log"; then
		result=ok # go test sometimes takes the end of the time for a failure
	else
		result=FAILED
		failed=1
	fi
	awk -v result="$result" -v name="$package $target" -v seconds=$(($(date +%s) - began)) '
		/^fuzz: elapsed:.*execs:/ {
			for (i = 1; i < NF; i++) {
				if ($i == "execs:") execs = $(i + 1)
				if ($i == "interesting:") found = $(i + 1)
			}
		}
		END { printf "%-6s %-56s %10d executions %6d new interesting %5d s\n", result, name, execs, found, seconds }' "$log"
	[ "$result" = ok ] || grep -v "^fuzz: " "$log"
done <<TARGETS
$targets
TARGETS
exit $failed
