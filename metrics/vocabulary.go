package metrics

// vocabulary gives words numbers, so that texts are compared as integers and
// a word is stemmed once.
type vocabulary struct {
	ids    map[string]int32
	words  []string
	stems  []int32 // by word: the number of its stem, or unknown
	buffer []byte
}

const unknown = -1

// maxWords bounds a vocabulary's memory to some tens of megabytes.
const maxWords = 1 << 19

func newVocabulary() *vocabulary {
	return &vocabulary{ids: make(map[string]int32)}
}

// forget empties a vocabulary that has grown too large. Numbers from before
// mean nothing afterwards.
func (v *vocabulary) forget() {
	if len(v.words) > maxWords {
		*v = *newVocabulary()
	}
}

func (v *vocabulary) id(word []byte) int32 {
	if id, ok := v.ids[string(word)]; ok {
		return id
	}
	return v.add(string(word))
}

func (v *vocabulary) add(word string) int32 {
	id := int32(len(v.words))
	v.ids[word] = id
	v.words = append(v.words, word)
	v.stems = append(v.stems, unknown)
	return id
}

// stem returns the number of a word's stem.
func (v *vocabulary) stem(id int32) int32 {
	if v.stems[id] == unknown {
		stem := stemWord(v.words[id])
		of, ok := v.ids[stem]
		if !ok {
			of = v.add(stem)
		}
		v.stems[id] = of
	}
	return v.stems[id]
}

// appendWords appends the numbers of a text's words.
func (v *vocabulary) appendWords(ids []int32, text string, unicode bool) []int32 {
	if unicode {
		eachUnicodeWord(text, func(word string) { ids = append(ids, v.id([]byte(word))) })
		return ids
	}
	v.buffer = eachWord(text, v.buffer, func(word []byte) {
		ids = append(ids, v.id(word))
	})
	return ids
}
