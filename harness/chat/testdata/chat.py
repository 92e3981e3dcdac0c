"""Writes chat.json, which template_test.go compares with: chat templates in the manner of several
families of models, and what transformers makes of them for conversations.

Needs transformers 5.24.0 and jinja2. Run it in this folder.
"""
import datetime
import json

from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils



class Day(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26, tzinfo=tz)


chat_template_utils.datetime = Day
CHATML = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nSYSTEM<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TEMPLATES = {
    "smollm2": CHATML.replace("SYSTEM", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"),
    "qwen2": CHATML.replace("SYSTEM", "You are a helpful assistant."),
    "llama3": (
        "{% set loop_messages = messages %}{% for message in loop_messages %}"
        "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}"
        "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
    ),
    "turns": (
        "{{ bos_token }}{% for message in messages %}{% if (message.role == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}{{ '[INST] ' + message.content.strip() + ' [/INST]' }}{% endfor %}"
    ),
    "lines": """{%- set ns = namespace(last=-1) %}
{%- if messages[0].role == 'system' %}
    {%- set messages = messages[1:] %}
{%- endif %}
{%- if tools is not none and tools %}
    {{- tools | tojson }}
{%- endif %}
{%- for message in messages[::-1] %}
    {%- if ns.last < 0 and message.role == 'user' and message.content is string and not message.content.startswith('<tool>') %}
        {%- set ns.last = (messages | length - 1) - loop.index0 %}
    {%- endif %}
{%- endfor %}
{% for message in messages %}
    {# the role, then the content #}
    {% if loop.index0 == ns.last and 'tool_calls' not in message %}
<{{ message.role }}>
{{ message.content.split('</think>')[-1].lstrip('\\n') }}{{ eos_token }}
    {% endif %}
{% endfor %}
{%- if enable_thinking is defined and enable_thinking is false %}off{% endif %}
<assistant>
""",
}
TEMPLATES["parts"] = """{% for message in messages %}{% set c = message.content %}<{{ message.role }}>{{ c | trim }}|{{ c[0] }}|{{ c | length }}|{{ c.split(' ') | length }}|{{ c.startswith(' ') }}|{% filter trim %} {{ c }} {% endfilter %}|{{ c }}{% endfor %}{{ strftime_now('%d %b %Y') }}"""
TEXTS = ["Summarize:\n{input}\n", "  {input} \n", "a & <b> \"q\" 'x' {{ y }} {% z %} \\n 日本 </think>\n\nrest"]

tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token="<s>", eos_token="</s>")
CONVERSATIONS = [[{"role": "user", "content": text}] for text in TEXTS] + [
    [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Who?"}],
    [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "<think>\nhm</think>\nI."}, {"role": "user", "content": " And why? "}],
]
rows = []
for name, template in TEMPLATES.items():
    for messages in CONVERSATIONS:
        try:
            prompt = tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=True)
        except Exception:
            continue  # the template refuses this conversation
        rows.append({"name": name, "template": template, "messages": messages, "prompt": prompt})
with open("chat.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
