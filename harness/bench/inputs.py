"""Writes dialogues as both sides take them: inputs.py DIALOGSUM MODEL SPLIT COUNT CUT PROMPT OUT.

OUT is JSON with the first COUNT dialogues of the split (0 means all): token ids for both sides,
and the same as text for a peer that tokenizes itself. CUT is the most tokens of a prompt, 0 for any;
a dialogue is cut from its end. PROMPT is "plain" or "chat", SmolLM2-Instruct's own way to be asked,
to which it answers and ends; behind a plain prompt it seldom does.
"""
import gzip
import json
import pathlib
import sys

from tokenizers import Tokenizer

PROMPTS = {
    "plain": ("Summarize the dialogue:\n", "\nSummary:", " "),
    "chat": (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\nSummarize the dialogue in one sentence.\n\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "",
    ),
}
# A token of the vocabulary that no model ever says: where it is the end token, all responses have the same length.
NEVER = "<jupyter_script>"

dialogsum, folder, split, count, cut, form, out = sys.argv[1:]
count, cut = int(count), int(cut)
before, after, space = PROMPTS[form]
folder = pathlib.Path(folder)
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
eos = json.loads((folder / "tokenizer_config.json").read_text())["eos_token"]
encode = lambda text: tokenizer.encode(text).ids

texts = []
with gzip.open(pathlib.Path(dialogsum) / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
    for line in map(json.loads, file):
        dialogue, completion = line["dialogue"], space + line["summary"]
        prompt = encode(before + dialogue + after)
        while cut and len(prompt) > cut:
            dialogue = dialogue[: -max(1, len(prompt) - cut)]
            prompt = encode(before + dialogue + after)
        whole = encode(before + dialogue + after + completion + eos)
        assert whole[: len(prompt)] == prompt, f"{line['fname']}: the prompt's last token runs into the response"
        texts.append({"prompt": prompt, "response": whole[len(prompt) :], "prompt_text": before + dialogue + after, "response_text": completion})
        if len(texts) == count:
            break
never = tokenizer.token_to_id(NEVER)
assert never is not None, f"{folder} has no token {NEVER}"
pathlib.Path(out).write_text(json.dumps({"texts": texts, "end": tokenizer.token_to_id(eos), "never": never}))
