# Install:  python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.23.0
# Run:      venv/bin/python make.py        in this folder; writes model/ and golden.json
#
# model/ is a tiny random Llama with the byte-level tokenizer of the 256 bytes and two special
# tokens. golden.json has mean log-probabilities of texts behind prompts, each from a forward
# pass of transformers over the whole row, in float32: no batches, no cache.
import json

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

START = "<|endoftext|>"
TEXTS = [
    ("the cat sat on the mat", ["the cat sat", "a cat is on a mat"], "A cat came in and sat down on the mat."),
    ("a dog", ["the dog ran home, quickly", "dogs run"], "A dog that ran home. It was quick."),
    ("  späte Äpfel 12.5 %\n", ["apples"], "späte Äpfel 12.5 % und Birnen"),
]


def make():
    torch.manual_seed(3)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate([START, "<|end|>"] + alphabet)}
    # A few merges, so that tokens are not bytes and prompts join otherwise than they are split.
    merges = []
    for pair in [("t", "h"), ("th", "e"), ("a", "t"), ("Ġ", "the"), ("Ġ", "c"), ("Ġc", "at"), ("Ġ", "o"), ("o", "g"), ("Ġ", "a"), (".", "Ċ")]:
        if all(part in vocabulary for part in pair):
            merges.append(pair)
            vocabulary["".join(pair)] = len(vocabulary)
    t = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t = PreTrainedTokenizerFast(tokenizer_object=t, bos_token=START, eos_token="<|end|>")
    t.save_pretrained("model")
    m = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=96, initializer_range=0.4, tie_word_embeddings=True, bos_token_id=0, eos_token_id=1, pad_token_id=1))
    for name, parameter in m.named_parameters():
        if "norm" in name:
            parameter.data.uniform_(0.5, 1.5)
    m.save_pretrained("model")


def mean_logprob(m, t, prompt, response):
    prompt = [t.convert_tokens_to_ids(START)] + t.encode(prompt, add_special_tokens=False)
    response = t.encode(response.strip(), add_special_tokens=False)
    with torch.no_grad():
        logprobs = m(torch.tensor([prompt + response])).logits[0].log_softmax(-1)
    return sum(logprobs[len(prompt) + i - 1, token].item() for i, token in enumerate(response)) / len(response)


def main():
    make()
    m = AutoModelForCausalLM.from_pretrained("model").float().eval()
    t = AutoTokenizer.from_pretrained("model")
    golden = {"transformers": transformers.__version__, "examples": []}
    for h, references, source in TEXTS:
        given = lambda text, response: mean_logprob(m, t, text.strip() + "\n", response)
        plain = mean_logprob(m, t, "", h)
        golden["examples"].append({
            "hypothesis": h, "references": references, "source": source,
            "likelihood": plain,
            "likelihood_reference": max(given(r, h) for r in references),
            "likelihood_recall": sum(given(h, r) for r in references) / len(references),
            "likelihood_source": given(source, h),
            "likelihood_source_gain": given(source, h) - plain,
        })
    with open("golden.json", "w") as f:
        json.dump(golden, f, indent=1, ensure_ascii=False)
        f.write("\n")


main()
