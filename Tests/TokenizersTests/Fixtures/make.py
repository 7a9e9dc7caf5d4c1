"""Makes small tokenizers of every kind beside this script, and what the field's own libraries make of some lines.

    python make.py        (needs tokenizers 0.23, tiktoken 0.14 and sentencepiece 0.2)

NAME/tokenizer.json with NAME/cases.json: ids with and without special tokens, offsets in bytes, decoded text.
ranks/small.tiktoken with cases by tiktoken; scores/vocabulary.json, as a GGUF file holds it, with cases by sentencepiece.
"""
import base64, io, json, os, random
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

here = os.path.dirname(os.path.abspath(__file__))
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
HAN = "[一-龥\u3040-ゟ゠-ヿ]+"
WORDS = r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
TEXT = """The quick brown fox jumps over the lazy dog, and then the other one does too; it isn't the end.
We've seen 1234567 of them in 2024, they're what they'll be, and she'd say so: "naïve café, Zürich".
def f(x):\n    return x + 1\n\nfor i in range(10): print(i, end=' ')
北京 東京 서울 Москва Αθήνα दिल्ली กรุงเทพ tiếng Việt straße İstanbul the theory of these things""".split("\n")
LINES = [
    "", " ", "the", " the  quick\tbrown", "The the THE thethe", "isn't we've I'M they'LL 'ſ ''s", "12345 1234567 ٣٤ १२३ ½ Ⅷ",
    "naïve cafe\u0301 A\u030angström \u212b \u1100\u1161\u11a8", "北京 東京 서울 👍🏽 👩\u200d🚀 🇩🇪", "a\n\n  b\r\n \n\tc   ",
    "<s>the</s> [INST] fox [/INST]<|tab|>  end", "x<|tab|> y  <|tab|>", "the<s> the</s>the", "oxide foxes the-fox the_fox",
    "\u00a0\u3000\u2028\u200b\ufeff\u0085", "e\u0323\u0302 q\u0307\u0323 ﬁ ㎏ ẛ̣ \u0958", "!!!???... ======", "\x01\x02\x7f\U000e0067\U00010348",
    "▁the▁▁fox Ġthe <0x41><0x0A>", "ΑΣ İI ǅ ß", "   leading and trailing   ", "return x+1;//the", "\U0010fffd\ufffd\ue000 ok", "the" * 30,
    "a b c d e f g h i j k l m n o p q r s t u v w x y z", "x" * 100, "the quick brown fox jumps over the lazy dog.",
]
ADDED = [
    AddedToken("<s>", special=True, normalized=False), AddedToken("</s>", special=True, normalized=False),
    AddedToken("[INST]", special=True, normalized=False, lstrip=True), AddedToken("<|tab|>", normalized=False, lstrip=True, rstrip=True),
    AddedToken("fox", normalized=True, single_word=True), AddedToken("Å", normalized=True, rstrip=True),
]
BYTES = ["<0x%02X>" % i for i in range(256)]


def trained(tokenizer, size, unigram=False, **settings):
    if unigram:
        trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", show_progress=False)
    else:
        trainer = trainers.BpeTrainer(vocab_size=size, show_progress=False, **settings)
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    return tokenizer


def byte_level(pre, normalizer=None, size=420, **model):
    t = Tokenizer(models.BPE(**model))
    t.pre_tokenizer, t.decoder = pre, decoders.ByteLevel()
    if normalizer: t.normalizer = normalizer
    return trained(t, size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())


def bytes_only(): return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
def split(*patterns): return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(p), "isolated") for p in patterns] + [bytes_only()])


def gpt2():
    t = byte_level(pre_tokenizers.ByteLevel(add_prefix_space=True))
    t.post_processor = processors.ByteLevel(trim_offsets=True)
    return t


def llama3():
    t = byte_level(split(LLAMA3), ignore_merges=True)
    t.add_tokens(ADDED)
    begin = t.token_to_id("<s>")
    t.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing("<s> $A", None, [("<s>", begin)])])
    return t


def qwen2():
    t = byte_level(split(LLAMA3.replace("{1,3}", "")), normalizers.NFC())
    t.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    return t


def deepseek(): return byte_level(split(r"\p{N}{1,3}", HAN, WORDS), normalizers.Sequence([]))


def smollm():
    t = byte_level(pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    t.post_processor = processors.RobertaProcessing(("b", t.token_to_id("b")), ("a", t.token_to_id("a")), trim_offsets=True, add_prefix_space=False)
    return t


def claude(): return byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFKC())


def llama2():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    t.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    trained(t, 480, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, limit_alphabet=60)
    t.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 1)])
    # The trainer adds the bytes as special tokens, which real files do not.
    file = json.loads(t.to_str())
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(file))


def metaspace():
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=False))
    t.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace("▁", "first", True), decoders.Metaspace("▁", "first", True)
    return trained(t, 220, special_tokens=["<unk>"])


def unigram():
    t = Tokenizer(models.Unigram())
    t.pre_tokenizer, t.decoder = pre_tokenizers.Metaspace("▁", "always", True), decoders.Metaspace("▁", "always", True)
    trained(t, 260, unigram=True)
    t.post_processor = processors.BertProcessing(("</s>", 2), ("<s>", 1))
    return t


def unigram_bytes():
    t = Tokenizer(models.Unigram())
    t.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Nmt(), normalizers.Replace(Regex(" {2,}"), " ")])
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", "never", False)
    t.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁", "never", False)])
    trained(t, 260, unigram=True)
    file = json.loads(t.to_str())
    file["model"]["byte_fallback"] = True
    file["model"]["vocab"] += [[b, 0.0] for b in BYTES]
    return Tokenizer.from_str(json.dumps(file))


def pieces():
    t = Tokenizer(models.BPE(unk_token="<unk>"))
    t.normalizer = normalizers.Lowercase()
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"), pre_tokenizers.Digits(False),
        pre_tokenizers.Split(Regex(r"[\p{L}]{4}"), "merged_with_next"), pre_tokenizers.Split("e", "contiguous"), pre_tokenizers.CharDelimiterSplit("z")])
    t.decoder = decoders.Fuse()
    return trained(t, 200, special_tokens=["<unk>"], limit_alphabet=80)


def in_bytes(line, offsets):
    at = [0]
    for c in line: at.append(at[-1] + len(c.encode()))
    return [[at[a], at[b]] for a, b in offsets]


def case(t, line):
    plain, special = t.encode(line, add_special_tokens=False), t.encode(line)
    return {"text": line, "ids": plain.ids, "offsets": in_bytes(line, plain.offsets), "special": special.ids,
            "specialOffsets": in_bytes(line, special.offsets), "decoded": t.decode(special.ids, skip_special_tokens=False),
            "skipped": t.decode(special.ids, skip_special_tokens=True)}


def write(path, value):
    path = os.path.join(here, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f: json.dump(value, f, ensure_ascii=True, separators=(",", ":")); f.write("\n")


for make in [gpt2, llama3, qwen2, deepseek, smollm, claude, llama2, metaspace, unigram, unigram_bytes, pieces]:
    name, t = make.__name__.replace("_", "-"), make()
    t.add_tokens(ADDED)
    write(name + "/tokenizer.json", json.loads(t.to_str()))
    t = Tokenizer.from_file(os.path.join(here, name, "tokenizer.json"))
    write(name + "/cases.json", [case(t, line) for line in LINES])


# Ranks: the tokens of gpt2's fixture by the ids they have there; all 256 bytes are among them.
import tiktoken
letters = {c: b for b, c in zip([*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)], map(chr, [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]))}
for n, b in enumerate(b for b in range(256) if b not in letters.values()): letters[chr(256 + n)] = b
vocabulary = json.load(open(os.path.join(here, "gpt2/tokenizer.json"), encoding="utf-8"))["model"]["vocab"]
ranks = {bytes(letters[c] for c in token): id for token, id in vocabulary.items()}
os.makedirs(os.path.join(here, "ranks"), exist_ok=True)
with open(os.path.join(here, "ranks/small.tiktoken"), "wb") as f:
    for token, rank in sorted(ranks.items(), key=lambda x: x[1]): f.write(base64.b64encode(token) + b" %d\n" % rank)
encoding = tiktoken.Encoding("small", pat_str=LLAMA3, mergeable_ranks=ranks, special_tokens={"<s>": len(ranks)})
write("ranks/cases.json", [{"text": line, "ids": encoding.encode(line, allowed_special="all")} for line in LINES])

# Scores: SentencePiece's BPE, with bytes, without its normalisation.
import sentencepiece
file = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(TEXT * 3), model_writer=file, vocab_size=400, model_type="bpe", byte_fallback=True,
                                         normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, minloglevel=2)
sp = sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())
count = range(len(sp))
kinds = [2 if sp.is_unknown(i) else 3 if sp.is_control(i) else 6 if sp.is_byte(i) else 1 for i in count]
write("scores/vocabulary.json", {"tokens": [sp.id_to_piece(i) for i in count], "types": kinds, "scores": [sp.get_score(i) for i in count]})
plain = [line for line in LINES if "<s>" not in line and "</s>" not in line]
write("scores/cases.json", [{"text": line, "ids": sp.encode(line), "decoded": sp.decode(sp.encode(line))} for line in plain])
