"""What the benchmarks share: the environment of the peers, ours and a peer in turns, and what is said of it."""
import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".made-by-make-setup" / "venv-bench"
REQUIREMENTS = HERE / "requirements.txt"
FOLDERS = {"LASTMILE_DIALOGSUM": "dev.jsonl.gz", "LASTMILE_SMOLLM2": "model.safetensors"}


def parser(text):
    """The options that all benchmarks have."""
    p = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-n", type=int, default=5, help="pairs of runs, ours and the peer's (default 5)")
    p.add_argument("--threads", type=int, default=2, help="threads of either side (default 2)")
    p.add_argument("--device", default="cpu", help="cpu or cuda:0, for either side (default cpu)")
    p.add_argument("--python", type=pathlib.Path, help="a Python with the peers, instead of an environment with the pinned ones")
    p.add_argument("--program", type=pathlib.Path, help="ours, built already")
    p.add_argument("--only", metavar="NAME", help="take this row alone")
    return p


def training(p):
    """The options of the benchmarks that train."""
    p.add_argument("--checkpointing", action="store_true", help="gradient checkpointing in TRL, its default: slower, in less memory")
    p.add_argument("--bf16", action="store_true", help="products in bf16 on either side, on a CUDA device")


class Bench:
    """A place to work, our program built, the peers installed, and the inputs as token ids."""

    def __init__(self, args):
        self.args = args
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
        for variable, file in FOLDERS.items():
            folder = os.environ.get(variable)
            if not folder:
                sys.exit(f"{variable} is not set: the folder with {file}, see CONTRIBUTING.md")
            if not (pathlib.Path(folder) / file).exists():
                sys.exit(f"{variable}={folder} has no {file}")
        self.model = os.environ["LASTMILE_SMOLLM2"]
        self.folder = tempfile.TemporaryDirectory(prefix="bench")
        self.work = pathlib.Path(self.folder.name)
        self.python = args.python or python()
        self.program = args.program and args.program.resolve()
        if not self.program:
            self.program = self.work / "bench"
            subprocess.run(["go", "build", "-buildvcs=false", "-o", self.program, "."], cwd=HERE, check=True)

    def inputs(self, split, count, cut=None, prompt="plain"):
        """The first dialogues of a split: prompts and responses as token ids and text, and the end tokens."""
        out = self.work / "inputs.json"
        command = [self.python, HERE / "inputs.py", os.environ["LASTMILE_DIALOGSUM"], self.model, split, str(count), str(cut or 0), prompt, out]
        subprocess.run(command, check=True, env=environment(self.args))
        return json.loads(out.read_text())

    def wanted(self, name):
        return self.args.only in (None, name)

    def ours(self, job):
        return self.run([self.program], job | {"roofline": True})

    def peer(self, script, job):
        return self.run([self.python, HERE / script], job)

    def run(self, command, job):
        """Runs one side on a job: what it reports, and its process's peak memory in MB."""
        job = {"model": self.model, "threads": self.args.threads, "device": self.args.device, "seed": 1} | job
        (self.work / "job.json").write_text(json.dumps(job))
        with open(self.work / "log", "w+") as log:
            process = subprocess.Popen([*command, self.work / "job.json", self.work / "result.json"], env=environment(self.args), stdout=log, stderr=log)
            try:
                _, status, usage = os.wait4(process.pid, 0)
            except BaseException:  # stopped from outside: so is the side
                process.kill()
                raise
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                log.seek(0)
                sys.exit(f"{pathlib.Path(command[-1]).name} failed:\n{log.read()[-4000:]}")
        return json.loads((self.work / "result.json").read_text()) | {"peak": usage.ru_maxrss / 1024}

    def turns(self, name, script, job, unit, check):
        """Runs both sides in turns and prints what came out. check(ours, peer) ends the program where their work differs."""
        pairs = []
        for i in range(self.args.n):
            ours, peer = self.ours(job | {"seed": i + 1}), self.peer(script, job | {"seed": i + 1})
            for side, r in ("ours", ours), ("peer", peer):
                print(f"{name}, pair {i + 1}, {side}: {speed(r):.4g} {unit}, {r['work']} in {r['seconds']:.1f} s, {r['peak']:.0f} MB of memory", flush=True)
            check(ours, peer)
            pairs.append((ours, peer))
        middle = lambda side, value: statistics.median(value(pair[side]) for pair in pairs)
        ratios = [speed(a) / speed(b) for a, b in pairs]
        print(f"{name}: ratio {statistics.median(ratios):.2f} (ours {middle(0, speed):.4g}, peer {middle(1, speed):.4g}, {unit}; {len(pairs)} pairs, {min(ratios):.2f} to {max(ratios):.2f})")
        if all(ours["bound"] > 0 for ours, _ in pairs):
            print(f"{name}: {100 * middle(0, lambda r: r['bound'] / r['seconds']):.0f} % of the roofline (products at the fastest rate measured before and after, weights read once a decode step)")
        if self.args.device != "cpu":  # whose memory this is not
            return
        memory = middle(0, peak) / middle(1, peak)
        tenth, end = middle(0, lambda r: r["tenth"]), middle(0, lambda r: r["end"])
        print(f"{name} memory over time: ours {tenth:.0f} MB after a tenth, {end:.0f} MB at the end")
        print(f"{name} memory: ratio {memory:.2f} (ours {middle(0, peak):.0f} MB, peer {middle(1, peak):.0f} MB)", flush=True)


def speed(result):
    return result["work"] / result["seconds"]


def peak(result):
    return result["peak"]


def python():
    """The peers' Python, in a virtual environment that is made where there is none or its requirements are others."""
    program, made = VENV / "bin" / "python", VENV / "made"
    if not made.exists() or made.read_text() != REQUIREMENTS.read_text():
        print(f"making {VENV}", flush=True)
        venv.create(VENV, with_pip=True, clear=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", "-r", REQUIREMENTS], check=True)
        made.write_text(REQUIREMENTS.read_text())
    return program


def environment(args):
    """On one device, with so many threads, and without asking the network."""
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if args.device == "cpu" else {}
    return os.environ | hidden | {"OMP_NUM_THREADS": str(args.threads), "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}


def same_total(ours, peer):
    """Both sides must have decoded, or learned from, the same number of tokens."""
    if ours["total"] != peer["total"]:
        sys.exit(f"the work differs: ours {ours['total']} tokens, peer {peer['total']}")
