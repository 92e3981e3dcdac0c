// Make turns what improve.sh trained into the model that ships: the same folder with its
// weights rounded to bfloat16, at half the size.
//
//	experiments/builtin/make/improve.sh SMOLLM2
//	go run ./experiments/builtin/make work/builtin/task
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lastmile/harness/safetensors"
)

const target = "experiments/builtin"

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./experiments/builtin/make FOLDER, from the repository's root")
		os.Exit(2)
	}
	if err := convert(os.Args[1], target); err != nil {
		fmt.Fprintln(os.Stderr, "make:", err)
		os.Exit(1)
	}
}

func convert(from, to string) error {
	tensors, err := safetensors.Read(filepath.Join(from, "model.safetensors"))
	if err != nil {
		return err
	}
	for name, t := range tensors {
		values, err := t.Float32s()
		if err != nil {
			return fmt.Errorf("tensor %s: %w", name, err)
		}
		tensors[name] = safetensors.BFloat16(values, t.Shape...)
	}
	if err := safetensors.Write(filepath.Join(to, "model.safetensors"), tensors); err != nil {
		return err
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json", "config.json"} {
		content, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		if name == "config.json" {
			if content, err = withType(content, "bfloat16"); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

func withType(config []byte, name string) ([]byte, error) {
	var all map[string]any
	if err := json.Unmarshal(config, &all); err != nil {
		return nil, err
	}
	all["torch_dtype"] = name
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}
