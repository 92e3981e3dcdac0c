// Package torch is a thin tensor layer over libtorch, and the only package
// that knows gotch.
//
// A [Session] belongs to one goroutine, locked to one OS thread, because
// libtorch's grad mode and last error are the thread's own. Every operation
// appends its result to the session's innermost scope, and the end of the
// scope frees all results but those that [Tensor.Keep] hands to the enclosing
// one: one scope a layer, a step, a batch, and memory stays flat. A tensor may
// be freed before Backward, since autograd keeps what it needs.
//
// Errors stick, as in bufio.Writer: after the first, operations do nothing and
// return an invalid tensor, and the error comes out of [Session.Err], of the
// end of a scope, and of whatever reads values. Using a tensor that its scope
// has freed is such an error, not a crash.
package torch

/*
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
static void lastmile_trim(void) { malloc_trim(0); }
static void lastmile_hold(void) {
	mallopt(M_MMAP_THRESHOLD, 32 << 20); // the largest that it takes
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_TOP_PAD, 64 << 20);
}
#else
static void lastmile_trim(void) {}
static void lastmile_hold(void) {}
#endif
extern void lastmile_set_num_threads(int) __asm__("_ZN2at15set_num_threadsEi");
extern int lastmile_get_num_threads(void) __asm__("_ZN2at15get_num_threadsEv");
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/sugarme/gotch/libtch"

	_ "lastmile/harness/torch/blas" // OpenBLAS with the processor's kernels
	"lastmile/harness/torch/fused"
)

// DType is the type of a tensor's elements, numbered as in c10::ScalarType.
type DType int32

// The element types that lastmile uses.
const (
	Int64    DType = 4
	Float32  DType = 6
	Float64  DType = 7
	BFloat16 DType = 15
)

// Options say where and how a session computes.
type Options struct {
	// Device is "cpu", "cuda:N", or "auto": the first CUDA device if there is
	// one. Empty means "cpu".
	Device string
	// Threads is the number of intra-op threads; 0 leaves libtorch's choice.
	Threads int
	// DType is the floating-point type; 0 means Float32.
	DType DType
}

// Session is a computation on one OS thread.
type Session struct {
	dtype  DType
	device int32
	// kernels is set where the device has the fused operations.
	kernels bool
	scopes  [][]*Tensor
	err     error
	out     *libtch.Ctensor
	live    int
	closed  bool
	// unfused leaves the fused operations out, for tests that compare the two.
	unfused bool
	noGrad  bool // gradients are off
	// autocast computes products in bf16, see Autocast.
	autocast bool
}

// Open starts a session and locks the goroutine to its OS thread until Close. It
// fails if the device is not available.
func Open(options Options) (*Session, error) {
	if options.Threads > mostThreads {
		return nil, fmt.Errorf("opening a session: %d threads, and no machine has more than %d", options.Threads, mostThreads)
	}
	device, err := parseDevice(options.Device)
	if err != nil {
		return nil, err
	}
	if device >= 0 {
		deterministic()
	}
	kernels := device < 0 || fused.Open(int(device)) == nil
	holdMemory()
	runtime.LockOSThread()
	if options.Threads > 0 {
		C.lastmile_set_num_threads(C.int(options.Threads))
	}
	dtype := options.DType
	if dtype == 0 {
		dtype = Float32
	}
	libtch.AtGradSetEnabled(1)
	return &Session{dtype: dtype, device: device, kernels: kernels, scopes: make([][]*Tensor, 1), out: new(libtch.Ctensor)}, nil
}

// holdMemory lets the C library keep freed memory for the next tensor instead
// of handing it back to the system, which would clear it page by page when the
// next step asks for it again: a tenth of a training step of a small model.
// Close gives it back.
var holdMemory = sync.OnceFunc(func() { C.lastmile_hold() })

// deterministic makes a device's results the same in each run. The matrix
// products of CUDA ask for the variable before the first of them.
var deterministic = sync.OnceFunc(func() {
	const variable = "CUBLAS_WORKSPACE_CONFIG"
	if os.Getenv(variable) == "" {
		os.Setenv(variable, ":4096:8")
	}
	fused.Deterministic()
})

func parseDevice(name string) (int32, error) {
	count := libtch.AtcCudaDeviceCount()
	switch {
	case name == "" || name == "cpu", name == "auto" && count == 0:
		return -1, nil
	case name == "auto":
		return 0, nil
	}
	index, ok := strings.CutPrefix(name, "cuda:")
	n, err := strconv.Atoi(index)
	if !ok || err != nil || n < 0 {
		return 0, fmt.Errorf("opening device %q: want cpu, cuda:0 or auto", name)
	}
	if n >= int(count) {
		return 0, fmt.Errorf("opening device %q: libtorch sees %d CUDA devices", name, count)
	}
	return int32(n), nil
}

// Close frees every tensor of the session and unlocks the thread. The C
// library would keep their memory for the thread, which may never need it
// again; it goes back to the system. A second Close does nothing.
func (s *Session) Close() {
	if s.closed {
		return
	}
	s.closed = true
	for len(s.scopes) > 0 {
		s.endScope(true)
	}
	C.lastmile_trim()
	runtime.UnlockOSThread()
}

// CheckDevice returns an error if a device, named as in [Options], is not
// available.
func CheckDevice(name string) error {
	_, err := parseDevice(name)
	return err
}

// CheckKernels returns the reason why a device, named as in [Options], computes
// without lastmile's fused operations, or nil if it has them.
func CheckKernels(name string) error {
	device, err := parseDevice(name)
	if err != nil || device < 0 {
		return err
	}
	return fused.Open(int(device))
}

// OnCPU reports whether a device, named as in [Options], is the CPU.
func OnCPU(name string) bool {
	device, err := parseDevice(name)
	return err == nil && device < 0
}

// CUDADevices is the number of CUDA devices that libtorch sees.
func CUDADevices() int { return int(libtch.AtcCudaDeviceCount()) }

// mostThreads is more than any machine can use.
const mostThreads = 4096

// Threads is the number of intra-op threads of the calling thread.
func Threads() int { return int(C.lastmile_get_num_threads()) }

// DType is the session's floating-point type.
func (s *Session) DType() DType { return s.dtype }

// Err is the first error of the session, or nil.
func (s *Session) Err() error { return s.err }

// Live is the number of tensors that the session holds.
func (s *Session) Live() int { return s.live }

// Scope calls f and then frees the tensors made by it, except those that it
// kept. It returns f's error, or the session's where f has none; where the two
// have nothing to do with each other, both.
func (s *Session) Scope(f func() error) error {
	s.scopes = append(s.scopes, nil)
	defer s.endScope(false)
	err := f()
	switch {
	case err == nil:
		return s.err
	case s.err == nil || errors.Is(err, s.err):
		return err
	}
	return errors.Join(err, s.err)
}

// Only calls f and then frees the tensors made by it, except the one that it
// returns.
func (s *Session) Only(f func() *Tensor) (result *Tensor) {
	s.Scope(func() error {
		result = f().Keep()
		return nil
	})
	return result
}

// Grad reports whether gradients are on.
func (s *Session) Grad() bool { return !s.noGrad }

// NoGrad is [Session.Scope] with gradients off. Afterwards they are as they were.
func (s *Session) NoGrad(f func() error) error {
	before, was := libtch.AtGradSetEnabled(0), s.noGrad
	s.noGrad = true
	defer func() {
		libtch.AtGradSetEnabled(before)
		s.noGrad = was
	}()
	return s.Scope(f)
}

func (s *Session) endScope(all bool) {
	top := len(s.scopes) - 1
	made := s.scopes[top]
	s.scopes = s.scopes[:top]
	for _, t := range made {
		switch {
		case t.c == nil:
		case t.keep > 0 && !all:
			t.keep--
			s.scopes[top-1] = append(s.scopes[top-1], t)
		default:
			t.Free()
		}
	}
}

// fail records the session's first error.
func (s *Session) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// check turns libtorch's last error into the session's.
func (s *Session) check(name string) bool {
	message := libtch.GetAndResetLastErr()
	if message == nil {
		return true
	}
	p := unsafe.Pointer(message)
	text := C.GoString((*C.char)(p))
	C.free(p)
	s.failed(name, errors.New(text))
	return false
}

// failed records that the operation called name failed with an error of
// libtorch's, whose first line tells what is wrong.
func (s *Session) failed(name string, err error) {
	text, _, _ := strings.Cut(err.Error(), "\n")
	s.fail("torch: %s: %s", name, text)
}

// usable reports whether the operation called name can run on the inputs.
func (s *Session) usable(name string, inputs ...*Tensor) bool {
	if s.err != nil {
		return false
	}
	if s.closed {
		s.fail("torch: %s: the session is closed", name)
		return false
	}
	for i, t := range inputs {
		switch {
		case t == nil:
			s.fail("torch: %s: input %d is nil", name, i)
		case t.s != s:
			s.fail("torch: %s: input %d belongs to another session", name, i)
		case t.c == nil:
			s.fail("torch: %s: input %d was freed at the end of its scope", name, i)
		default:
			continue
		}
		return false
	}
	return true
}

// op runs one operation and puts its result into the current scope.
func (s *Session) op(name string, call func(out *libtch.Ctensor), inputs ...*Tensor) *Tensor {
	t := &Tensor{s: s}
	if !s.usable(name, inputs...) {
		return t
	}
	*s.out = nil
	call(s.out)
	if s.check(name) {
		s.adopt(t, *s.out)
	}
	return t
}

// adopt makes t the owner of a handle of libtorch's.
func (s *Session) adopt(t *Tensor, c libtch.Ctensor) {
	t.c = c
	s.live++
	top := len(s.scopes) - 1
	s.scopes[top] = append(s.scopes[top], t)
}

// inPlace runs an operation that changes its first input, and frees the second
// handle to the same storage that libtch returns.
func (s *Session) inPlace(name string, call func(out *libtch.Ctensor), inputs ...*Tensor) {
	if !s.usable(name, inputs...) {
		return
	}
	*s.out = nil
	call(s.out)
	if s.check(name) && *s.out != nil {
		libtch.AtFree(*s.out)
	}
}
