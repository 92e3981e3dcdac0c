#!/usr/bin/env python3
"""Asks a chat model behind an OpenAI-compatible address to judge texts, for lastmile.

    OPENAI_API_KEY=… python3 http_judge.py --url https://api.openai.com/v1 --model gpt-4o-mini

The reply's first number is the score; it must lie between --low and --high. --prompt is a
file with a template, in which {input}, {reference} (the first), {references} (all, a line
each) and {hypothesis} stand for the texts. The key comes from the environment variable
that --key-env names, and from nowhere else; without one none is sent. Python's standard
library is all that is needed.

Requests that fail for now (no connection, 408, 429, 5xx) are tried again, --retries times,
after 1, 2, 4, … seconds, or as long as Retry-After says. A reply without such a number ends
the judge, or counts as --otherwise where that is given.
"""

import argparse
import concurrent.futures
import json
import os
import queue
import re
import sys
import threading
import time
import urllib.error
import urllib.request

VERSION = "1"

PROMPT = """Rate how well a text says what a reference says, from 1 (not at all) to 10 (just as well).

Input:
{input}

Reference:
{reference}

Text:
{hypothesis}

Reply with the number alone."""

LONGEST_WAIT = 60  # seconds between two tries


class Failed(Exception):
    """Says why there is no score."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows none: the key would go to another address."""

    def redirect_request(self, *_):
        return None


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="https://api.openai.com/v1", help="the address, up to /v1")
    parser.add_argument("--model", help="the model's name")
    parser.add_argument("--prompt", help="a file with the template of the prompt")
    parser.add_argument("--key-env", default="OPENAI_API_KEY", help="the environment variable with the key")
    parser.add_argument("--low", type=float, default=1, help="the lowest score")
    parser.add_argument("--high", type=float, default=10, help="the highest score")
    parser.add_argument("--otherwise", type=float, help="the score of a text whose reply has none")
    parser.add_argument("--temperature", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-tokens", type=int, default=16, help="the longest reply")
    parser.add_argument("--workers", type=int, default=8, help="requests at once")
    parser.add_argument("--retries", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=60, help="seconds that a request may take")
    parser.add_argument("--version", action="version", version=VERSION)
    o = parser.parse_args()
    if not o.model:
        parser.error("--model is missing")
    if not re.match("https?://", o.url):
        parser.error("--url begins with http:// or https://")
    return o


class Judge:
    def __init__(self, o):
        self.o = o
        self.template = PROMPT
        if o.prompt:
            with open(o.prompt, encoding="utf-8") as file:
                self.template = file.read()
        self.opener = urllib.request.build_opener(NoRedirect)

    def prompt(self, request):
        texts = {
            "input": request["input"],
            "hypothesis": request["hypothesis"],
            "reference": (request["references"] or [""])[0],
            "references": "\n".join(request["references"]),
        }
        # All at once: a text that holds {input} stays as it is.
        return re.sub(r"\{(input|hypothesis|references?)\}", lambda found: texts[found[1]], self.template)

    def post(self, body):
        """Returns the reply to a request, which is tried again where that may help."""
        headers = {"Content-Type": "application/json"}
        key = os.environ.get(self.o.key_env)
        if key:
            headers["Authorization"] = "Bearer " + key
        address = self.o.url.rstrip("/") + "/chat/completions"
        for attempt in range(self.o.retries + 1):
            wait = 2.0**attempt
            try:
                request = urllib.request.Request(address, data=json.dumps(body).encode(), headers=headers)
                with self.opener.open(request, timeout=self.o.timeout) as response:
                    return json.load(response)["choices"][0]["message"]["content"] or ""
            except urllib.error.HTTPError as error:
                reason = f"{error.code} {error.reason}: {error.read(300).decode(errors='replace')}"
                if error.code not in (408, 429) and error.code < 500:
                    raise Failed(reason)
                try:
                    wait = float(error.headers.get("Retry-After", ""))
                except ValueError:
                    pass
            except (OSError, ValueError) as error:  # no connection, too late, no JSON
                reason = str(error)
            except (KeyError, IndexError, TypeError):
                raise Failed("the reply is none of a chat model")
            if attempt < self.o.retries:
                print(f"{reason}; trying again", file=sys.stderr)
                time.sleep(min(max(wait, 0), LONGEST_WAIT))
        raise Failed(f"tried {self.o.retries + 1} times: {reason}")

    def score(self, request):
        reply = self.post({
            "model": self.o.model,
            "messages": [{"role": "user", "content": self.prompt(request)}],
            "temperature": self.o.temperature,
            "seed": self.o.seed,
            "max_tokens": self.o.max_tokens,
        })
        found = re.search(r"-?\d+(\.\d+)?", reply)
        if found and self.o.low <= float(found[0]) <= self.o.high:
            return float(found[0])
        if self.o.otherwise is not None:
            return self.o.otherwise
        raise Failed(f"no number from {self.o.low:g} to {self.o.high:g} in the reply {reply[:200]!r}")


def answer(waiting):
    """Writes the scores in the order of the requests, each as soon as it can be."""
    while (item := waiting.get()) is not None:
        request, score = item
        try:
            print(json.dumps({"id": request["id"], "score": score.result()}), flush=True)
        except Failed as failed:
            print(f"the example {request['id']!r}: {failed}", file=sys.stderr, flush=True)
            os._exit(1)  # with the requests that are still under way
        except BrokenPipeError:
            os._exit(1)


def main():
    judge = Judge(options())
    waiting = queue.Queue()
    writer = threading.Thread(target=answer, args=(waiting,))
    writer.start()
    with concurrent.futures.ThreadPoolExecutor(judge.o.workers) as pool:
        for line in sys.stdin:
            request = json.loads(line)
            waiting.put((request, pool.submit(judge.score, request)))
        waiting.put(None)
        writer.join()


main()
