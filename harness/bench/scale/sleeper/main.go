// Command sleeper computes a stage that does nothing but sleep, in a process of its own:
//
//	sleeper MODELS FOLDER
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"lastmile/harness/bench/scale/sleeping"
	"lastmile/harness/stage"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "sleeper:", err)
		os.Exit(1)
	}
}

func serve() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: sleeper MODELS FOLDER")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	spec, err := stage.ReadSpec(os.Args[2])
	if err != nil {
		return err
	}
	out, err := stage.ClaimStdout()
	if err != nil {
		return err
	}
	return stage.Serve(ctx, os.Args[2], func(string) (stage.Func, int, bool) {
		return sleeping.Stage(os.Args[1]), spec.Version, true
	}, out)
}
