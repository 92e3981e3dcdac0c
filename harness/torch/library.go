package torch

import (
	"slices"

	"github.com/sugarme/gotch/libtch"
)

// Library says which libtorch a program was built with.
type Library struct {
	// Version is libtorch's, such as 2.1.1+cpu.
	Version string `json:"version"`
	// Folder holds its include and lib; /usr for a system package.
	Folder string `json:"folder"`
	// CUDA is set where this libtorch can use CUDA devices.
	CUDA bool `json:"cuda"`
	// Gotch is the version of the binding.
	Gotch string `json:"gotch"`
	// Missing names the binding's C functions that this libtorch cannot serve.
	// They fail with their name when called; lastmile calls none of them.
	Missing []string `json:"missing"`
}

// BuiltWith tells what make setup fitted this program to.
func BuiltWith() Library {
	return Library{
		Version: libtch.LibtorchVersion,
		Folder:  libtch.LibtorchFolder,
		CUDA:    libtch.LibtorchCUDA,
		Gotch:   libtch.GotchVersion,
		Missing: slices.Clone(libtch.MissingFunctions),
	}
}
