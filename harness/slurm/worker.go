package slurm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"lastmile/harness/progress"
	"lastmile/harness/stage"
)

// ending is how a task ended.
type ending string

const (
	endDone     ending = "done"     // nothing was left
	endIdle     ending = "idle"     // nothing was ready for it for long
	endRequeued ending = "requeued" // at its time limit, to go on
	endStopped  ending = "stopped"
	endFailed   ending = "failed"
)

// task is how a task began and ended. Its worker writes it.
type task struct {
	Host     string    `json:"host"`
	Process  int       `json:"process"`
	Restarts int       `json:"restarts,omitempty"`
	Began    time.Time `json:"began"`
	// Ended and End are there once the worker has ended by itself.
	Ended time.Time `json:"ended,omitzero"`
	End   ending    `json:"end,omitempty"`
	// Why says why it stopped or failed.
	Why string `json:"why,omitempty"`
	// Computed and Failed count its stages.
	Computed int `json:"computed"`
	Failed   int `json:"failed"`
}

// errNotice is that the task's time is nearly over.
var errNotice = errors.New("the time limit is near")

// Expect says that the sweep which a worker has planned is not the one that the job was
// submitted for.
func (j Job) Expect(hash string) error {
	if hash == j.Hash {
		return nil
	}
	return errors.New("the sweep, its files or the program are not as they were when the job was submitted; run the command again")
}

// Serve is a task: work computes until ctx is done. Where that is for the time limit
// and something was computed, or kept in a checkpoint, the task is put into the queue
// again. What happens is written to out.
func (j Job) Serve(ctx context.Context, out io.Writer, work func(ctx context.Context) (stage.Worked, error)) error {
	id, name := "", ""
	if array := os.Getenv("SLURM_ARRAY_JOB_ID"); array != "" {
		id = array + "_" + os.Getenv("SLURM_ARRAY_TASK_ID")
		name = "task " + id
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	if id == "" {
		name = "a worker without Slurm"
	}
	t := task{Host: host, Process: os.Getpid(), Began: now()}
	t.Restarts, _ = strconv.Atoi(os.Getenv("SLURM_RESTART_COUNT"))
	if err := j.write(id, t); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s  %s begins on %s (process %d)\n", stamp(), name, host, t.Process)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	notice := make(chan os.Signal, 1)
	signal.Notify(notice, syscall.SIGUSR1)
	defer signal.Stop(notice)
	go func() {
		select {
		case <-notice:
			cancel(errNotice)
		case <-ctx.Done():
		}
	}()
	begin := time.Now()
	worked, err := work(ctx)
	t.Computed, t.Failed, t.Ended = worked.Computed, worked.Failed, now()
	switch {
	case errors.Is(err, errNotice) && id != "" && (worked.Computed > 0 || worked.Kept):
		if _, requeue := command(context.WithoutCancel(ctx), []string{"scontrol", "requeue", id}); requeue != nil {
			t.End, t.Why = endStopped, fmt.Sprintf("its time limit was near, and it could not be requeued: %v", requeue)
		} else {
			t.End, err = endRequeued, nil
		}
	case errors.Is(err, errNotice):
		t.End, t.Why = endStopped, "its time limit was near before there was a checkpoint: give it more time (slurm.time)"
		err = errors.New(t.Why)
	case ctx.Err() != nil && err != nil:
		t.End, t.Why = endStopped, "it was told to stop"
	case err != nil:
		t.End, t.Why = endFailed, err.Error()
	case worked.Left == 0:
		t.End = endDone
	default:
		t.End = endIdle
	}
	fmt.Fprintf(out, "%s  %s: %s after %s, %d stages computed, %d failed, %d left\n", stamp(), name, t.End, progress.About(time.Since(begin)), worked.Computed, worked.Failed, worked.Left)
	return errors.Join(err, j.write(id, t))
}

// write writes how the task is; without Slurm there is none.
func (j Job) write(id string, t task) error {
	if id == "" {
		return nil
	}
	path := j.task(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return stage.WriteJSON(path, t)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

func stamp() string { return time.Now().Format("2006-01-02 15:04:05") }

// Threads is the number of threads that Slurm has given this task, 0 where it has not
// said.
func Threads() int {
	for _, variable := range []string{"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"} {
		if n, err := strconv.Atoi(os.Getenv(variable)); err == nil && n > 0 {
			return n
		}
	}
	return 0
}
