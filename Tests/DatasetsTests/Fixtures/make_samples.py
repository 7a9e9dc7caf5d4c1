#!/usr/bin/env python3
"""Training samples of the three ChatGLMs, by the rules of their published training scripts, with small tokenizers.

    pip install sentencepiece==0.2.3 protobuf
    python make_samples.py

chatglm.jsonl has a sample a line: the model, the record as a user writes it, and the ids, labels and positions that
follow. Labels stand under their own ids; -100 does not count. Positions are those of the published modelling code: two rows
for ChatGLM-6B, one for the later ones. The tokenizers are those of TokenizersTests, which lie beside it too.
tokenizer.json is that of its smollm with two special tokens more, <|im_start|> and <|im_end|>.
"""
import json, os, shutil
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as pb

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "..", "..", "TokenizersTests", "Fixtures", "SentencePiece")
CONTROL = ["[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>"]
LATER = ["[MASK]", "[gMASK]", "[sMASK]", "sop", "eop", "<|system|>", "<|user|>", "<|assistant|>", "<|observation|>"]


def first_tokenizer():
    proto = pb.ModelProto.FromString(open(os.path.join(MODELS, "ice_text.model"), "rb").read())
    add = lambda piece, kind: proto.pieces.append(pb.ModelProto.SentencePiece(piece=piece, score=0.0, type=kind))
    for piece in CONTROL: add(piece, 3)
    for piece in ["<|tab|>"] + [f"<|blank_{i}|>" for i in range(2, 81)]: add(piece, 4)
    for byte in range(256): add(f"<0x{byte:02X}>", 6)
    proto.trainer_spec.byte_fallback = True
    return sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())


FIRST, SECOND = first_tokenizer(), sentencepiece.SentencePieceProcessor(model_file=os.path.join(MODELS, "bpe-bytes.model"))


def first_ids(text):
    text = text.replace("\n", "<n>").replace("\t", "<|tab|>")
    for i in range(80, 1, -1): text = text.replace(" " * i, f"<|blank_{i}|>")
    return FIRST.encode(text)


def later(token): return len(SECOND) + LATER.index(token)


def chatglm(x):
    """ptuning/main.py of ChatGLM-6B: prompt [gMASK] <sop> response <eop>; labels begin at <sop>."""
    prompt = x["prompt"]
    if "history" in x:
        prompt = "".join(f"[Round {i}]\n问：{q}\n答：{a}\n" for i, (q, a) in enumerate(x["history"]))
        prompt += f"[Round {len(x['history'])}]\n问：{x['prompt']}\n答："
    a = first_ids(prompt)
    ids = a + [FIRST.piece_to_id("[gMASK]"), FIRST.piece_to_id("<sop>")] + first_ids(x["response"]) + [FIRST.piece_to_id("<eop>")]
    return ids, [-100] * (len(a) + 1) + ids[len(a) + 1:]


def chatglm2(x):
    """ptuning/main.py of ChatGLM2-6B: [gMASK] sop prompt response </s>; labels on response and </s>."""
    history = x.get("history", [])
    prompt = "".join(f"[Round {i + 1}]\n\n问：{q}\n\n答：{a}\n\n" for i, (q, a) in enumerate(history))
    prompt += f"[Round {len(history) + 1}]\n\n问：{x['prompt']}\n\n答："
    a = [later("[gMASK]"), later("sop")] + SECOND.encode(prompt)
    b = SECOND.encode(x["response"]) + [SECOND.eos_id()]
    return a + b, [-100] * len(a) + b


def chatglm3(x):
    """finetune_hf.py of ChatGLM3-6B: role token, "\\n", content, each encoded by itself; what counts follows <|assistant|>."""
    ids, labels, counts = [later("[gMASK]"), later("sop")], [-100, -100], False
    for message in x["messages"]:
        ids.append(later(f"<|{message['role']}|>"))
        labels.append(ids[-1] if counts else -100)
        counts = message["role"] == "assistant"
        text = SECOND.encode("\n") + SECOND.encode(message["content"])
        ids += text
        labels += text if counts else [-100] * len(text)
    return ids + [SECOND.eos_id()], labels + [SECOND.eos_id()]


def first_positions(ids):
    """get_position_ids of ChatGLM-6B, position_encoding_2d: positions stay at the mask's from bos on, blocks count from there."""
    bos, mask = ids.index(FIRST.piece_to_id("<sop>")), FIRST.piece_to_id("[gMASK]")
    mask = ids.index(mask if mask in ids else FIRST.piece_to_id("[MASK]"))
    positions = list(range(len(ids)))
    positions[bos:] = [mask] * (len(ids) - bos)
    return [positions, [0] * bos + list(range(1, len(ids) - bos + 1))]


def later_positions(ids): return [list(range(len(ids)))]


EXCHANGES = [
    {"prompt": "one two", "response": "three"},
    {"prompt": "你好", "response": "你好，世界！"},
    {"prompt": "你好", "response": "世界", "history": []},
    {"prompt": "北京 is?", "response": "a layer", "history": [["你好", "世界"]]},
    {"prompt": "three", "response": "three four\nfive", "history": [["one", "two"], ["我", "你们\t好"]]},
    {"prompt": "def f():\n    return 1\t# one", "response": "the layer  sends"},
    {"prompt": "  spaces  ", "response": " "},
    {"prompt": "", "response": "👋 emoji"},
    {"prompt": "类型#上衣*材质#牛仔布", "response": "简约而不简单的牛仔外套"},
    {"prompt": "stage", "response": ""},
    {"prompt": "[gMASK] sop </s>", "response": "<eop> <n>"},
]
CONVERSATIONS = [
    [("user", "你好"), ("assistant", "世界")],
    [("user", "one"), ("assistant", "two"), ("user", "three"), ("assistant", "你好")],
    [("system", "the layer"), ("user", "北京"), ("assistant", "waits"), ("user", "again"), ("assistant", "never\nalways")],
    [("user", "one"), ("assistant", "two"), ("observation", "15 °C"), ("assistant", "three")],
    [("user", "一"), ("assistant", ""), ("user", ""), ("assistant", " two ")],
]


def chat_tokenizer():
    tokenizer = json.load(open(os.path.join(MODELS, "..", "smollm", "tokenizer.json")))
    first = 1 + max([*tokenizer["model"]["vocab"].values(), *(t["id"] for t in tokenizer["added_tokens"])])
    for i, token in enumerate(["<|im_start|>", "<|im_end|>"]):
        tokenizer["added_tokens"].append({"id": first + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True})
    with open(os.path.join(HERE, "tokenizer.json"), "w") as file: json.dump(tokenizer, file, ensure_ascii=True, separators=(",", ":"))


def main():
    chat_tokenizer()
    for name in ["ice_text.model", "bpe-bytes.model"]: shutil.copy(os.path.join(MODELS, name), HERE)
    with open(os.path.join(HERE, "chatglm.jsonl"), "w") as file:
        conversations = [{"messages": [{"role": r, "content": c} for r, c in x]} for x in CONVERSATIONS]
        for name, make, positions, records in [("chatglm", chatglm, first_positions, EXCHANGES),
                                               ("chatglm2", chatglm2, later_positions, EXCHANGES),
                                               ("chatglm3", chatglm3, later_positions, conversations)]:
            for record in records:
                ids, labels = make(record)
                line = {"model": name, "record": json.dumps(record, ensure_ascii=False), "ids": ids, "labels": labels,
                        "positions": positions(ids)}
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__": main()
