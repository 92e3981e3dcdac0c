"""Writes what scipy says about distances between distributions of lengths.

    python3 -m venv venv && venv/bin/pip install scipy==1.17.1
    venv/bin/python make_lengths.py

It makes lengths.json: lengths of hypotheses, those of their references, and the
Wasserstein distance of order 1 between the two distributions, in which all
references of an example together weigh as much as its hypothesis.
"""

import json
import random

from scipy.stats import wasserstein_distance

random.seed(1)


def case(examples, references, longest):
    hypotheses = [random.randint(0, longest) for _ in range(examples)]
    lists = [[random.randint(1, 9) for _ in range(random.randint(1, references))] for _ in range(examples)]
    lengths = [n for of in lists for n in of]
    weights = [1 / len(of) for of in lists for _ in of]
    return {"hypotheses": hypotheses, "references": lists,
            "distance": wasserstein_distance(hypotheses, lengths, None, weights)}


cases = [case(1, 1, 9), case(1, 3, 20), case(40, 1, 9), case(40, 3, 4), case(200, 2, 30)]
with open("lengths.json", "w") as f:
    json.dump(cases, f)
    f.write("\n")
