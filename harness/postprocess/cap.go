package postprocess

// capWords keeps so many words at most.
type capWords struct{ most int }

func newCapWords(config Settings) (Processor, error) {
	return capWords{config.MaxWords}, atLeastOne("max_words", config.MaxWords)
}

func (p capWords) Process(t Text) string {
	all := words(t.Text)
	if len(all) <= p.most {
		return t.Text
	}
	return t.Text[:all[p.most-1].end]
}
