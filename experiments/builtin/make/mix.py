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

from texts import END, write


def main(folder):
    def read(name):
        return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]

    def mix(name, rows, seed):
        random.Random(seed).shuffle(rows)
        write(folder / f"{name}.jsonl", [{"input": row["input"], "reference": row["reference"]} for row in rows])

    inputs, outputs = ((folder / f"{name}.txt").read_text().split("\n")[:-1] for name in ("inputs", "outputs"))
    if len(inputs) != len(outputs):
        sys.exit(f"{len(outputs)} outputs for {len(inputs)} inputs")
    asked = [{"input": text, "reference": output.strip()} for text, output in zip(inputs, outputs) if output.strip()]
    mix("mixed", read("rest") + [{**row, "input": row["input"] + END} for row in asked], 4)
    mix("task", 2 * read("truths") + asked, 5)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
