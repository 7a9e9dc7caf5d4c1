#!/usr/bin/env python3
"""Two files of the same number of tokens: samples of log-normal lengths, and samples that all have their mean length.

    python3 make_samples.py OUT [--samples 4096]

Lengths: median 60, σ 1, cut at 512, as instructions and answers have them; ids are random, of a vocabulary of 512.
"""
import argparse
import json
import random


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--samples", type=int, default=4096)
    arguments = parser.parse_args()
    source = random.Random(1)
    lengths = [max(4, min(512, round(source.lognormvariate(4.0943, 1)))) for _ in range(arguments.samples)]
    mean = round(sum(lengths) / len(lengths))
    for name, counts in [("mixed", lengths), ("uniform", [mean] * len(lengths))]:
        with open(f"{arguments.out}/{name}.jsonl", "w") as file:
            # The last id is only a target: a sample of n positions has n + 1.
            file.writelines(json.dumps({"input_ids": source.choices(range(512), k=n + 1)}) + "\n" for n in counts)
    print(f"{len(lengths)} samples, {sum(lengths)} positions, {mean} in the mean, {max(lengths)} at most")


if __name__ == "__main__":
    main()
