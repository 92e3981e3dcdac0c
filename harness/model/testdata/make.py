"""Writes causal/, classifier/ and golden.json, which golden_test.go compares with.

Needs torch and transformers 5.23.0. Run it in this folder. The models are tiny and random:
what is compared is the arithmetic, not the language.

With a folder as its argument it writes nothing, loads the folder with transformers and prints
the logits of golden.json's tokens, to compare a folder that lastmile wrote by hand.
"""
import json
import sys

import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

sys.stdout.reconfigure(line_buffering=True)
torch.set_num_threads(1)


def config(**more):
    return LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=32, rms_norm_eps=1e-5, rope_theta=5000.0, initializer_range=0.3,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, **more)


def randomized(model):
    """Norms start at one; other weights than one show whether they are used."""
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.data.uniform_(0.5, 1.5)
    return model.float().eval()


def logits(model, tokens):
    with torch.no_grad():
        return model(torch.tensor(tokens)).logits


def main():
    if len(sys.argv) > 1:
        with open("golden.json") as f:
            golden = json.load(f)
        cls = LlamaForSequenceClassification if "Sequence" in open(sys.argv[1] + "/config.json").read() else LlamaForCausalLM
        key = "scores" if cls is LlamaForSequenceClassification else "logits"
        got = logits(cls.from_pretrained(sys.argv[1]).float().eval(), golden["tokens"]).flatten()
        print(cls.__name__, "largest difference", (got - torch.tensor(golden[key])).abs().max().item())
        return

    torch.manual_seed(1)
    tokens = torch.randint(3, 64, (3, 12)).tolist()
    # The newer files hold rope_theta inside rope_parameters; the classifier is written without output embeddings.
    causal = randomized(LlamaForCausalLM(config(num_hidden_layers=2, tie_word_embeddings=True)))
    causal.save_pretrained("causal")
    classifier = randomized(LlamaForSequenceClassification(config(num_hidden_layers=1, num_labels=1, tie_word_embeddings=False)))
    classifier.save_pretrained("classifier")
    golden = {
        "transformers": transformers.__version__,
        "tokens": tokens,
        "logits": [round(v, 6) for v in logits(causal, tokens).flatten().tolist()],
        "scores": [round(v, 6) for v in logits(classifier, tokens).flatten().tolist()],
    }
    with open("golden.json", "w") as f:
        json.dump(golden, f)
        f.write("\n")


main()
