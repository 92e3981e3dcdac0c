package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the report for people to read. The error is the writer's.
func (r Report) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	cuda := "without CUDA"
	if r.Library.CUDA {
		cuda = "with CUDA"
	}
	fmt.Fprintf(t, "libtorch\t%s, %s, %s\n", r.Library.Version, cuda, r.Loaded)
	fmt.Fprintf(t, "gotch\t%s, of whose functions this libtorch lacks %d\n", r.Library.Gotch, len(r.Library.Missing))
	fmt.Fprintf(t, "device\t%s%s\n", r.Device, devices(r.CUDADevices))
	fmt.Fprintf(t, "threads\t%d, on %d of %d processors (%d cores)%s\n", r.Threads, r.CPU.Usable, r.CPU.Logical, r.CPU.Cores, dash(r.CPU.Name))
	fmt.Fprintf(t, "BLAS\t%s%s%s%s\n", r.BLAS.Name, kernels(r.BLAS.Core), comma(r.BLAS.Threading), comma(r.BLAS.Path))
	fmt.Fprintf(t, "OpenMP\t%s\n", strings.Join(r.OpenMP, ", "))
	fmt.Fprintf(t, "memory\t%.1f of %.1f GB free\n", float64(r.Memory.Available)/1e9, float64(r.Memory.Total)/1e9)
	fmt.Fprintf(t, "matrix product\t%.0f GFLOP/s (%d × %d, 32-bit)\n", r.Speed.Product, productSize, productSize)
	fmt.Fprintf(t, "reading weights\t%.1f GB/s\n", r.Speed.Read)
	for _, d := range r.Speed.Decode {
		fmt.Fprintf(t, "decode step\t%.1f ms at batch %d, %.0f tokens/s (%.1f M parameters)\n",
			d.Milliseconds, d.Batch, d.TokensPerSecond, float64(r.Speed.Parameters)/1e6)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Advice) == 0 {
		_, err := fmt.Fprintln(w, "\nAll is well.")
		return err
	}
	_, err := fmt.Fprintf(w, "\nTo do:\n- %s\n", strings.Join(r.Advice, "\n- "))
	return err
}

func devices(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", the only CUDA device"
	}
	return fmt.Sprintf(", one of %d CUDA devices", n)
}

func kernels(core string) string {
	if core == "" {
		return ""
	}
	return ", kernels for " + core
}

func comma(text string) string {
	if text == "" {
		return ""
	}
	return ", " + text
}

func dash(text string) string {
	if text == "" {
		return ""
	}
	return " – " + text
}
