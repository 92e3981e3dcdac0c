// Package builtin holds the model that ships with lastmile: a Llama of a few
// million parameters in a Hugging Face folder, trained from scratch by
// experiments/base.toml on the training split of debian-descriptions.
// README.md says how, what it can do, and what was tried to make it better.
package builtin

import "embed"

// Files is the Hugging Face folder.
//
//go:embed *.json *.safetensors
var Files embed.FS
