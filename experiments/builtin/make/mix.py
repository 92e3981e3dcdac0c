"""Mixes what the built-in model learns from once its teacher was asked.

    python3 experiments/builtin/make/mix.py FOLDER

FOLDER is the one of texts.py, with outputs.txt, the teacher's, a line for each of
inputs.txt. It gets

    mixed.jsonl    the rest of the texts, and the outputs, in the task's prompt
    task.jsonl     the share's examples, twice, and the outputs
"""

import json
import pathlib
import random
import sys


def main(folder):
    def read(name):
        return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]

    def write(name, rows, seed):
        random.Random(seed).shuffle(rows)
        with open(folder / f"{name}.jsonl", "w") as file:
            for i, row in enumerate(rows):
                file.write(json.dumps({**row, "id": str(i)}) + "\n")

    inputs, outputs = ((folder / f"{name}.txt").read_text().split("\n")[:-1] for name in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        sys.exit(f"{len(outputs)} outputs for {len(inputs)} inputs")
    asked = [{"input": text, "reference": output.strip()} for text, output in zip(inputs, outputs) if output.strip()]
    write("mixed", read("rest") + [{**row, "input": row["input"] + "\n=>"} for row in asked], 4)
    write("task", 2 * read("truths") + asked, 5)


main(pathlib.Path(sys.argv[1]))
