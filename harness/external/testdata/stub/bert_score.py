"""Stands for bert-score: numbers that can be told by hand, and a word on standard output."""


class Numbers(list):
    def tolist(self):
        return list(self)


class Tokenizer:
    model_max_length = 10**30


class BERTScorer:
    _tokenizer = Tokenizer()

    def __init__(self, model_type, num_layers, lang, rescale_with_baseline, batch_size, device):
        print("loading", model_type, num_layers)

    def score(self, hypotheses, references):
        print("scoring", len(hypotheses))
        lengths = [float(len(text)) for text in hypotheses]
        return (
            Numbers(lengths),
            Numbers(max(float(len(r)) for r in of) for of in references),
            Numbers(float(len(hypotheses)) for _ in hypotheses),
        )
