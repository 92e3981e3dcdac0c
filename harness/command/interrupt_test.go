package command

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestSignalsInterrupt(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		ctx, stop := interruptible(t.Context())
		if err := syscall.Kill(os.Getpid(), signal); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Second):
			t.Errorf("%v interrupts nothing", signal)
		}
		stop()
	}
}

func TestWhatDoesNotEndIsLeft(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	wrong := errors.New("wrong")
	if err := within(ctx, limit(time.Hour), func() error { return wrong }); err != wrong {
		t.Errorf("what ends by itself: %v", err)
	}
	cancel()
	if err := within(ctx, limit(time.Hour), func() error { <-ctx.Done(); return wrong }); err != wrong {
		t.Errorf("what ends when it is told to: %v", err)
	}
	if err := within(ctx, limit(time.Millisecond), func() error { select {} }); !errors.Is(err, context.Canceled) {
		t.Errorf("what never ends: %v", err)
	}
}

// limit is a limit that does not change.
func limit(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
