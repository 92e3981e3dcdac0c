package doctor

import (
	"fmt"
	"path/filepath"
	"strings"

	"lastmile/harness/torch/blas"
)

// enoughMemory is what the demo needs with room to spare, in bytes.
const enoughMemory = 2 << 30

// slowCore is a speed, in GFLOP/s a thread, that any processor of the last
// years exceeds several times when nothing else runs.
const slowCore = 8

// advise says what to do about what is wrong in the report.
func advise(r Report) []string {
	var advice []string
	add := func(format string, args ...any) { advice = append(advice, fmt.Sprintf(format, args...)) }

	if r.Loaded != "" && !within(r.Loaded, r.Library.Folder) {
		add("The loader found another libtorch, %s, than the one that lastmile was built with, in %s. Unset LD_LIBRARY_PATH, or build again with LIBTORCH=%s.",
			r.Loaded, r.Library.Folder, filepath.Dir(filepath.Dir(r.Loaded)))
	}
	if r.Device == "cpu" {
		switch {
		case r.BLAS.Threading == OwnThreads:
			add("%s (%s) has a thread pool of its own, which fights with libtorch's: decoding is several times slower than it could be. %s",
				r.BLAS.Name, r.BLAS.Path, installOpenBLAS)
		case r.BLAS.Threading == OneThread:
			add("The BLAS %s uses one core only. %s", r.BLAS.Path, installOpenBLAS)
		}
		if r.BLAS.Better != "" {
			add("OpenBLAS computes as on the oldest processors. Set %s=%s in the environment; a newer OpenBLAS may know this processor.", blas.Variable, r.BLAS.Better)
		}
		if len(r.OpenMP) > 1 {
			add("%d OpenMP runtimes are loaded, each with threads of its own (%s). Unset LD_PRELOAD and LD_LIBRARY_PATH.",
				len(r.OpenMP), strings.Join(r.OpenMP, ", "))
		}
		if perThread := r.Speed.Product / float64(max(r.Threads, 1)); perThread < slowCore {
			add("A matrix product ran at %.1f GFLOP/s a thread, less than any current processor gives. See by top whether other work keeps the machine busy.", perThread)
		}
		if d := r.Speed.Decode; len(d) > 1 && d[len(d)-1].TokensPerSecond < d[0].TokensPerSecond {
			add("%d sequences at once decode slower than one: threads wait for each other. See by top whether other work keeps the machine busy; if it has to, set threads in the sweep file's [runtime] to fewer than %d.",
				d[len(d)-1].Batch, r.Threads)
		}
		switch {
		case r.NVIDIA && !r.Library.CUDA:
			add("This machine has an NVIDIA device, and libtorch %s was built without CUDA. Set up with one that has it: make build LIBTORCH=/path/to/libtorch.", r.Library.Version)
		case r.NVIDIA:
			add("This machine has an NVIDIA device that libtorch %s cannot use. See by nvidia-smi whether its driver works and is new enough.", r.Library.Version)
		}
	}
	if r.Kernels != "" {
		add("The device %s computes without lastmile's own kernels, several times slower than it could: %s. An official libtorch or PyTorch with CUDA brings NVRTC, which compiles them.", r.Device, r.Kernels)
	}
	if r.Memory.Available < enoughMemory {
		add("%.1f GB of memory are free; the demo needs up to 2.", float64(r.Memory.Available)/1e9)
	}
	return advice
}

const installOpenBLAS = "Install the OpenMP variant and build again: apt-get install libopenblas0-openmp && make build."

// within tells whether the file lies in the folder, symbolic links apart.
func within(file, folder string) bool {
	for _, p := range []*string{&file, &folder} {
		if real, err := filepath.EvalSymlinks(*p); err == nil {
			*p = real
		}
	}
	inside, err := filepath.Rel(folder, file)
	return err == nil && inside != ".." && !strings.HasPrefix(inside, "../")
}
