package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lastmile/harness/torch"
	"lastmile/harness/torch/blas"
)

const maps = `55d0c0a00000-55d0c0b00000 r--p 00000000 fe:00 123    /home/someone/last mile/bin/lastmile
7f4500000000-7f4500100000 r--p 00000000 fe:00 456    /usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblasp-r0.3.21.so
7f4500100000-7f4500200000 r-xp 00100000 fe:00 456    /usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblasp-r0.3.21.so
7f4500200000-7f4500300000 rw-p 00000000 00:00 0
7f4500300000-7f4500400000 r--p 00000000 fe:00 457    /usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3
7f4500400000-7f4500500000 r--p 00000000 fe:00 458    /opt/my libs/libgomp.so.1.0.0
7f4500500000-7f4500600000 r--p 00000000 fe:00 459    /usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13.0 (deleted)
7ffd00000000-7ffd00001000 rw-p 00000000 00:00 0      [stack]
`

func TestParseMapsFindsEachLibraryOnce(t *testing.T) {
	want := []string{
		"/usr/lib/x86_64-linux-gnu/openblas-openmp/libopenblasp-r0.3.21.so",
		"/usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3",
		"/opt/my libs/libgomp.so.1.0.0",
		"/usr/lib/x86_64-linux-gnu/libtorch_cpu.so.1.13.0",
	}
	got := parseMaps(maps)
	if !slices.Equal(got, want) {
		t.Errorf("libraries are\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := findLibrary(got, "libtorch_cpu"); got != want[3] {
		t.Errorf("libtorch is %q, expected %q", got, want[3])
	}
	if got := findOpenMP(got); !slices.Equal(got, want[2:3]) {
		t.Errorf("OpenMP runtimes are %q, expected %q", got, want[2:3])
	}
}

func TestFindBLASTellsNameAndThreading(t *testing.T) {
	needed := func(file string) []string {
		if strings.HasPrefix(file, "/opt/gomp/") {
			return []string{"libgomp.so.1", "libc.so.6"}
		}
		return []string{"libc.so.6"}
	}
	for _, c := range []struct {
		libraries       []string
		name, threading string
	}{
		{parseMaps(maps), "OpenBLAS", OpenMPThreads},
		{[]string{"/usr/lib/x/libblas.so.3", "/usr/lib/x/openblas-pthread/libopenblasp-r0.3.21.so"}, "OpenBLAS", OwnThreads},
		{[]string{"/usr/lib/x/openblas-serial/libopenblas-r0.3.21.so"}, "OpenBLAS", OneThread},
		{[]string{"/opt/gomp/lib/libopenblas.so.0"}, "OpenBLAS", OpenMPThreads},
		{[]string{"/opt/other/lib/libopenblas.so.0"}, "OpenBLAS", OwnThreads},
		{[]string{"/usr/lib/x/blas/libblas.so.3.11.0"}, "reference", OneThread},
		{[]string{"/opt/intel/libmkl_core.so.2"}, "MKL", ""},
		{[]string{"/opt/libtorch/lib/libtorch_cpu.so"}, "within libtorch", OpenMPThreads},
	} {
		got := findBLAS(c.libraries, needed)
		if got.Name != c.name || got.Threading != c.threading {
			t.Errorf("%v: BLAS is %+v, expected %s with %q", c.libraries, got, c.name, c.threading)
		}
	}
}

func TestParseProcessorCountsCores(t *testing.T) {
	const hyperthreaded = `processor	: 0
model name	: Some CPU @ 2.00GHz
physical id	: 0
core id		: 0

processor	: 1
model name	: Some CPU @ 2.00GHz
physical id	: 0
core id		: 0

processor	: 2
physical id	: 1
core id		: 0
`
	if got, want := parseProcessor(hyperthreaded), (Processor{Name: "Some CPU @ 2.00GHz", Cores: 2, Logical: 3}); got != want {
		t.Errorf("processor is %+v, expected %+v", got, want)
	}
	const arm = "processor\t: 0\nBogoMIPS\t: 50\n\nprocessor\t: 1\nBogoMIPS\t: 50\n\nHardware\t: Board\n"
	if got, want := parseProcessor(arm), (Processor{Cores: 2, Logical: 2}); got != want {
		t.Errorf("processor is %+v, expected %+v", got, want)
	}
}

func TestParseMemory(t *testing.T) {
	got, err := parseMemory("MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000000 kB\n")
	if want := (Memory{Total: 16000000 << 10, Available: 8000000 << 10}); err != nil || got != want {
		t.Errorf("memory is %+v, %v, expected %+v", got, err, want)
	}
	if _, err := parseMemory("MemTotal: 1 kB\n"); err == nil || !strings.Contains(err.Error(), "MemAvailable") {
		t.Errorf("error is %v, expected one about MemAvailable", err)
	}
}

func TestAdviceIsAboutWhatIsWrong(t *testing.T) {
	healthy := Report{
		Library: torch.Library{Version: "1.13.1", Folder: "/usr"},
		Loaded:  "/usr/lib/x/libtorch_cpu.so.1.13.0",
		Device:  "cpu",
		Threads: 4,
		CPU:     Processor{Cores: 4, Logical: 4, Usable: 4},
		BLAS:    BLAS{Name: "OpenBLAS", Threading: OpenMPThreads},
		OpenMP:  []string{"/usr/lib/x/libgomp.so.1"},
		Memory:  Memory{Total: 16 << 30, Available: 8 << 30},
		Speed:   Measurements{Product: 200, Decode: []DecodeSpeed{{Batch: 1, TokensPerSecond: 300}, {Batch: 16, TokensPerSecond: 2000}}},
	}
	if got := advise(healthy); len(got) != 0 {
		t.Errorf("a healthy machine gets the advice %q", got)
	}
	for name, c := range map[string]struct {
		change func(r *Report)
		want   string
	}{
		"a BLAS with its own threads": {func(r *Report) { r.BLAS.Threading = OwnThreads }, "apt-get install libopenblas0-openmp"},
		"a BLAS with one":             {func(r *Report) { r.BLAS.Threading = OneThread }, "one core only"},
		"kernels of old":              {func(r *Report) { r.BLAS.Core, r.BLAS.Better = "Prescott", "Haswell" }, "OPENBLAS_CORETYPE=Haswell"},
		"another libtorch":            {func(r *Report) { r.Loaded = "/opt/t/lib/libtorch_cpu.so" }, "LIBTORCH=/opt/t"},
		"two OpenMP runtimes":         {func(r *Report) { r.OpenMP = []string{"/a/libgomp.so.1", "/b/libiomp5.so"} }, "2 OpenMP runtimes"},
		"a busy machine":              {func(r *Report) { r.Speed.Product = 12 }, "3.0 GFLOP/s a thread"},
		"threads that wait": {func(r *Report) {
			r.Speed.Decode = []DecodeSpeed{{Batch: 1, TokensPerSecond: 76}, {Batch: 16, TokensPerSecond: 41}}
		}, "16 sequences at once"},
		"a libtorch without CUDA":     {func(r *Report) { r.NVIDIA = true }, "without CUDA"},
		"a driver that does not work": {func(r *Report) { r.NVIDIA, r.Library.CUDA = true, true }, "nvidia-smi"},
		"a device without kernels":    {func(r *Report) { r.Kernels = "loading NVRTC: no such file" }, "no such file"},
		"too little memory":           {func(r *Report) { r.Memory.Available = 1e9 }, "1.0 GB"},
	} {
		r := healthy
		c.change(&r)
		if got := advise(r); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: advice is %q, expected one about %q", name, got, c.want)
		}
	}
	onCUDA := healthy
	onCUDA.Device, onCUDA.NVIDIA, onCUDA.Library.CUDA, onCUDA.BLAS.Threading = "cuda:0", true, true, OwnThreads
	if got := advise(onCUDA); len(got) != 0 {
		t.Errorf("what does not matter on a CUDA device gets the advice %q", got)
	}
}

func TestCheckReportsThisProcess(t *testing.T) {
	r, err := Check(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Library.Version == "" || r.Library.Gotch == "" || r.Loaded == "" || r.Threads < 1 || r.CPU.Cores < 1 {
		t.Errorf("the report has gaps: %+v", r)
	}
	if r.Speed.Product <= 0 || len(r.Speed.Decode) != 2 || r.Speed.Decode[0].TokensPerSecond <= 0 || r.Speed.Parameters == 0 {
		t.Errorf("measurements are %+v", r.Speed)
	}
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	if r.BLAS.Better != "" && os.Getenv(blas.Variable) != r.BLAS.Core {
		t.Errorf("OpenBLAS has the kernels of %s where this processor can run those of %s", r.BLAS.Core, r.BLAS.Better)
	}
	for _, want := range []string{r.Library.Version, r.BLAS.Name, "GFLOP/s", "GB/s", "tokens/s"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the printed report lacks %q:\n%s", want, b.String())
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("the report does not survive JSON: %v\n%+v\n%+v", err, r, back)
	}
}

func TestCheckStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Check(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, expected the context's", err)
	}
}

// What the machine does beside takes from a mean, and nothing from the fastest call.
func TestTheFastestCallCounts(t *testing.T) {
	calls := 0
	work := func() error {
		calls++
		if calls%3 == 0 {
			time.Sleep(60 * time.Millisecond)
		} else {
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	}
	mean, fastest := timeOf(t.Context(), work), fastestOf(t.Context(), work)
	if fastest < 0.002 || fastest > 0.012 || mean < 0.015 {
		t.Errorf("the fastest call took %g s, the mean is %g s", fastest, mean)
	}
	if got := fastestOf(t.Context(), func() error { return errors.New("no") }); got != 1 {
		t.Errorf("a call that failed took %g s", got)
	}
}
