// Command make builds the data set debian-descriptions from the package lists
// of the Debian release that it runs on, and measures what it built:
//
//	go run ./experiments/data/make            # builds, from apt's lists
//	go run ./experiments/data/make -update    # has apt fetch the lists first
//	go run ./experiments/data/make -check     # only measures what is there
//
// The same lists give the same bytes. What is dropped and why is told by
// README.md beside the data, and counted in the output.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"

	"lastmile/experiments/data"
)

func main() {
	var (
		update = flag.Bool("update", false, "run apt-get -o Acquire::Languages=en update first (as root)")
		check  = flag.Bool("check", false, "measure the embedded data set and build nothing")
		lists  = flag.String("lists", listsFolder, "the folder of apt's package lists")
		folder = flag.String("folder", filepath.Join("experiments", "data", data.DebianDescriptions), "where the files go")
	)
	flag.Parse()
	err := run(*update, *check, *lists, *folder)
	if err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func run(update, check bool, lists, folder string) error {
	if check {
		train, dev, test, err := embedded()
		if err != nil {
			return err
		}
		return report(train, dev, test)
	}
	if update {
		if err := updateLists(); err != nil {
			return err
		}
	}
	stanzas, err := readStanzas(lists)
	if err != nil {
		return err
	}
	train, dev, test := build(stanzas)
	if len(dev) < held || len(test) < held {
		return fmt.Errorf("building from %s: only %d dev and %d test examples are far enough from the rest; %d of each are wanted", lists, len(dev), len(test), held)
	}
	for name, pairs := range map[string][]pair{"train": train, "dev": dev, "test": test} {
		if err := write(filepath.Join(folder, name+".jsonl.zst"), pairs); err != nil {
			return err
		}
	}
	return report(train, dev, test)
}

// build cleans, groups and deals all packages, and prints what it dropped.
func build(stanzas []stanza) (train, dev, test []pair) {
	bodies := make([][]string, len(stanzas))
	for i, st := range stanzas {
		bodies[i] = paragraphs(st.lines)
	}
	known := findBoilerplate(stanzas, bodies)
	var (
		pairs   []pair
		reasons []string
		dropped = map[string]int{}
		seen    = map[string]bool{}
	)
	for i, st := range stanzas {
		p, reason := clean(st, bodies[i], known)
		if key := normal(p.Input) + " / " + normal(p.Reference); reason == "" && seen[key] {
			reason = "duplicate"
		} else {
			seen[key] = true
		}
		if reason == "" {
			pairs = append(pairs, p)
			continue
		}
		if dropped[reason] == 0 {
			reasons = append(reasons, reason)
		}
		dropped[reason]++
	}
	groups := families(pairs)
	fmt.Printf("%d packages\n", len(stanzas))
	for _, reason := range reasons {
		fmt.Printf("  %6d dropped: %s\n", dropped[reason], reason)
	}
	fmt.Printf("%d pairs in %d families\n", len(pairs), len(groups))
	return split(groups)
}

// write stores pairs as compressed JSON lines.
func write(path string, pairs []pair) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, p := range pairs {
		if err := encoder.Encode(p); err != nil {
			return fmt.Errorf("writing %s, package %s: %w", path, p.ID, err)
		}
	}
	// One goroutine, so that the bytes depend on nothing but the text.
	compressor, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(8<<20))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, compressor.EncodeAll(text.Bytes(), nil), 0o644); err != nil {
		return fmt.Errorf("writing the data set: %w", err)
	}
	return nil
}

// embedded returns the data set that the program was built with.
func embedded() (train, dev, test []pair, err error) {
	for split, pairs := range map[string]*[]pair{"train": &train, "dev": &dev, "test": &test} {
		if *pairs, err = read(split); err != nil {
			return nil, nil, nil, err
		}
	}
	return train, dev, test, nil
}

func read(split string) ([]pair, error) {
	lines, err := data.Open(split)
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	var pairs []pair
	decoder := json.NewDecoder(bufio.NewReader(lines))
	for decoder.More() {
		var p pair
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("reading the embedded split %s, example %d: %w", split, len(pairs)+1, err)
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}
