package tokenizer

// GPT-2 spells each byte as one printable character, so that a vocabulary can
// be written as text: printable bytes of Latin-1 stand for themselves, the
// others follow from U+0100 on.
var (
	charOfByte [256]rune
	byteOfChar = map[rune]byte{}
)

func init() {
	next := rune(256)
	for b := range 256 {
		c := rune(b)
		printable := '!' <= c && c <= '~' || '¡' <= c && c <= '¬' || '®' <= c && c <= 'ÿ'
		if !printable {
			c, next = next, next+1
		}
		charOfByte[b] = c
		byteOfChar[c] = byte(b)
	}
}

// unspell returns the bytes that a token of the vocabulary stands for. A token
// with a character that spells no byte, as added tokens may have, stands for
// itself as it does in Hugging Face's decoder.
func unspell(token string) string {
	bytes := make([]byte, 0, len(token))
	for _, c := range token {
		b, ok := byteOfChar[c]
		if !ok {
			return token
		}
		bytes = append(bytes, b)
	}
	return string(bytes)
}
