package stage

import (
	"bufio"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
)

// memory returns the process's resident size and its largest so far, in bytes;
// zeros where the system does not tell.
func memory() (resident, peak int64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		kilobytes, _ := strconv.ParseInt(fields[1], 10, 64)
		switch fields[0] {
		case "VmRSS:":
			resident = kilobytes << 10
		case "VmHWM:":
			peak = kilobytes << 10
		}
	}
	return resident, peak
}

// given is how many bytes Go's heap had of the system after it was given back last.
var given atomic.Uint64

// worthACollection is how much more than that the heap must have before it is given back
// again: to collect what a process of a large sweep holds takes longer than its small
// stages do.
const worthACollection = 32 << 20

// giveBack gives memory that is not used back to the system, where that may be much.
func giveBack() {
	if ofSystem() < given.Load()+worthACollection {
		return
	}
	debug.FreeOSMemory()
	given.Store(ofSystem())
}

// ofSystem is how many bytes Go's heap has of the system.
func ofSystem() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(sample)
	var sum uint64
	for _, of := range sample {
		sum += of.Value.Uint64()
	}
	return sum
}
