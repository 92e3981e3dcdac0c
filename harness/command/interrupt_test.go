package command

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestSignalsInterrupt sends signals to this process. A hangup is none where it was begun
// by nohup.
func TestSignalsInterrupt(t *testing.T) {
	for _, sent := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		within, ignored := 5*time.Second, sent == syscall.SIGHUP && signal.Ignored(sent)
		if ignored {
			within = 100 * time.Millisecond
		}
		ctx, stop := interruptible(t.Context())
		if err := syscall.Kill(os.Getpid(), sent); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ctx.Done():
			if ignored {
				t.Errorf("%v interrupts, though it is ignored", sent)
			}
		case <-time.After(within):
			if !ignored {
				t.Errorf("%v interrupts nothing", sent)
			}
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
