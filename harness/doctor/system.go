package doctor

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Processor counts what there is to compute on.
type Processor struct {
	Name string `json:"name"`
	// Cores are the physical ones, Logical those that the system shows, Usable
	// those that this process may use at once.
	Cores   int `json:"cores"`
	Logical int `json:"logical"`
	Usable  int `json:"usable"`
}

// Memory is the machine's, in bytes.
type Memory struct {
	Total     int64 `json:"total_bytes"`
	Available int64 `json:"available_bytes"`
}

// Cores is the number of physical cores that this process may use: a thread more
// on one of them would only wait for the other.
func Cores() int {
	usable := runtime.GOMAXPROCS(0)
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return usable
	}
	return min(usable, max(1, parseProcessor(string(text)).Cores))
}

// parseProcessor reads /proc/cpuinfo. Where it does not tell cores apart, as on
// ARM, every processor counts as one.
func parseProcessor(cpuinfo string) Processor {
	var p Processor
	cores := map[[2]string]bool{}
	for block := range strings.SplitSeq(cpuinfo, "\n\n") {
		fields := map[string]string{}
		for line := range strings.Lines(block) {
			if key, value, ok := strings.Cut(line, ":"); ok {
				fields[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
		}
		if _, ok := fields["processor"]; !ok {
			continue
		}
		p.Logical++
		if p.Name == "" {
			p.Name = fields["model name"]
		}
		if core, ok := fields["core id"]; ok {
			cores[[2]string{fields["physical id"], core}] = true
		}
	}
	p.Cores = len(cores)
	if p.Cores == 0 {
		p.Cores = p.Logical
	}
	return p
}

// parseMemory reads /proc/meminfo.
func parseMemory(meminfo string) (Memory, error) {
	read := func(name string) (int64, error) {
		for line := range strings.Lines(meminfo) {
			value, ok := strings.CutPrefix(line, name+":")
			if !ok {
				continue
			}
			number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB"))
			kilobytes, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s in /proc/meminfo: %w", name, err)
			}
			return kilobytes << 10, nil
		}
		return 0, fmt.Errorf("/proc/meminfo has no line %s", name)
	}
	var m Memory
	var err error
	if m.Total, err = read("MemTotal"); err != nil {
		return Memory{}, err
	}
	m.Available, err = read("MemAvailable")
	return m, err
}
