package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// memory follows the process's peak memory over the steps of a job.
type memory struct {
	peaks []float64 // MB, after each step
	err   error
}

// step notes the peak so far. The kernel counts by thread and adds up now and
// then, so what it says of the peak may go down by a little.
func (m *memory) step() {
	peak, err := peakMemory()
	if err != nil {
		m.err = err
	}
	if n := len(m.peaks); n > 0 {
		peak = max(peak, m.peaks[n-1])
	}
	m.peaks = append(m.peaks, peak)
}

// report writes what was noted into a result.
func (m *memory) report(r *Result) error {
	if n := len(m.peaks); n > 0 {
		r.Tenth, r.End = m.peaks[n/10], m.peaks[n-1]
	}
	return m.err
}

// peakMemory is the most memory that the process has had resident, in MB.
func peakMemory() (float64, error) {
	const file = "/proc/self/status"
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			var kilobytes float64
			if _, err := fmt.Sscanf(value, "%f kB", &kilobytes); err != nil {
				return 0, fmt.Errorf("reading VmHWM in %s: %w", file, err)
			}
			return kilobytes / 1024, nil
		}
	}
	return 0, fmt.Errorf("%s has no VmHWM", file)
}
