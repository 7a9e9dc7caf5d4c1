#!/usr/bin/env python3
"""Small SentencePiece models of each kind, and what the library makes of texts: ids, where they come from, and back.

    pip install sentencepiece==0.2.3 protobuf
    python make_sentencepiece.py

bpe-bytes      as Llama-2's and Mistral's: byte-pair pieces, bytes, every space kept, `[X]` a control symbol
bpe-unused     byte-pair pieces without bytes, a fifth of them unused, symbols of the user's
unigram        as T5's: rules of replacement, spaces removed
unigram-bytes  bytes, symbols of the user's, no dummy prefix
suffix         spaces behind words
ice_text       as ChatGLM-6B's before symbols are appended: `<n>` a symbol of the user's, every space kept

chatglm.json holds cases of the last with its symbols appended, for texts with their white space spelled.
"""
import io, json, os, random
import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as pb

HERE = os.path.dirname(os.path.abspath(__file__))
WORDS = """the a of in it is on we you they one two three layer stage device worker pipeline model weight gradient step
loss batch forward backward sends receives waits computes reads writes grows falls slowly quickly again never always
größer naïve café 北京 你好 世界 привет мир""".split()
SYMBOLS = ["<n>", "::", "ing", "layer", " of", "<|x|>"]
RULES = [("\uff21", "A"), ("\uff22", "B"), ("\ufb01", "fi"), ("\u3000", " "), ("\t", " "), ("\n", " "), ("\u2460", "(1)"), ("\u00ad", ""), ("e\u0301", "\u00e9")]


def corpus(seed=1):
    r = random.Random(seed)
    for _ in range(600): yield " ".join(r.choice(WORDS) + r.choice(["", "", "", ",", ".", "s", "ing", "1", " 20"]) for _ in range(r.randint(3, 12)))


def texts(seed=2):
    r = random.Random(seed)
    parts = WORDS + SYMBOLS + [rule[0] for rule in RULES] + [" ", "  ", "     ", "\u2581", "<s>", "</s>", "<unk>", "[X]", "Q", "ü", "😀", "\u0000", "e\u0301", "ſ", "--", "---", "<0x0A>", "\r\n", "£", "中", "文"]
    yield from ["", " ", "   ", "layer", " layer ", "😀😀", "QQ layer QQ", "a" * 50, "layer" * 20, " " * 9, "你好世界", "<n><n>", "x\u0000y", "\u3000 \t\n", "one two", "the layers"]
    for _ in range(44): yield "".join(r.choice(parts) + r.choice(["", "", " "]) for _ in range(r.randint(1, 14)))


def train(name, unused=0.0, **options):
    model = io.BytesIO()
    settings = dict(vocab_size=330, character_coverage=0.995, hard_vocab_limit=False, num_threads=1, minloglevel=2, normalization_rule_name="identity")
    settings.update(options)
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=corpus(), model_writer=model, **settings)
    proto = pb.ModelProto.FromString(model.getvalue())
    proto.trainer_spec.ClearField("input")
    r = random.Random(3)
    for piece in proto.pieces:
        if piece.type == 1 and r.random() < unused: piece.type = 5
    with open(os.path.join(HERE, name + ".model"), "wb") as file: file.write(proto.SerializeToString())
    return name


def chatglm():
    """Cases of ice_text.model as ChatGLM-6B's tokenizer uses it."""
    proto = pb.ModelProto.FromString(open(os.path.join(HERE, "ice_text.model"), "rb").read())
    add = lambda piece, kind: proto.pieces.append(pb.ModelProto.SentencePiece(piece=piece, score=0.0, type=kind))
    for piece in ["[MASK]", "[gMASK]", "[sMASK]", "<unused_0>", "<sop>", "<eop>", "<ENC>", "<dBLOCK>"]: add(piece, 3)
    for piece in ["<|tab|>"] + [f"<|blank_{i}|>" for i in range(2, 81)]: add(piece, 4)
    for byte in range(256): add(f"<0x{byte:02X}>", 6)
    proto.trainer_spec.byte_fallback = True
    model = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    cases = []
    for text in [*texts(5), "def f():\n    return 1\t# one\n", " " * 161, " " * 79 + "a" + " " * 81, "\n\n\t\t", "a  b"]:
        spelled = text.replace("\n", "<n>").replace("\t", "<|tab|>")
        for i in range(80, 1, -1): spelled = spelled.replace(" " * i, f"<|blank_{i}|>")
        ids = model.encode(spelled)
        back = model.decode(ids).replace("<n>", "\n").replace("<|tab|>", "\t")
        for i in range(80, 1, -1): back = back.replace(f"<|blank_{i}|>", " " * i)
        cases.append({"text": text, "ids": ids, "decoded": back})
    with open(os.path.join(HERE, "chatglm.json"), "w") as file: json.dump({"size": len(model), "gmask": model.piece_to_id("[gMASK]"), "cases": cases}, file, ensure_ascii=True, separators=(",", ":"))


def main():
    rules = os.path.join(HERE, "rules.tsv")
    with open(rules, "w") as file:
        for old, new in RULES: file.write(" ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n")
    keep = dict(remove_extra_whitespaces=False)
    names = [
        train("bpe-bytes", model_type="bpe", vocab_size=560, byte_fallback=True, control_symbols=["[X]"], allow_whitespace_only_pieces=True, **keep),
        train("bpe-unused", model_type="bpe", unused=0.2, user_defined_symbols=SYMBOLS, **keep),
        train("unigram", model_type="unigram", normalization_rule_tsv=rules, unk_surface=" ?? "),
        train("unigram-bytes", model_type="unigram", vocab_size=560, byte_fallback=True, user_defined_symbols=SYMBOLS, add_dummy_prefix=False, **keep),
        train("suffix", model_type="unigram", treat_whitespace_as_suffix=True),
        train("ice_text", model_type="unigram", pad_id=3, user_defined_symbols=["<n>"], **keep),
    ]
    os.remove(rules)
    cases = {}
    for name in names:
        model = sentencepiece.SentencePieceProcessor(model_file=os.path.join(HERE, name + ".model"))
        r = random.Random(4)
        cases[name] = []
        for text in texts():
            result = model.encode(text, return_type="proto")
            ids = [piece.id for piece in result.pieces]
            any_ids = [r.randrange(len(model)) for _ in range(r.randint(0, 9))]
            cases[name].append({"text": text, "ids": ids, "begin": [p.begin for p in result.pieces], "end": [p.end for p in result.pieces],
                                "decoded": model.decode(ids), "anyIds": any_ids, "anyDecoded": model.decode(any_ids)})
        print(f"{name}: {len(model)} pieces, {os.path.getsize(os.path.join(HERE, name + '.model')):,} bytes")
    with open(os.path.join(HERE, "cases.json"), "w") as file: json.dump(cases, file, ensure_ascii=True, separators=(",", ":"))
    chatglm()
    print(f"cases.json: {os.path.getsize(os.path.join(HERE, 'cases.json')):,} bytes")


if __name__ == "__main__": main()
