package stage

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// self is this process as an owner.
func self() Owner {
	host, _ := os.Hostname()
	o := Owner{Host: host, Process: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second), Boot: bootID(), Job: os.Getenv("SLURM_JOB_ID")}
	if array := os.Getenv("SLURM_ARRAY_JOB_ID"); array != "" {
		o.Job = array + "_" + os.Getenv("SLURM_ARRAY_TASK_ID")
	}
	return o
}

// bootID is the kernel's name for the time since it was started, "" where it does
// not tell.
var bootID = sync.OnceValue(func() string {
	text, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(text))
})

// Here reports whether the owner runs, or ran, under the same kernel as this process,
// which then knows whether it is alive. After a machine was started anew, what ran on
// it before is not here, though the name of the machine is the same.
func (o Owner) Here() bool {
	if o.Boot != "" && bootID() != "" {
		return o.Boot == bootID()
	}
	host, _ := os.Hostname()
	return o.Host == host
}

// sight is when a lock was first seen as it is, and whether it was seen to be another
// before, as that of a process that is alive.
type sight struct {
	token string
	beat  int
	since time.Time
	moved bool
}

// sights are the locks of other machines that this process has seen, by path.
var sights sync.Map

// standsStill reports whether a lock was seen unchanged for its lease.
func standsStill(path string, c claim) bool {
	now := time.Now()
	known, seen := sights.Load(path)
	if seen {
		if s := known.(sight); s.token == c.Token && s.beat == c.Beat {
			return now.Sub(s.since).Seconds() > c.Lease
		}
	}
	sights.Store(path, sight{c.Token, c.Beat, now, seen})
	return false
}

// seenToMove reports whether a lock was seen to change, less than its lease ago.
func seenToMove(path string) bool {
	known, ok := sights.Load(path)
	return ok && known.(sight).moved
}

// forget forgets what was seen of a lock.
func forget(path string) { sights.Delete(path) }

// heartbeat keeps a lock alive.
type heartbeat struct {
	lock *lock
	stop context.CancelFunc
	done chan struct{}
	now  atomic.Pointer[Progress]
	lost atomic.Pointer[Owner]
}

// beat keeps the lock alive until the heartbeat is ended. The context is done when
// ctx is, and where the lock went to another process, or could not be kept alive
// for the greater part of its lease: then a [*HeldError] is its cause.
func (l *lock) beat(ctx context.Context) (context.Context, *heartbeat) {
	ctx, cancel := context.WithCancelCause(ctx)
	quit, stop := context.WithCancel(context.Background())
	h := &heartbeat{lock: l, stop: stop, done: make(chan struct{})}
	lease := time.Duration(l.claim.Lease * float64(time.Second))
	go func() {
		defer close(h.done)
		defer cancel(nil)
		ticks := time.NewTicker(lease / 4)
		defer ticks.Stop()
		now := l.claim
		for last := time.Now(); ; {
			select {
			case <-quit.Done():
				return
			case <-ticks.C:
			}
			before := time.Now()
			now.Beat++
			now.Progress = h.now.Load()
			owner, mine, err := l.write(now)
			switch {
			case err == nil && !mine:
				h.lost.Store(&owner)
				cancel(&HeldError{owner})
				return
			case err == nil:
				last = before
			case time.Since(last) > lease*3/4:
				// Others may take the lock from here on.
				h.lost.Store(&Owner{})
				cancel(&HeldError{})
				return
			}
		}
	}()
	return ctx, h
}

// progress notes how far the stage is, to be told with the next heartbeat.
func (h *heartbeat) progress(p Progress) { h.now.Store(&p) }

// end ends the heartbeat, and reports who has the lock where that went to another
// process.
func (h *heartbeat) end() (owner Owner, lost bool) {
	h.stop()
	<-h.done
	if to := h.lost.Load(); to != nil {
		return *to, true
	}
	return Owner{}, false
}

// Hold takes the lock at path, in a folder that is there, until release is called. The
// context is done when ctx is, and where the lock went to another process. The error is
// a [*HeldError] where another one has it.
func Hold(ctx context.Context, path string, lease time.Duration) (held context.Context, release func(), err error) {
	l, owner, err := tryLockFor(path, lease)
	if err != nil {
		return nil, nil, err
	}
	if l == nil {
		return nil, nil, &HeldError{owner}
	}
	held, beats := l.beat(ctx)
	return held, func() {
		beats.end()
		l.release()
	}, nil
}
