package encoder

import "fmt"

// Parameter is the name of a parameter, as in the checkpoint, and its shape.
type Parameter struct {
	Name string
	Size []int
}

// Elements is the number of its values.
func (p Parameter) Elements() int {
	n := 1
	for _, d := range p.Size {
		n *= d
	}
	return n
}

// Parameters lists the parameters in the order in which the encoder uses them, with
// the pooler and the head where head is set.
func (c Config) Parameters(head bool) []Parameter {
	f := c.family()
	hidden, embedding := c.HiddenSize, c.embeddingSize()
	var list []Parameter
	matrix := func(name string, out, in int) {
		list = append(list, Parameter{name, []int{out, in}})
	}
	linear := func(name string, out, in int) {
		list = append(list, Parameter{name + ".weight", []int{out, in}}, Parameter{name + ".bias", []int{out}})
	}
	norm := func(name string, size int) {
		list = append(list, Parameter{name + ".weight", []int{size}}, Parameter{name + ".bias", []int{size}})
	}
	matrix(c.WordEmbeddings(), c.VocabSize, embedding)
	if c.positioned() {
		matrix(c.PositionEmbeddings(), c.MaxPositionEmbeddings, embedding)
	}
	if c.TypeVocabSize > 0 {
		matrix(c.TypeEmbeddings(), c.TypeVocabSize, embedding)
	}
	norm(f.prefix+".embeddings.LayerNorm", embedding)
	if c.EmbeddingSize != 0 && !f.disentangled {
		linear(c.projection(), hidden, embedding)
	}
	if f.disentangled {
		matrix(c.relativeEmbeddings(), 2*c.span(), hidden)
		if c.NormRelEbd == "layer_norm" {
			norm(c.relativeNorm(), hidden)
		}
	}
	for i := range c.NumHiddenLayers {
		layer := c.layerPrefix(i)
		linear(layer+"attention.self."+f.query, hidden, hidden)
		linear(layer+"attention.self."+f.key, hidden, hidden)
		linear(layer+"attention.self."+f.value, hidden, hidden)
		if f.disentangled && !c.ShareAttKey {
			if c.attends("c2p") {
				linear(layer+"attention.self.pos_key_proj", hidden, hidden)
			}
			if c.attends("p2c") {
				linear(layer+"attention.self.pos_query_proj", hidden, hidden)
			}
		}
		linear(layer+"attention.output.dense", hidden, hidden)
		norm(layer+"attention.output.LayerNorm", hidden)
		linear(layer+"intermediate.dense", c.IntermediateSize, hidden)
		linear(layer+"output.dense", hidden, c.IntermediateSize)
		norm(layer+"output.LayerNorm", hidden)
	}
	if head {
		linear(c.Pooler(), hidden, hidden)
		linear(c.Head(), len(c.Outputs()), hidden)
	}
	return list
}

// WordEmbeddings is the name of the table of tokens.
func (c Config) WordEmbeddings() string {
	return c.family().prefix + ".embeddings.word_embeddings.weight"
}

// PositionEmbeddings is the name of the table of positions.
func (c Config) PositionEmbeddings() string {
	return c.family().prefix + ".embeddings.position_embeddings.weight"
}

// TypeEmbeddings is the name of the table of token types.
func (c Config) TypeEmbeddings() string {
	return c.family().prefix + ".embeddings.token_type_embeddings.weight"
}

// Pooler is what the names of the dense layer at the first token begin with.
func (c Config) Pooler() string { return c.family().pooler }

// Head is what the names of the layer behind the pooler begin with.
func (c Config) Head() string { return c.family().head }

func (c Config) projection() string { return c.family().prefix + ".encoder.embedding_projection" }

func (c Config) relativeEmbeddings() string {
	return c.family().prefix + ".encoder.rel_embeddings.weight"
}

func (c Config) relativeNorm() string { return c.family().prefix + ".encoder.LayerNorm" }

func (c Config) layerPrefix(i int) string {
	return fmt.Sprintf("%s.encoder.layer.%d.", c.family().prefix, i)
}
