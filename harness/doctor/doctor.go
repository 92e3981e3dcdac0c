// Package doctor looks at what a run's speed hangs on and says what to do
// where something is wrong.
//
// Most of it is which libraries the process really has loaded: the loader may
// have found another libtorch than the one that the program was built with, or
// a BLAS whose threads fight with libtorch's. So the report is about this very
// process, read from /proc, and its two measurements are of the two kinds of
// work that lastmile does: large matrix products, as in training, and the many
// small ones of decoding, where such a fight shows.
package doctor

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"lastmile/harness/torch"
	"lastmile/harness/torch/blas"
)

// Report is what the doctor found.
type Report struct {
	Library torch.Library `json:"libtorch"`
	// Loaded is the path of libtorch that the loader found.
	Loaded string `json:"loaded"`
	// Device is what a run that leaves the choice to lastmile computes on.
	Device      string `json:"device"`
	CUDADevices int    `json:"cuda_devices"`
	// Kernels says why the device has no fused operations, where it has none.
	Kernels string `json:"kernels"`
	// NVIDIA is set where the system has an NVIDIA device, whether or not
	// libtorch can use it.
	NVIDIA bool `json:"nvidia"`
	// Threads is how many threads libtorch splits one operation over, when
	// the sweep file does not say.
	Threads int       `json:"threads"`
	CPU     Processor `json:"cpu"`
	BLAS    BLAS      `json:"blas"`
	// OpenMP lists the OpenMP runtimes that are loaded.
	OpenMP []string     `json:"openmp"`
	Memory Memory       `json:"memory"`
	Speed  Measurements `json:"speed"`
	// Advice says what to do, most important first; empty where all is well.
	Advice []string `json:"advice"`
}

// Check looks at this process and its machine, and measures for some three
// seconds. The error says what could not be read or measured, or is the
// context's.
func Check(ctx context.Context) (Report, error) {
	var r Report
	r.Library = torch.BuiltWith()
	r.CUDADevices = torch.CUDADevices()
	r.Device = "cpu"
	if r.CUDADevices > 0 {
		r.Device = "cuda:0"
	}
	if err := torch.CheckKernels(r.Device); err != nil {
		r.Kernels = err.Error()
	}
	_, err := os.Stat("/dev/nvidia0")
	r.NVIDIA = err == nil

	if err := r.readProc(); err != nil {
		return Report{}, fmt.Errorf("looking at this process: %w", err)
	}
	if r.Speed, r.Threads, err = measure(ctx, r.Device, r.CPU.Usable); err != nil {
		return Report{}, fmt.Errorf("measuring: %w", err)
	}
	// A script finds a list in the JSON even where there is nothing to list.
	r.Advice = append([]string{}, advise(r)...)
	return r, nil
}

// readProc fills in what the kernel tells.
func (r *Report) readProc() error {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return err
	}
	r.CPU = parseProcessor(string(text))
	// The runtime has looked at the affinity mask and at the control group's
	// quota already.
	r.CPU.Usable = runtime.GOMAXPROCS(0)

	if text, err = os.ReadFile("/proc/meminfo"); err != nil {
		return err
	}
	if r.Memory, err = parseMemory(string(text)); err != nil {
		return err
	}
	if text, err = os.ReadFile("/proc/self/maps"); err != nil {
		return err
	}
	libraries := parseMaps(string(text))
	r.Loaded = findLibrary(libraries, "libtorch_cpu")
	r.BLAS = findBLAS(libraries, neededBy)
	r.BLAS.Core, r.BLAS.Better = blas.Core(), blas.Better()
	r.OpenMP = findOpenMP(libraries)
	return nil
}
