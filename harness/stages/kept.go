package stages

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lastmile/harness/decode"
	"lastmile/harness/stage"
)

// keptDecodings keeps the responses of a stage's decodings in its checkpoint, so that a stage
// that is interrupted decodes nothing twice.
type keptDecodings struct {
	folder string
	// decodings are those begun. A stage begins the same again after it was
	// interrupted, in the same order, and with what is kept as with what is new.
	decodings int
}

func keptIn(job *stage.Job) *keptDecodings {
	return &keptDecodings{folder: filepath.Join(job.Dir, stage.Checkpoint)}
}

// next is what keeps the responses of the stage's next decoding.
func (k *keptDecodings) next() decode.Keeper {
	k.decodings++
	return keptDecoding{k.folder, k.decodings}
}

// keptDecoding keeps the responses of one decoding, each part in a file.
type keptDecoding struct {
	folder string
	number int
}

// keptPart is what a file holds, with the SHA-256 of the responses as JSON.
type keptPart struct {
	Sum       string           `json:"sum"`
	Responses [][]keptResponse `json:"responses"`
}

// keptResponse has of a response what stages read.
type keptResponse struct {
	Tokens    []int     `json:"tokens"`
	Ended     bool      `json:"ended"`
	Entropies []float32 `json:"entropies,omitempty"`
}

func (d keptDecoding) file(name string) string {
	return filepath.Join(d.folder, fmt.Sprintf("decoding-%d-%s.json", d.number, name))
}

// Kept reads the responses of a part. What is damaged is a [stage.CheckpointError].
func (d keptDecoding) Kept(name string) ([][]decode.Response, bool, error) {
	var part keptPart
	err := stage.ReadJSON(d.file(name), &part)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	var sum string
	if err == nil {
		sum, err = stage.Sum(part.Responses)
	}
	if err == nil && sum != part.Sum {
		err = fmt.Errorf("%s is not as it was written", d.file(name))
	}
	if err != nil {
		return nil, false, &stage.CheckpointError{Err: err}
	}
	responses := make([][]decode.Response, len(part.Responses))
	for i, of := range part.Responses {
		for _, r := range of {
			responses[i] = append(responses[i], decode.Response{Tokens: r.Tokens, Ended: r.Ended, Entropies: r.Entropies})
		}
	}
	return responses, true, nil
}

// Keep writes the responses of a part.
func (d keptDecoding) Keep(name string, responses [][]decode.Response) error {
	part := keptPart{Responses: make([][]keptResponse, len(responses))}
	for i, of := range responses {
		for _, r := range of {
			part.Responses[i] = append(part.Responses[i], keptResponse{r.Tokens, r.Ended, r.Entropies})
		}
	}
	var err error
	if part.Sum, err = stage.Sum(part.Responses); err != nil {
		return err
	}
	if err := os.MkdirAll(d.folder, 0o755); err != nil {
		return err
	}
	return stage.WriteJSON(d.file(name), part)
}
