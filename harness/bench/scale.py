"""What lastmile itself costs on large sweeps, on work folders that are made up: nothing is trained.

policies     10,000 runs: the demo's, with PPO at 4,998 learning rates and KL coefficients; each with its own
             policy, outputs and scores, 70,013 stages
postprocess  10,000 runs that share the demo's stages up to decoding: 2,500 settings of post-processing on MLE and PPO
finished     1,000 runs with test sets of 200 examples: the time to bring them into the store
outputs      49 labels with 2 seeds each and 1,000 examples: 200,000 outputs, each raw and post-processed

Of each command: seconds on the wall, of the processor, and the largest resident size. The bounds are for a machine
that does nothing else.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def steps(n, of):
    """A list of n values."""
    return "[" + ", ".join(of.format(i + 1) for i in range(n)) + "]"


TWO_VARIANTS = """
[[variant]]
name = "mle"
algorithm = "none"
decode.tempered.temperatures = [0.1, 0.3, 0.5]
[[variant]]
name = "ppo"
"""
SWEEPS = {  # the examples of the test set, the grid, and other variants than the demo's
    "policies": (2, f"seed = [1, 2]\nrl.learning_rate = {steps(49, '{}e-5')}\nrl.kl.coefficient = {steps(102, '{}e-3')}\n", ""),
    "postprocess": (2, f"seed = [1, 2]\npostprocess.max_words = {steps(50, '{}')}\npostprocess.ngram = {steps(50, '{}')}\n", TWO_VARIANTS),
    "finished": (200, f"seed = [1, 2]\nrl.learning_rate = [1e-5, 2e-5]\nrl.kl.coefficient = {steps(249, '{}e-3')}\n", ""),
    "outputs": (1000, f"seed = [1, 2]\nrl.kl.coefficient = {steps(47, '{}e-2')}\n", ""),
}


class Scale:
    """A folder with the programs built, and the sweeps' files and work folders."""

    def __init__(self, args):
        self.args = args
        self.folder = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="scale")).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.missed = []
        self.lastmile, self.scale = self.folder / "lastmile", self.folder / "scale"
        for program, package in (self.lastmile, "."), (self.scale, "./harness/bench/scale"):
            subprocess.run(["go", "build", "-buildvcs=false", "-o", program, package], cwd=ROOT, check=True)

    def make(self, name):
        """Makes the work folder of a sweep. Artifacts that are there stay; the store is made anew."""
        examples, grid, variants = SWEEPS[name]
        self.file(name).write_text(f'extends = "{ROOT / "experiments" / "demo.toml"}"\nname = "{name}"\n[grid]\n{grid}{variants}')
        for store in self.folder.glob(f"{name}/lastmile.db*"):
            store.unlink()
        made = json.loads(subprocess.run([self.scale, self.file(name), self.folder / name, str(examples)], check=True, stdout=subprocess.PIPE).stdout)
        print(f"{name}: {made['runs']:,} runs, {made['stages']:,} stages, made up in {made['make']:.1f} s", flush=True)
        self.say("bringing all into the store", made["ingest"], made["ingest_cpu"], made["peak"], 60 if name == "finished" else None, None)

    def file(self, name):
        return self.folder / f"{name}.toml"

    def time(self, what, name, *command, seconds=None, megabytes=None, times=None):
        """The fastest of several runs of a command on the work folder of a sweep."""
        best = None
        for _ in range(times or self.args.n):
            with open(self.folder / "log", "w+") as log:
                begin = time.monotonic()
                process = subprocess.Popen([self.lastmile, *command, "--work", self.folder / name], stdout=log, stderr=log)
                _, status, usage = os.wait4(process.pid, 0)
                took = time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
                if status:
                    log.seek(0)
                    sys.exit(f"{what}: {log.read()}")
            best = min(best or took, took)
        self.say(what, *best, seconds, megabytes)

    def say(self, what, wall, cpu, peak, seconds, megabytes):
        missed = seconds is not None and wall > seconds or megabytes is not None and peak > megabytes
        if missed:
            self.missed.append(what)
        bound = " and ".join(f"{n} {unit}" for n, unit in ((seconds, "s"), (megabytes, "MB")) if n)
        print(f"  {what:42} {wall:6.2f} s {cpu:6.2f} s CPU {peak:5.0f} MB  {'wanted: ' * bool(bound)}{bound}{', missed' * missed}", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("-n", type=int, default=3, help="times that a command is run; the fastest counts (default 3)")
    p.add_argument("--only", choices=SWEEPS, help="take this sweep alone")
    p.add_argument("--keep", metavar="FOLDER", help="where the work folders are made, and left; they take 4 GB (default: a temporary folder)")
    args = p.parse_args()
    scale = Scale(args)
    try:
        for name in SWEEPS:
            if args.only in (None, name):
                measure(scale, name)
    finally:
        if not args.keep:
            shutil.rmtree(scale.folder)
    if scale.missed:
        sys.exit("missed: " + "; ".join(scale.missed))


def measure(scale, name):
    scale.make(name)
    if name == "outputs":
        # A report that is there already is not written again.
        scale.time("report", name, "report", scale.file(name), seconds=30, megabytes=1000, times=1)
    if name not in ONE:
        return
    label, setting = ONE[name]
    scale.time("the program's start", name, "status")
    scale.time("run --dry-run", name, "run", scale.file(name), "--dry-run")
    scale.time("run, with its first report", name, "run", scale.file(name), times=1)
    scale.time("run, all found finished", name, "run", scale.file(name), seconds=3, megabytes=500)
    scale.time("status of one run", name, "status", scale.file(name), *(f"--where={s}" for s in (*setting, "seed=1")), seconds=1)
    scale.time("show of one run", name, "show", f"{label}, seed 1", seconds=1)
    scale.time("compare of one label with another", name, "compare", label, ANOTHER[name], seconds=1)


# A label, the settings that select it, and another label.
ONE = {
    "policies": ("ppo, rl.learning_rate=2e-05, kl.coefficient=0.05", ["rl.learning_rate=2e-5", "rl.kl.coefficient=0.05"]),
    "postprocess": ("ppo, postprocess.max_words=20, postprocess.ngram=7", ["variant=ppo", "postprocess.max_words=20", "postprocess.ngram=7"]),
}
ANOTHER = {"policies": "mle", "postprocess": "mle, postprocess.max_words=20, postprocess.ngram=7"}

if __name__ == "__main__":
    main()
