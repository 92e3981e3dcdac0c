package encoder

import (
	"lastmile/harness/torch"
)

// Pretrained is an encoder that is used as it is stored, in a session of its own, with
// what reads its texts. It belongs to the goroutine that opened it, which is the one to
// use and close it.
type Pretrained struct {
	*Encoder
	// Name names it in signatures, as [Name] does.
	Name   string
	Reader Reader
	// MaxLength is the number of tokens that its tokenizer is made for, 0 where it does
	// not say.
	MaxLength int
}

// Open loads the encoder of a folder, and the outputs of a classifier, to compute with so
// many threads on a device as [torch.Options] names it. It locks the goroutine to its
// thread until Close.
func Open(dir string, c Config, classifier bool, threads int, device string) (*Pretrained, error) {
	name, err := Name(dir, c)
	if err != nil {
		return nil, err
	}
	v, err := ReadVocabulary(dir, c)
	if err != nil {
		return nil, err
	}
	s, err := torch.Open(torch.Options{Threads: threads, Device: device})
	if err != nil {
		return nil, err
	}
	e, err := Load(s, dir, c, classifier, Stored)
	if err != nil {
		s.Close()
		return nil, err
	}
	return &Pretrained{e, name, NewReader(v, c), v.MaxLength}, nil
}

// Close frees the encoder's memory and its thread.
func (p *Pretrained) Close() error {
	s := p.Session()
	err := s.Err()
	s.Close()
	return err
}
