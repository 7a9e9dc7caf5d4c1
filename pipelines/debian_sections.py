#!/usr/bin/env python3
"""Prompts and responses that every Debian machine can make: in which section of the archive is this package?

    python3 pipelines/debian_sections.py OUT [--train 4000] [--held-out 400]

Asks the archive's index for packages and descriptions (some 16 MB; it is read into a folder of its own, and nothing of
the system changes) and writes OUT/train.jsonl, valid.jsonl and test.jsonl, {"prompt": …, "response": …} a line. Needs apt
and nothing else.

Many packages of one source share their description (libx1, libx-dev, …): of those that begin alike one is used, so that no
held-out text was learnt. The order is that of the SHA-256 of names: the same archive gives the same files.
"""
import argparse
import glob
import hashlib
import json
import os
import re
import subprocess
import tempfile


def read_index(folder):
    """Brings the archive's lists up to date, English descriptions included, in a folder of their own."""
    os.makedirs(f"{folder}/partial")
    settings = {"Dir::State::Lists": folder, "Acquire::Languages": "en", "Acquire::GzipIndexes": "true"}
    options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
    subprocess.run(["apt-get", "update", "-qq", *options], check=True)


def records(path):
    """The entries of one list: field → text, continuation lines with their line breaks."""
    command = ["/usr/lib/apt/apt-helper", "cat-file", path]
    entry, field = {}, None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace") as process:
        for line in process.stdout:
            line = line.rstrip("\n")
            if not line:
                if entry:
                    yield entry
                entry, field = {}, None
            elif line[0] == " " and field:
                entry[field] += "\n" + line[1:]
            else:
                field, _, text = line.partition(":")
                entry[field] = text.strip()
    if entry:
        yield entry


def paragraphs(description):
    lines = ["" if line.strip() == "." else line.strip() for line in description.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def exchanges(folder):
    """Prompt and response of each package that stands for its like."""
    sections = {
        entry["Package"]: entry.get("Section", "").rpartition("/")[2]
        for path in sorted(glob.glob(f"{folder}/*_main_binary-*_Packages*"))
        for entry in records(path)
    }
    described = {}
    for path in sorted(glob.glob(f"{folder}/*_Translation-en*")):
        for entry in records(path):
            summary, _, text = entry.get("Description-en", "").partition("\n")
            order = (hashlib.sha256(entry["Package"].encode()).hexdigest(), entry["Package"])
            described.setdefault(order, []).append((summary.strip(), paragraphs(text)))
    known = set()
    for (_, name), versions in sorted(described.items()):
        for summary, text in sorted(versions):
            beginning = " ".join(text.split("\n\n")[0].split())
            if beginning in known or summary in known:
                continue
            known |= {beginning, summary}
            fits = 80 <= len(text) <= 420 and 12 <= len(summary) <= 80 and name in sections
            if fits and not re.search("transitional|dummy package|metapackage", text + summary):
                prompt = f"In which section of Debian is this package?\n\n{name}: {summary}"
                yield {"prompt": prompt, "response": sections[name]}


def main():
    parser = argparse.ArgumentParser(description="Prompts and responses from the Debian archive's index.")
    parser.add_argument("out")
    parser.add_argument("--train", type=int, default=4000)
    parser.add_argument("--held-out", type=int, default=400)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        read_index(f"{scratch}/lists")
        found = list(exchanges(f"{scratch}/lists"))
    os.makedirs(arguments.out, exist_ok=True)
    held, start = arguments.held_out, 2 * arguments.held_out
    parts = {"test": found[:held], "valid": found[held:start], "train": found[start : start + arguments.train]}
    for name, part in parts.items():
        path = f"{arguments.out}/{name}.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(exchange, ensure_ascii=False) + "\n" for exchange in part)
        print(f"{path}: {len(part)} of {len(found)} packages")


if __name__ == "__main__":
    main()
