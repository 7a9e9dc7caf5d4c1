#!/usr/bin/env python3
"""What Jinja2, set up as Hugging Face sets it up, makes of chat templates and of small pieces of Jinja.

    pip install jinja2==3.1.6
    python make_chat.py

templates.json    for each template of TEMPLATES its text and conversations with the text that comes out, or the word "error"
pieces.json       pieces of Jinja, each with what comes out of it, or null where Jinja2 fails
"""
import datetime, json, os, random
import jinja2, jinja2.ext, jinja2.nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
TIME = 1760000000  # 9 October 2025, 08:53:20 UTC

TEMPLATES = {
    "chatml": """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    # A default system message, as SmolLM2's.
    "chatml-default": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helper named T<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    # A system message always, tools, and results of tools as a user's, as Qwen2.5's.
    "qwen2": """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\\n' }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>system\\nYou are T. You are a helper.<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\\n<tool_response>\\n' }}
        {{- message.content }}
        {{- '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""",
    # Thoughts of earlier turns are left out, as Qwen3's.
    "qwen3": """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(searching=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thought)) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "llama-2": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama-3": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}""",
    # The date, and the system message taken out of the list, as Llama-3.1's and 3.2's.
    "llama-3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message is put into its place. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: ipython\\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}

{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral-v1": """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate') }}
    {%- endif %}
    {%- if message['role'] == 'user' %}
        {%- if loop.first and system_message is defined %}
            {{- ' [INST] ' + system_message + '\\n\\n' + message['content'] + ' [/INST]' }}
        {%- else %}
            {{- ' [INST] ' + message['content'] + ' [/INST]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- ' ' + message['content'] + eos_token}}
    {%- endif %}
{%- endfor %}
""",
    "mistral-v3": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("Roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] " + tools | tojson + "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- endif %}
{%- endfor %}
""",
    "gemma": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set prefix = messages[0]['content'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Roles must alternate") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
""",
    # Tools hang at a message, as GLM-4's.
    "glm-4": """[gMASK]<sop>{% for item in messages %}{% if item['tools'] is defined %}<|system|>\\n# 可用工具{% for tool in item['tools'] %}{{ tool | tojson(indent=4) }}{% endfor %}{% endif %}{% if item['content'] %}<|{{ item['role'] }}|>{{ item['metadata'] }}\n{{ item['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}""",
    # System messages gathered first, thoughts cut off, marks of full width, as DeepSeek's.
    "deepseek": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, system_prompt='', is_first_sp=true) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{%- if ns.is_first_sp %}{% set ns.system_prompt = ns.system_prompt + message['content'] %}{% set ns.is_first_sp = false %}{%- else %}{% set ns.system_prompt = ns.system_prompt + '\\n\\n' + message['content'] %}{%- endif %}{%- endif %}{%- endfor %}{{ bos_token }}{{ ns.system_prompt }}{%- for message in messages %}{%- if message['role'] == 'user' %}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt %}{{'<｜Assistant｜>'}}{% endif %}""",
    # Macros, and a text for each kind of content, as GLM-4.5's.
    "macros": """{%- macro visible(content) -%}
    {%- if content is string -%}
        {{- content }}
    {%- elif content is iterable and content is not mapping -%}
        {%- for item in content -%}{{- item.text if item is mapping else item }}{%- endfor -%}
    {%- else -%}
        {{- content }}
    {%- endif -%}
{%- endmacro -%}
{%- set ns = namespace(last=-1) %}
{%- for m in messages %}{%- if m.role == 'user' %}{% set ns.last = loop.index0 -%}{%- endif %}{%- endfor %}
{% for m in messages %}
{%- if m.role == 'user' -%}<|user|>
{%- set shown = visible(m.content) -%}
{{ shown }}
{{- '/nothink' if (enable_thinking is defined and not enable_thinking and not shown.endswith("/nothink")) else '' -}}
{%- elif m.role == 'assistant' -%}
<|assistant|>
{%- set thought, content = '', visible(m.content) %}
{%- if '</think>' in content %}
    {%- set parts = content.split('</think>') -%}
    {%- set thought = (parts | first).rstrip('\\n').split('<think>') | last -%}
    {%- set content = (parts | last).lstrip('\\n') -%}
{%- endif %}
{%- if loop.index0 > ns.last and thought -%}
{{ '\\n<think>' + thought.strip() +  '</think>'}}
{%- else -%}
{{ '\\n<think></think>' }}
{%- endif -%}
{%- if content.strip() -%}{{ '\\n' + content.strip() }}{%- endif -%}
{%- elif m.role == 'system' -%}
<|system|>
{{ visible(m.content) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    <|assistant|>{{- '\\n<think></think>' if (enable_thinking is defined and not enable_thinking) else '' -}}
{%- endif -%}""",
}

PIECES = r"""
{% for m in [1,2,3] %}{{ x }}{% set x = m %}{% endfor %}|{{ x }}|{% set x = 5 %}{% for m in [1] %}{{ x }}{% set x = m %}{{ x }}{% endfor %}{{ x }}
{% if true %}{% set y = 1 %}{% endif %}{{ y }}
{% macro f(a, b='z', c=a) %}{{ a }}{{ b }}{{ c }}{{ later }}{% endmacro %}{% set later = 3 %}{{ f(1) }},{{ f(1, c=2) }},{{ f() }},{{ f(1)|length }}
{% for i in [1] %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}
{% macro f(x) %}{{ x }}{% endmacro %}{{ f(1, 2) }}
{% macro f(x) %}{{ x }}{% endmacro %}{{ f(y=2) }}
{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(9) }}
{% macro f(a, b) %}{{ a }}-{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{% set g = f %}{{ g('x', 'y') }}
{{ [1,'a',None,True,1.5,{'a':[1]},(1,),(1,2),()] }}{{ 'it''s' }}{{ ["it's", 'q"q', 'both\'"', 'tab\t'] }}
{{ none }} {{ true }} {{ missing }} {{ 1.0 }} {{ 1e20 }} {{ 1e-7 }} {{ 123456789.125 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 0.0001 }}
{{ 10 // 3 }} {{ 10 / 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ -7 // 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 1 + 2 * 3 - 4 }} {{ 7.5 // 2 }} {{ 7.5 % 2 }} {{ -1|abs }} {{ +3 }}
{{ 1 / 0 }}
{{ 'a\nb' }}{{ 'x' 'y' }}{{ 'q\d\x41\u00e9\\' }}{{ "a'b" }}{{ 'a"b' }}
{{ a.b }}
{{ {}.y }}|{{ {}['y'] }}|{{ [1][5] }}|{{ 'abc'[9] }}|{{ {'a': 1}.a }}|{{ {1: 'x'}[1] }}|{{ {'a': {'b': 2}}.a.b }}
{{ {}.y.z }}
{{ 'abcdef'[1:] }} {{ 'abcdef'[::-1] }} {{ 'abcdef'[-2:] }} {{ 'abcdef'[1:5:2] }} {{ [1,2,3][-1] }} {{ [1,2,3][:2] }} {{ [1,2,3][5:] }} {{ (1,2,3)[::-1] }} {{ 'añ😀b'[2] }} {{ 'abc'[-9:2] }} {{ [1,2,3][::-2] }} {{ 'abc'[2:0:-1] }}
{{ 1 if false }}|{{ 1 if true else 2 }}|{{ 'n' if none else 'y' }}
{{ 'a' + 1 }}
{{ 1 + 'a' }}
{{ 'a' ~ 1 ~ none ~ 1.5 ~ missing ~ [1] }}
{{ 'a' in 'cab' }} {{ 1 in [1] }} {{ 'a' in {'a':1} }} {{ 'a' not in 'b' }} {{ not 'a' in 'b' }} {{ 1.0 in [1] }} {{ '' in 'a' }}
{{ 1 in 'a' }}
{{ 1 in 5 }}
{{ 5|length }}
{{ missing|length }}|{{ missing|list }}|{{ missing|join }}|{{ missing|trim }}|{{ missing|upper }}
{{ 'a,b,,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a b c'.split(none, 1) }} {{ 'a,b,c'.split(',', 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ ' a b '.rsplit(none, 1) }}
{{ 'aXbXc'.split('X')[-1] }}{{ 'abc'|first }}{{ [1,2]|last }}{{ []|first }}
{{ {'a':1,'b':[1,2, none, true, 1.5, 'é"\n']}|tojson }} {{ '<é>&'|tojson }} {{ {'a':[],'b':{}}|tojson(indent=2) }} {{ [1,{'x':[2]}]|tojson(indent=4) }} {{ 'x'|tojson }}
{% set ns = namespace(a=1) %}{% for i in [1,2] %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}|{% set ns.c = 'x' %}{{ ns.c }}
{% set x = 1 %}{% set x.y = 2 %}
{% for a, b in {'x':1, 'y':2}.items() %}{{ a }}{{ b }}{{ loop.last }}{% endfor %}{% for i in [] %}{% else %}E{% endfor %}{% for k in {'q':1} %}{{ k }}{% endfor %}{% for c in 'añ' %}{{ c }}.{% endfor %}
{% for a, b in [1] %}{% endfor %}
{% for i in 5 %}{% endfor %}
{% for i in [1,2,3,4] if i is even %}{{ i }}{{ loop.index }}{{ loop.index0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}{{ loop.revindex0 }};{% endfor %}
{% for i in [1,2,3] %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }}{{ loop.cycle('a','b') }}{{ loop.depth }}{% for j in [1] %}{{ loop.depth }}{% endfor %};{% endfor %}
{% for i in range(5) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %}{{ range(3)|list }}{{ range(2, 5)|list }}{{ range(5, 0, -2)|list }}
{% break %}
{% set x %} a {{ 1 }} {% endset %}[{{ x }}]{% set y | trim | upper %} b {% endset %}[{{ y }}]{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set t = 1, %}{{ t }}
{% filter upper %}a{{ 'b' }}{% endfilter %}{% filter trim | title %} ab cd {% endfilter %}
  {% if true %}  \n  x {% endif %}\n\n y \n
  {%+ if true %}  \n  x {%+ endif +%}\n\n y
a\n  {# c #}\n  b {# d -#}  \n  e {#- f #}  g
{{ 1 }}\n\n{#- c -#}  \n z\n
{%- if true -%} a {%- endif -%} \n b
x{{- ' y ' -}}  z
  {{ 1 }}  {{ 2 }}\n  {% set q = 1 %}\n{% set q = 2 %}  {% set q = 3 %}\nend
{% raw %}{{ x }} {% if %}{% endraw %}{% raw -%}  a  {%- endraw %}  b
{{ '%}' }}{{ '}}' }}{{ {'a': {'b': 1}} }}{{ {'a': {}}}}
{{ 'a'.upper() }} {{ 'ab cD'.title() }} {{ 'ß'|upper }} {{ 'aB cD'.capitalize() }} {{ 'ÀÉ'.lower() }} {{ "it's o'clock"|title }} {{ 'x'.isdigit() }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ ' '.isspace() }} {{ ''.isspace() }}
{{ '  x\u00a0\u3000'.strip() }}|{{ 'xxabxx'.strip('x') }}|{{ 'xyabyx'.strip('xy') }}|{{ ' a '.lstrip() }}|{{ ' a '.rstrip() }}|{{ '\n\na\n'.strip('\n') }}|{{ 'ééaé'.lstrip('é') }}
{{ 'a\n\nb\r\nc'.splitlines() }}|{{ 'abcabc'.replace('b','X') }}|{{ 'aaa'.replace('a', 'b', 2) }}|{{ 'abc'|replace('c', '') }}|{{ 'abcb'.find('b') }}{{ 'abcb'.rfind('b') }}{{ 'abc'.find('z') }}{{ 'éb'.find('b') }}{{ 'abab'.count('ab') }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'e\u0301'.endswith('e') }} {{ '-'.join(['a', 'b']) }} {{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }}
{{ 'x' is defined }} {{ zz is defined }} {{ zz is not defined }} {{ zz is undefined }} {{ zz is none }} {{ none is none }} {{ not zz is defined }} {{ none is not none }}
{{ 3 is integer }} {{ true is integer }} {{ true is number }} {{ 1.5 is float }} {{ 'a' is string }} {{ [] is iterable }} {{ 'a' is iterable }} {{ 1 is iterable }} {{ {} is mapping }} {{ [] is sequence }} {{ {} is iterable }} {{ false is false }} {{ 0 is false }} {{ 1 is true }} {{ true is boolean }} {{ zz is iterable }} {{ zz is string }}
{{ 4 is divisibleby 2 }} {{ 4 is divisibleby(3) }} {{ 3 is odd }} {{ 'a' is in ['a'] }} {{ 1 is eq 1 }} {{ 1 is sameas 1 }} {{ 'ab' is lower }} {{ 'AB' is upper }} {{ 2 is gt 1 }} {{ 2 is equalto 2 and 1 }}
{{ {'r': 1}.get('r') }} {{ {'r': 1}.get('x', 'd') }} {{ {'r': 1}.get('x') }} {{ {'a': 1, 'b': 2}.keys()|list }} {{ {'a': 1}.values()|list }} {{ {'a': 1}|items|list }} {{ {'b': 1, 'a': 2}|length }} {{ dict(a=1) }} {{ {'items': 5}['items'] }}
{{ (1, 2) }} {{ 1, 2 }} {{ [1,2,3]|map('string')|join('-') }} {{ [{'r':'u'},{'r':'v'}]|map(attribute='r')|list }} {{ [{'r':'u'},{'r':'v'}]|selectattr('r','equalto','u')|list|length }} {{ [{'r':1},{}]|selectattr('r','defined')|list }} {{ [{'r':1},{}]|rejectattr('r')|list }} {{ [0,1,2]|select|list }} {{ [0,1,2]|reject('odd')|list }} {{ ['a','b']|map('upper')|list }}
{{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ true == 1 }} {{ true + 1 }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ [1,2] == [1,2] }} {{ (1,) == [1] }} {{ {'a':1} == {'a':1.0} }} {{ none == false }} {{ 'é' == 'e\u0301' }} {{ [1,2] < [1,3] }} {{ 1 != 2 }} {{ 2 >= 2 }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ x | default('d') }}{{ '' | default('d', true) }}{{ '' | default('d') }}{{ none | default('d') }}{{ none | d('e', boolean=true) }}
{{ 'a' * 3 }}{{ 3 * 'ab' }}{{ [1]+[2] }}{{ (1,)+(2,) }}{{ 'x' * -1 }}
{{ ' 12 '|int }} {{ '1.9'|int }} {{ 'x'|int }} {{ 'x'|int(7) }} {{ 2.9|int }} {{ '1.5'|float }} {{ 5|string ~ 'x' }} {{ -5|abs }} {{ 'abc'|reverse }} {{ [1,2]|reverse|list }} {{ [3,1,3]|unique|list }} {{ [1,2]|sum }} {{ [3,1]|min }} {{ [3,1]|max }} {{ 'a'|safe }}
{{ true and 'x' }} {{ '' or 'y' }} {{ 0 or none }} {{ not '' }} {{ 'a' and '' and 'b' }} {{ true and not false or false }}
{{ 'abc' | replace('a', 'b') | upper ~ 'x' | upper }}{{ -'a'|length }}
{{ 'a' 'b' ~ 'c' + 'd' }}
{{ [1, 2,] }}{{ {'a': 1,} }}{{ (1) }}{{ ((1),) }}{{ [[1], [2]][1][0] }}{{ {'k': [1, {'m': 'v'}]}.k[1].m }}{{ [1,2].0 }}
{% if 0 %}a{% elif '' %}b{% elif 1 %}c{% else %}d{% endif %}{% if none %}x{% else %}y{% endif %}
{{ raise_exception('no') }}
{{ strftime_now('%d %b %Y') }}
{{ [].append(1) }}
{{ ''.join([1]|map('string')) }}{{ ['a', 1, none]|join(', ') }}{{ [{'x':1},{'x':2}]|join('+', attribute='x') }}
{{ 'x'.nothing }}|{{ 'x'['nothing'] }}|{{ 5.nothing }}
{{ 'x'() }}
{{ missing() }}
{{ ' ' ~ '  a b '|trim ~ ' ' }}{{ 5|trim ~ none|trim }}
{% set a = 1 %}{% set a = a + 1 %}{% for i in [1] %}{% set a = a + 1 %}{{ a }}{% endfor %}{{ a }}
{{ loop }}{% for i in [1] %}{{ loop is defined }}{% endfor %}
{{ true is sameas true }}{{ 'a' is not string }}{{ 1 is not none and 2 }}{{ [1] is string or 'z' }}
{% generation %}inner {{ 1 }}{% endgeneration %}
{{ "\u4f60\U0001F600" }}{{ 'a\
b' }}
{{ 1_000 }} {{ 1.5e3 }} {{ 007 }}
""".strip("\n").split("\n")


class Generation(jinja2.ext.Extension):
    """Hugging Face's `{% generation %}`, without what it notes."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_inner"), [], [], body).set_lineno(line)

    def _inner(self, caller): return caller()


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    def refuse(message): raise jinja2.exceptions.TemplateError(message)
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = lambda format: datetime.datetime.fromtimestamp(TIME, datetime.timezone.utc).strftime(format)
    return env


def conversations():
    r = random.Random(1)
    bits = ["Hello", "  padded  ", "two\nlines", "<think>\nhm\n</think>\n\nanswer", "<think>x</think>", "", "é e\u0301 北京 😀", "\"quoted\" \\ 'x'", "{% raw %}", "[INST]", "a\r\nb", "\n\nlead", "trail \n", "<tool_response>\nr\n</tool_response>", "/nothink", "\u00a0x\u3000", "<|im_end|>"]
    yield [("user", "Hi")]
    yield [("system", "Be terse."), ("user", "Hi")]
    yield [("user", "a"), ("assistant", "b"), ("user", "c")]
    yield [("system", " S "), ("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    yield [("assistant", "x")]
    yield [("user", "a"), ("user", "b")]
    yield [("user", "q"), ("tool", "t"), ("tool", "u"), ("assistant", "z")]
    yield [("system", "only")]
    for _ in range(10):
        turns = [("system", r.choice(bits))] if r.random() < 0.5 else []
        for i in range(r.randint(1, 5)): turns.append((["user", "assistant"][i % 2], r.choice(bits) + r.choice(["", " ", r.choice(bits)])))
        yield turns


def main():
    env, tokens = environment(), {"bos_token": "<s>", "eos_token": "</s>"}
    templates = {}
    for name, text in TEMPLATES.items():
        cases = []
        for turns in conversations():
            messages = [{"role": role, "content": content} for role, content in turns]
            for prompt in (True, False):
                for thinking in ((None, False) if "enable_thinking" in text else (None,)):
                    more = {} if thinking is None else {"enable_thinking": thinking}
                    try: out = env.from_string(text).render(messages=messages, tools=None, documents=None, add_generation_prompt=prompt, **tokens, **more)
                    except jinja2.exceptions.TemplateError: out = None
                    cases.append({"messages": messages, "prompt": prompt, "thinking": thinking, "text": out})
        templates[name] = {"template": text, "cases": cases}
    with open(os.path.join(HERE, "templates.json"), "w") as file: json.dump({"tokens": tokens, "time": TIME, "templates": templates}, file, ensure_ascii=True, separators=(",", ":"))
    pieces, failed = [], 0
    for piece in PIECES:
        # A backslash and an n between tags stand for a line feed; in quotes Jinja reads them itself.
        piece = piece if "'" in piece or '"' in piece else piece.replace("\\n", "\n")
        try: out = env.from_string(piece).render(add_generation_prompt=True, **tokens)
        except Exception: out, failed = None, failed + 1
        pieces.append({"template": piece, "text": out})
    with open(os.path.join(HERE, "pieces.json"), "w") as file: json.dump({"tokens": tokens, "time": TIME, "pieces": pieces}, file, ensure_ascii=True, separators=(",", ":"))
    for name in ("templates", "pieces"): print(f"{name}.json: {os.path.getsize(os.path.join(HERE, name + '.json')):,} bytes")
    print(f"{len(pieces)} pieces, {failed} of them fail")


if __name__ == "__main__": main()
