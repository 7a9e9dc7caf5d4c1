#!/usr/bin/env python3
"""Holds the reader of safetensors files against the format's own implementation (`pip install safetensors`): mutated
files must be taken by both or refused by both, but for the differences that `stricter` names.

    python3 Tests/Fuzzing/compare_safetensors.py .build/fuzz/release/Fuzzing [COUNT] [SEED]
"""
import json
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from safetensors import SafetensorError, deserialize

program, count, seed = sys.argv[1], int((sys.argv[2:] + ["20000"])[0]), int((sys.argv[3:] + ["1"])[0])
here = pathlib.Path(__file__).parent
source = random.Random(seed)
words = re.findall(r'"(.*)"', (here / "Seeds/safetensors.dict").read_text()) + [
    "F8_E4M3", "F8_E5M2", "U16", "U32", "U64", "C64", "F4", '"x":', "[", "]", "{", "}", ",", "null", "1.0", " ", "\n"]

# What only this program refuses, and why.
stricter = {
    "a dtype of": "types that no model here computes with: unsigned 16 bits and up, 8-bit floats and less, complex",
    'expected "{" first': "white space before the header: the format says that it begins with a brace",
    "axes": "more than 8 axes: no shape has more",
    "each key once": "a key twice: one of two tensors would be lost; names that differ in their Unicode composition alone are "
                     "one key, as they are one name to a reader",
    "dtype, shape or data_offsets": "another key beside a tensor's own: a version of the format that is not known",
}


def seeds():
    for path in sorted((here / "Seeds/safetensors").iterdir()):
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        yield data[8:8 + size], data[8 + size:]


def mutated(header, data):
    """Some edits of the text, numbers and structure; the length in front mostly fits."""
    text = bytearray(header)
    for _ in range(source.randint(0, 4)):
        kind, at = source.randrange(8), source.randrange(len(text) + 1)
        if kind == 0 and text:
            text[at % len(text)] = source.randrange(256)
        elif kind == 1:
            text[at:at] = source.choice(words).encode()
        elif kind == 2:
            del text[at:at + source.randint(1, 8)]
        elif kind == 3:
            numbers = list(re.finditer(rb"-?\d+", bytes(text)))
            if numbers:
                found = source.choice(numbers)
                value = source.choice([0, 1, 2, 8, 64, 2**31, 2**32, 2**63 - 1, 2**63, 2**64, -1, int(found[0]) + 1])
                text[found.start():found.end()] = str(value).encode()
        elif kind == 4:
            other = source.choice(all_seeds)[0]
            start = source.randrange(len(other))
            text[at:at] = other[start:start + source.randint(1, 40)]
        else:
            text = structured(text)
    size = len(text) if source.random() < 0.95 else source.choice([0, 1, len(text) + 1, 2**32, 2**63, 2**64 - 1])
    if source.random() < 0.05:
        data = data[:source.randint(0, len(data))] + bytes(source.randint(0, 2))
    return struct.pack("<Q", size) + bytes(text) + data


def structured(text):
    """An edit of what the text means, where it means anything."""
    try:
        value = json.loads(bytes(text))
        name = source.choice(list(value))
        tensor = value[name]
        edit = source.randrange(6)
        if edit == 0:
            tensor["dtype"] = source.choice(words)
        elif edit == 1:
            tensor["shape"] = [source.choice([0, 1, 2, 4, 2**40, 2**63 - 1]) for _ in range(source.randint(0, 10))]
        elif edit == 2:
            tensor["shape"] = source.choice([1, [1] * source.randint(0, 9)]) + tensor["shape"] if isinstance(
                tensor["shape"], list) and source.random() < 0.5 else [1] * source.randint(0, 9) + tensor["shape"]
        elif edit == 3:
            tensor["data_offsets"] = [source.randint(0, 70), source.randint(0, 70)]
        elif edit == 4:
            value[source.choice(["__metadata__", "é", "e\u0301", name + " "])] = source.choice(
                [dict(tensor), {"a": "b"}, {"a": 1}, None, {}])
        else:
            tensor[source.choice(words)] = source.choice([1, "x", None, []])
        items = list(value.items())
        source.shuffle(items)
        return bytearray(json.dumps(dict(items), separators=(",", ":"), ensure_ascii=source.random() < 0.5).encode())
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return text


def reference(data):
    try:
        deserialize(data)
        return ""
    except SafetensorError as error:
        return str(error)


all_seeds = list(seeds())
folder = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
try:
    cases = [mutated(*source.choice(all_seeds)) for _ in range(count)]
    paths = [folder / str(i) for i in range(count)]
    for path, data in zip(paths, cases):
        path.write_bytes(data)
    answer = subprocess.run([program, "safetensors", "verdicts"], input="\n".join(map(str, paths)) + "\n", text=True,
                            capture_output=True, check=True).stdout.split("\n")
finally:
    shutil.rmtree(folder)
assert len(answer) == count + 1, f"{len(answer)} verdicts of {count}"
both, neither, explained, wrong = 0, 0, {}, []
for data, ours in zip(cases, answer):
    theirs = reference(data)
    if bool(ours) == bool(theirs):
        both, neither = both + (not ours), neither + bool(ours)
    elif ours and (reason := next((r for r in stricter if r in ours), None)):
        explained[reason] = explained.get(reason, 0) + 1
    else:
        wrong.append((data, ours, theirs))
print(f"safetensors: of {count} files both take {both}, both refuse {neither}")
for reason, times in sorted(explained.items(), key=lambda entry: -entry[1]):
    print(f"  refused here alone {times} times: {stricter[reason]}")
for data, ours, theirs in wrong[:10]:
    print(f"  DIFFERENT: {data!r}\n    here: {ours or 'taken'}\n    there: {theirs or 'taken'}")
print(f"  different otherwise: {len(wrong)}")
sys.exit(bool(wrong))
