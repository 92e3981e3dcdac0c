"""Collects plain English of Debian 12 to train the built-in model on, and what its teacher
is asked.

    python3 experiments/builtin/make/texts.py PREPARED FOLDER

PREPARED is the folder of a prepare stage of debian-descriptions. Its base.jsonl is the
share of the training examples that the built-in model learns from. FOLDER gets

    texts.jsonl       paragraphs, in pieces of at most 95 words, the first two of which are
                      the input and the rest the reference; other paragraphs, each with
                      the core of its first sentence as the reference; and the share's
                      examples, these two with their prompt's end
    rest.jsonl        the paragraphs that texts.jsonl has no room for, what it has with the
                      prompt's end once more, and the cores of longer paragraphs
    texts-held.jsonl  500 pieces, of which nothing is learned
    truths.jsonl      the share's examples
    teacher.jsonl     examples of the share that the teacher learns from
    inputs.txt        the share's inputs, and paragraphs that are like them, a line each
    held.jsonl        PREPARED's part of dev, of which nothing is learned

A paragraph is left out if its package is of dev, of test or of the training examples that
the model does not learn from, or if it shares eight words in a row with an input of theirs.
It needs apt's lists of Debian 12 with Translation-en
(apt-get -o Acquire::Languages=en update), zstdcat, and 200 MB.
"""

import collections
import gzip
import html
import json
import pathlib
import random
import re
import subprocess
import sys

DATA = pathlib.Path(__file__).parents[2] / "data" / "debian-descriptions"

PACKAGES = """
apache2-doc bind9-doc cmake-doc dict-foldoc dict-jargon dict-wn git-doc kicad-doc-en
libreoffice-help-en-us manpages octave-doc openjdk-17-doc perl-doc postgresql-doc-15
python-django-doc python3.11-doc rust-doc sqlite3-doc
""".split()

# Of WordNet's glosses a part is enough: it has as many words as all descriptions.
KEPT = {"dict-wn": 0.4, "openjdk-17-doc": 0.5}

LIKE_INPUTS = {"debian": 16000, "dict-foldoc": 8000}
TEACHER = 6000

# A model so small copies badly: it writes "EBADE" for EB Library and repeats itself. The
# first sentence's core teaches it to copy what it is asked for, as lead bias does for
# news (arXiv 1912.11602).
PIECES, CORES = 225000, 120000

# What the task's prompt ends with.
END = "\n=>"


def read(split):
    text = subprocess.run(["zstdcat", DATA / f"{split}.jsonl.zst"], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in text.splitlines()]


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text, n=8):
    w = words(text)
    return {tuple(w[i : i + n]) for i in range(len(w) - n + 1)}


def plain(text):
    """Tells prose from code, tables and other languages."""
    return (
        len(text) >= 60
        and len(text.split()) >= 10
        and sum(c.isascii() and (c.isalpha() or c in " ,.'-") for c in text) >= 0.93 * len(text)
    )


def core(text):
    """What the first sentence says its subject is or does: up to its first clause, and
    without a leading "X is a". It is empty where that is not a short phrase."""
    sentence = re.split(r"(?<=[a-z)])[.!?](?: |$)", text)[0]
    sentence = re.sub(r"^(?:\S+ ){1,4}?(?:is|are|provides?|contains?|implements?) (?:(?:an?|the) )?", "", sentence)
    words = sentence.split()
    for i, word in enumerate(words):
        if i >= 3 and (word in ("that", "which", "who", "where", "when", "because", "so", "if") or words[i - 1][-1] in ",;:"):
            words = words[:i]
            break
    phrase = " ".join(words).rstrip(",;:. ")
    conditional = words and words[0] in ("As", "Although", "For", "If", "In", "Since", "To", "When", "While")
    return phrase if 3 <= len(words) <= 12 and not conditional and phrase != text.rstrip(".") else ""


def longer(pieces):
    """Has the cores of pieces that are longer than the other paragraphs with one."""
    for piece in pieces:
        text = piece["input"] + " " + piece["reference"]
        if not piece["input"].endswith(END) and 50 < len(text.split()) <= 75 and text[0].isupper() and core(text):
            yield {"input": text + END, "reference": core(text)}


def descriptions(held):
    lists = sorted(pathlib.Path("/var/lib/apt/lists").glob("*_bookworm_main_i18n_Translation-en*"))
    if not lists:
        sys.exit("there is no Translation-en of Debian 12: apt-get -o Acquire::Languages=en update")
    text = subprocess.run(["/usr/lib/apt/apt-helper", "cat-file", lists[0]], check=True, capture_output=True, text=True).stdout
    for stanza in text.split("\n\n"):
        package, _, description = stanza.partition("Description-en: ")
        match = re.match(r"Package: (\S+)\n", package)
        if not match or match[1] in held:
            continue
        lines = (line[1:] for line in description.split("\n")[1:])
        for paragraph in "\n".join(lines).split("\n.\n"):
            if not re.search(r"^\s", paragraph, re.M):
                yield paragraph


def markup(text):
    for paragraph in re.findall(r"<(p|dd|div class=\"block\")\b[^>]*>(.*?)</(?:p|dd|div)>", text, re.S):
        yield html.unescape(re.sub(r"<[^>]+>", "", paragraph[1]))


def pod(text):
    for paragraph in text.split("\n\n"):
        if paragraph[:1] not in (" ", "=", "\t"):
            yield re.sub(r"[A-Z]<+ ?(.*?) ?>+", r"\1", paragraph)


def roff(text):
    text = re.sub(r"^\.(?:B|I|BR|IR|RB|RI|BI|IB) (.*)$", lambda m: m[1].replace('"', ""), text, flags=re.M)
    text = re.sub(r"\\f.|\\", "", text)
    return re.split(r"\n?^\.\S.*(?:\n|$)", text, flags=re.M)


def foldoc(text):
    for paragraph in re.split(r"\n\s*\n", text):
        yield re.sub(r"[{}]|<[^>]*>|\([^)]*\d{4}[^)]*\)", "", paragraph)


def wordnet(text):
    for entry in re.split(r"\n(?=\S)", text):
        name, _, glosses = entry.partition("\n")
        yield name + ": " + re.sub(r"\[[^\]]*\]|[{}]", "", glosses)


def paragraphs(package, folder):
    deb = next(iter(folder.glob(f"{package}_*.deb")), None)
    if deb is None:
        subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, check=True)
        deb = next(folder.glob(f"{package}_*.deb"))
    unpacked = folder / package
    if not unpacked.is_dir():
        subprocess.run(["dpkg-deb", "-x", deb, unpacked], check=True)
    for path in sorted(p for p in unpacked.rglob("*") if p.is_file() and not p.is_symlink()):
        content = path.read_bytes()
        if path.suffix in (".gz", ".dz"):
            content = gzip.decompress(content)
        text = content.decode("utf-8", "ignore")
        if path.name.endswith((".html", ".html.en", ".html.gz")):
            yield from markup(text)
        elif path.suffix == ".pod":
            yield from pod(text)
        elif package == "dict-wn" and path.suffix == ".dz":
            yield from wordnet(text)
        elif package.startswith("dict-") and path.suffix == ".dz":
            yield from foldoc(text)
        elif package == "manpages" and path.suffix == ".gz":
            yield from roff(text)


def write(path, rows):
    """Writes JSON lines, with ids, and says how many they are."""
    with open(path, "w") as file:
        for i, row in enumerate(rows):
            file.write(json.dumps({"id": str(i), **row}) + "\n")
    print(f"{path.name}: {len(rows)}")


def main(prepared, folder):
    base, dev = ([json.loads(line) for line in (prepared / f"{name}.jsonl").read_text().splitlines()] for name in ("base", "dev"))
    learned = {example["id"] for example in base}
    held, near = set(), set()
    for example in read("train") + read("dev") + read("test"):
        if example["id"] not in learned:
            held.add(example["id"])
            near |= runs(example["input"])
    draw, mix = random.Random(1), random.Random(2)
    known = {" ".join(words(example["input"])) for example in base}
    texts, cores, like = [], [], collections.defaultdict(list)
    size = collections.Counter()
    (folder / "packages").mkdir(parents=True, exist_ok=True)
    for source in ["debian"] + PACKAGES:
        found = descriptions(held) if source == "debian" else paragraphs(source, folder / "packages")
        for text in found:
            text = " ".join(text.split())
            key = " ".join(words(text))
            if not plain(text) or key in known or draw.random() > KEPT.get(source, 1) or runs(text) & near:
                continue
            known.add(key)
            texts.append(text)
            size[source] += len(text)
            if source != "dict-wn" and 12 <= len(text.split()) <= 50 and core(text):
                cores.append({"input": text + END, "reference": core(text)})
            if source in LIKE_INPUTS and 15 <= len(text.split()) <= 70:
                like[source].append(text)
    for source, characters in size.most_common():
        print(f"{source:24}{characters / 1e6:6.1f} million characters")

    pieces = []
    for text in texts:
        rest = text.split()
        while len(rest) >= 10:
            pieces.append({"input": " ".join(rest[:2]), "reference": " ".join(rest[2:95])})
            rest = rest[95:]
    pieces += [{"input": e["input"] + END, "reference": e["references"][0]} for e in base]
    draw.shuffle(pieces)
    write(folder / "texts-held.jsonl", pieces[:500])
    first = pieces[500 : 500 + PIECES] + mix.sample(cores, min(len(cores), CORES))
    mix.shuffle(first)
    write(folder / "texts.jsonl", first)
    write(folder / "rest.jsonl", pieces[500 + PIECES :] + [row for row in first if row["input"].endswith(END)] + list(longer(pieces[500:])))
    inputs = [example["input"] for example in base]
    for source, n in LIKE_INPUTS.items():
        inputs += draw.sample(like[source], min(n, len(like[source])))
    draw.shuffle(inputs)
    (folder / "inputs.txt").write_text("".join(" ".join(text.split()) + "\n" for text in inputs))
    for name, examples in (("teacher", draw.sample(base, TEACHER)), ("truths", base), ("held", dev)):
        write(folder / f"{name}.jsonl", [{"input": e["input"], "reference": e["references"][0]} for e in examples])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
