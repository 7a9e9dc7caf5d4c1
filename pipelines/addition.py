#!/usr/bin/env python3
"""Prompts and responses for pipelines/addition.yaml: what do two numbers below a hundred add up to?

    python3 pipelines/addition.py OUT [--below 100] [--held-out 1000]

Writes OUT/train.jsonl and OUT/held-out.jsonl, {"prompt": "37+58=", "response": "95"} a line. Both orders of a pair are in
the same file, so that no held-out sum was learnt the other way round. The order is that of the SHA-256 of the pairs: the
same numbers give the same files.
"""
import argparse
import hashlib
import json
import os


def order(prompt):
    return hashlib.sha256(prompt.encode()).hexdigest()


def exchanges(below, held_out):
    """Held-out and training exchanges, each in the order of its prompts' hashes."""
    pairs = sorted(((a, b) for a in range(below) for b in range(a, below)), key=lambda pair: order("%d+%d" % pair))
    held, rest = [], []
    for a, b in pairs:
        part = held if len(held) < held_out else rest
        part += [(f"{x}+{y}=", str(a + b)) for x, y in sorted({(a, b), (b, a)})]
    return sorted(held, key=lambda pair: order(pair[0])), sorted(rest, key=lambda pair: order(pair[0]))


def main():
    parser = argparse.ArgumentParser(description="Sums of two numbers as prompts and responses.")
    parser.add_argument("out")
    parser.add_argument("--below", type=int, default=100)
    parser.add_argument("--held-out", type=int, default=1000)
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    parts = zip(["held-out", "train"], exchanges(arguments.below, arguments.held_out))
    for name, part in parts:
        path = f"{arguments.out}/{name}.jsonl"
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps({"prompt": prompt, "response": sum}) + "\n" for prompt, sum in part)
        print(f"{path}: {len(part)} sums")


if __name__ == "__main__":
    main()
