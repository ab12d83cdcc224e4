"""Tokenizers of every component of a tokenizer.json, and what the `tokenizers` library gives for awkward texts.

    python tokenizer_json.py OUT.json.gz [--seed N] [--scale K]

Needs tokenizers==0.23.3 and sentencepiece (for the maps of Precompiled). Groups:
pieces     normalizer and pre_tokenizer; the pieces of each text (a WordLevel model of all of them gives them back)
models     whole files with trained models: tokens, ids, types, masks, overflow, decoded text
decoders   random numbers decoded
What the library refuses or panics at is left out.
"""
import argparse
import gzip
import json
import os
import random
import tempfile

import sentencepiece
import tokenizers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__

TEXTS = [
    "", " ", "a", "Hello, World!", "  leading and   inner spaces  ", "tabs\tand\nnewlines\r\n\r\nhere\n", "ab..c", "wait... what?! (no) [yes] {x}_y",
    "naïve café façade Ångström", "e\u0301 versus \u00e9, \ufb01 ligature, \u00bd x\u00b2", "a\u0300\u0301\u0302 z\u0351\u036b\u0343 q\u0323\u0307",
    "İstanbul ISPARTA ıi I\u0307", "Straße STRASSE ẞ ǅ ŉ", "ΑΒΓ ΣΑΣ ςσΣ. Σ", "Привет, МИР! ёжик",
    "日本語のテキスト と 한국어 텍스트ー", "漢字かなカナ㍿ 中a文", "\U00020000\U0002a6d6 𝕏𝟙 ｆｕｌｌ　ｗｉｄｔｈ １２３", "ﷺ صلى العربية עברית \u202bx\u202c", "नमस्ते हिन्दी ไทย ภาษา",
    "emoji 😀😀 👩\u200d👩\u200d👧\u200d👦 🇫🇷 ✌🏽 ❤\ufe0f done", "zero\u200bwidth\u00a0nbsp\ufeffbom\u2003em\u3000ideo\u2028ls\u0085nel", "control\x00\x07chars\x1f\x7f\u009f\ufffd\u00ad",
    "don't it's we'll I'M they'RE he'D 'S 'Tis", "1234567890 3.14 1,000,000 2024-05-01 ٣٤ Ⅻ ½ ②", "C++/C# & <html> a=b|c~d^e`f$g@h#i%j*k\\l", "…—–“quotes” ‘single’ «x» 。、！？",
    "antidisestablishmentarianism" * 5, "aaaaaaaaaaaaaaaaaaaaaaaaab", "ALL CAPS camelCase snake_case kebab-case", "x▁y ▁▁z Ġw </w> ##s <0x41> [UNK]", "the the them then there", "a  b   c\t\td\n\n\ne",
    "ends with [SEP] and [MASK]inside x[MASK] [MASK]", "</s><s> <pad> <|endoftext|>a <unk>", "https://example.com/a?b=c&d=%20#e user@mail.co.uk", "ß\u0130\u017f\u212a\u212b ﬆ ﬀi", "\u1680\u180e\u2060\u2063 \U000e0041 \ue000 \U0010ffff\u0378",
    "मम्मी\u200dक क्\u200cष \u0964", "\u1100\u1161\u11a8 각 \u3131", "foo  bar\u00a0 baz \n qux", "New York city new york CITY-new", "low lower lowest newer wider", "-5 +3 =8 1st 2nd 10th", "\n", "\u0301", "😀", "ab" * 40,
]
REGEXES = [
    r"\s+", r"\w+|[^\w\s]+", r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", r"(?<=[a-z])(?=[A-Z])", r"(?<!\d)\d{2}(?!\d)", r"\d", r"\d+", r"[aeiou]", r"(?i)[AEIOU]+", r"(?i:straße|ss|fi)", r"x*", r"", r"^", r"$", r"\b", r"\B", r"[[:punct:]]+", r"[[:alpha:]&&[^aeiou]]+",
    r"[一-龥ぁ-ヿ]+", r"\p{Han}|\p{Hiragana}+", r"[^\S\n]+|\n", r"(?:\p{L}\p{M}*)+", r"(a|b)+\1", r"(?<w>th)e?\k<w>", r"(?>a+)b|a", r"\S+?\b", r".", r"(?m:.+)", r"\R", r"\h{2,}", r"e\K\w", r"[\p{P}\p{S}]", r"\P{Ll}+", r"\p{^Lu}+", r"\x{61}|\u0062", r"[-+]?\d+(?:[.,]\d+)*", r" ?\S+", r"(?=\s)", r"(?:ab){2,3}", r"(?:a|aa)+b", r"\Q..\E|\.", r"(?x) a  | b # c", r"[^a-z ]", r"[\w.-]+@[\w-]+\.\w+", r"\A\w|\w\z", r"(?<=\s|^)[^\s]{1,2}(?=\s|$)", r"(?i:σ+|k)", r"[]x]|[a-]", r"a{,2}b?|c??d", r"\p{Lu}\p{Ll}+|\p{Nd}|\p{Sc}|\p{Cf}", r"(?:(?:a|b)*c)*d", r"\p{Greek}+|\p{Cyrillic}+|\p{Arabic}+", r"[^[:space:]]+", r"[\d\s]+", r"\u00e9|[à-ÿ]", r"\s$", r"^\w", r"(?i:İ|ı|ŉ|ﬆ|\u212a)", r"\p{Emoji}", r"(?!the)\b\w+", r"(?<![a-z])the",
]
STRINGS = [" ", "a", "..", "the", "", "▁", "\n", "é", "😀", ".", "[", "ab", "  ", "</w>", "\\s", "中"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]


def charsmap(rows=None, rule=None):
    """A precompiled map of SentencePiece, from rows or a rule by name."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, tsv = os.path.join(folder, "c.txt"), os.path.join(folder, "r.tsv")
        with open(corpus, "w") as f:
            f.write("\n".join("abcdefghij klmnop qrstuv wxyz %d" % i for i in range(50)))
        options = dict(input=corpus, model_prefix=os.path.join(folder, "m"), vocab_size=40, hard_vocab_limit=False, minloglevel=5)
        if rows:
            with open(tsv, "w") as f:
                f.writelines("%s\t%s\n" % (" ".join("%X" % ord(c) for c in a), " ".join("%X" % ord(c) for c in b)) for a, b in rows)
            options["normalization_rule_tsv"] = tsv
        else:
            options["normalization_rule_name"] = rule
        sentencepiece.SentencePieceTrainer.train(**options)
        data = open(os.path.join(folder, "m.model"), "rb").read()

    def fields(buffer):
        at = 0

        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = buffer[at]
                at += 1
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    return value
        while at < len(buffer):
            key = varint()
            kind = key & 7
            if kind == 0:
                yield key >> 3, varint()
            elif kind == 5:
                at += 4
            elif kind == 1:
                at += 8
            else:
                size = varint()
                yield key >> 3, buffer[at:at + size]
                at += size
    import base64
    spec = next(value for number, value in fields(data) if number == 3)
    return base64.b64encode(next(value for number, value in fields(spec) if number == 2)).decode()


ROWS = [("a", "b"), ("th", "þ"), ("e\u0301", "é"), ("\u00bd", "1/2"), ("\ufb01", "fi"), ("\u00ad", ""), ("\t", " "), ("👩", "w"), ("中", "zhong"), ("\x07", ""), ("İ", "i"), ("ａ", "a"), ("ｆ", "f"), ("\u3000", " "), ("ab", "X"), ("\r\n", "\n"), ("H", "")]


class Make:
    """Random components."""

    def __init__(self, seed, maps):
        self.r = random.Random(seed)
        self.maps = maps

    def flip(self, p=0.5):
        return self.r.random() < p

    def pattern(self):
        return {"Regex": self.r.choice(REGEXES)} if self.flip(0.7) else {"String": self.r.choice(STRINGS)}

    def pre(self, depth=0):
        r = self.r
        kinds = ["Bert", "ByteLevel", "CharDelimiterSplit", "Digits", "FixedLength", "Metaspace", "Punctuation", "Split", "Split", "UnicodeScripts", "Whitespace", "WhitespaceSplit"] + ["Sequence"] * (3 if depth == 0 else 0)
        kind = r.choice(kinds)
        if kind == "Bert":
            return {"type": "BertPreTokenizer"}
        if kind == "ByteLevel":
            return {"type": kind, "add_prefix_space": self.flip(), "trim_offsets": self.flip(), "use_regex": self.flip(0.7)}
        if kind == "CharDelimiterSplit":
            return {"type": kind, "delimiter": r.choice(["-", "a", " ", "😀", "▁", "é"])}
        if kind == "Digits":
            return {"type": kind, "individual_digits": self.flip()}
        if kind == "FixedLength":
            return {"type": kind, "length": r.choice([1, 2, 3, 5, 8])}
        if kind == "Metaspace":
            return {"type": kind, "replacement": r.choice(["▁", "_", "😀", " "]), "prepend_scheme": r.choice(["always", "never", "first", "first"]), "split": self.flip(0.7)}
        if kind == "Punctuation":
            return {"type": kind, "behavior": r.choice(BEHAVIORS)}
        if kind == "Split":
            return {"type": kind, "pattern": self.pattern(), "behavior": r.choice(BEHAVIORS), "invert": self.flip()}
        if kind == "Sequence":
            return {"type": kind, "pretokenizers": [self.pre(1) for _ in range(r.randint(1, 3))]}
        return {"type": kind}

    def norm(self, depth=0):
        r = self.r
        kinds = ["BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend", "Replace", "Replace", "Strip", "Strip", "StripAccents"] + ["Sequence"] * (5 if depth == 0 else 0)
        kind = r.choice(kinds)
        if kind == "BertNormalizer":
            return {"type": kind, "clean_text": self.flip(), "handle_chinese_chars": self.flip(), "strip_accents": r.choice([None, True, False]), "lowercase": self.flip()}
        if kind == "Precompiled":
            return {"type": kind, "precompiled_charsmap": r.choice(self.maps)}
        if kind == "Prepend":
            return {"type": kind, "prepend": r.choice(["▁", "x ", "", "😀a"])}
        if kind == "Replace":
            return {"type": kind, "pattern": self.pattern(), "content": r.choice(["", " ", "▁", "$1", "<$&>", "é", "😀"])}
        if kind == "Strip":
            return {"type": kind, "strip_left": self.flip(), "strip_right": self.flip()}
        if kind == "Sequence":
            return {"type": kind, "normalizers": [self.norm(1) for _ in range(r.randint(1, 3))]}
        return {"type": kind}

    def decoder(self, depth=0):
        r = self.r
        kinds = ["BPEDecoder", "ByteFallback", "ByteLevel", "CTC", "Fuse", "Metaspace", "Replace", "Strip", "WordPiece"] + ["Sequence"] * (4 if depth == 0 else 0)
        kind = r.choice(kinds)
        if kind == "BPEDecoder":
            return {"type": kind, "suffix": r.choice(["</w>", "_", "a"])}
        if kind == "ByteLevel":
            return {"type": kind, "add_prefix_space": self.flip(), "trim_offsets": self.flip(), "use_regex": self.flip()}
        if kind == "CTC":
            return {"type": kind, "pad_token": r.choice(["<pad>", "a"]), "word_delimiter_token": r.choice(["|", "b"]), "cleanup": self.flip()}
        if kind == "Metaspace":
            return {"type": kind, "replacement": r.choice(["▁", "_"]), "prepend_scheme": r.choice(["always", "never", "first"]), "split": True}
        if kind == "Replace":
            return {"type": kind, "pattern": self.pattern(), "content": r.choice(["", " ", "$1", "é"])}
        if kind == "Strip":
            return {"type": kind, "content": r.choice([" ", "a", "▁", "é"]), "start": r.choice([0, 1, 2]), "stop": r.choice([0, 0, 1])}
        if kind == "WordPiece":
            return {"type": kind, "prefix": r.choice(["##", "@@", ""]), "cleanup": self.flip()}
        if kind == "Sequence":
            return {"type": kind, "decoders": [self.decoder(1) for _ in range(r.randint(1, 4))]}
        return {"type": kind}

    def post(self, ids, depth=0):
        r = self.r
        kind = r.choice(["BertProcessing", "RobertaProcessing", "ByteLevel", "Template", "Template"] + ["Sequence"] * (1 if depth == 0 else 0))
        special = lambda t: [t, ids[t]]
        if kind == "BertProcessing":
            return {"type": kind, "sep": special("[SEP]"), "cls": special("[CLS]")}
        if kind == "RobertaProcessing":
            return {"type": kind, "sep": special("[SEP]"), "cls": special("[CLS]"), "trim_offsets": self.flip(), "add_prefix_space": self.flip()}
        if kind == "ByteLevel":
            return {"type": kind, "add_prefix_space": self.flip(), "trim_offsets": self.flip(), "use_regex": True}
        if kind == "Sequence":
            return {"type": kind, "processors": [self.post(ids, 1) for _ in range(r.randint(1, 2))]}
        token = lambda: {"SpecialToken": {"id": r.choice(["[CLS]", "[SEP]", "two"]), "type_id": r.randint(0, 2)}}
        text = lambda name: {"Sequence": {"id": name, "type_id": r.randint(0, 2)}}
        maybe = lambda: [token() for _ in range(r.randint(0, 2))]
        return {"type": "TemplateProcessing", "single": maybe() + [text("A")] + maybe(), "pair": maybe() + [text("A")] + maybe() + [text("B")] + maybe(),
                "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [ids["[CLS]"]], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [ids["[SEP]"]], "tokens": ["[SEP]"]},
                                   "two": {"id": "two", "ids": [ids["[CLS]"], ids["[SEP]"]], "tokens": ["t1", "t2"]}}}

    def added(self):
        r = self.r
        contents = ["[SEP]", "[CLS]", "[MASK]", "<pad>", "the", "th", "them", "New York", "new", "é", "É", "😀", "a", " b", "  ", "</s>", "<s>", "<|endoftext|>", "..", "中", "İ", "ß", "▁z", "ing", "low", "lower", "12", "\n", "Hello"]
        chosen = r.sample(contents, r.randint(1, 8))
        return [{"id": i, "content": c, "single_word": self.flip(0.3), "lstrip": self.flip(0.3), "rstrip": self.flip(0.3), "normalized": self.flip(), "special": self.flip()} for i, c in enumerate(chosen)]

    def model(self):
        r = self.r
        words = TEXTS if self.flip() else [t.lower() for t in TEXTS]
        kind = r.choice(["BPE", "BPE", "WordPiece", "WordLevel", "Unigram"])
        special = ["[UNK]", "[CLS]", "[SEP]"]
        size = r.choice([120, 250, 400])
        if kind == "BPE":
            options = dict(vocab_size=size, special_tokens=special, show_progress=False)
            if self.flip(0.3):
                options["end_of_word_suffix"] = "</w>"
            if self.flip(0.3):
                options["continuing_subword_prefix"] = r.choice(["##", "é"])
            if self.flip():
                options["limit_alphabet"] = r.choice([30, 60])
            if self.flip(0.3):
                options["initial_alphabet"] = pre_tokenizers.ByteLevel.alphabet()
            t = Tokenizer(models.BPE())
            t.pre_tokenizer = pre_tokenizers.ByteLevel() if "initial_alphabet" in options else r.choice([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(), pre_tokenizers.Whitespace()])
            t.train_from_iterator(words, trainers.BpeTrainer(**options))
            m = json.loads(t.to_str())["model"]
            m.update(unk_token=r.choice([None, "[UNK]"]), fuse_unk=self.flip(), byte_fallback=self.flip(0.4), ignore_merges=self.flip(0.3))
            if self.flip(0.3):
                m["merges"] = [" ".join(x) for x in m["merges"]] if not any(" " in y for x in m["merges"] for y in x) else m["merges"]
            if m["byte_fallback"]:
                for b in range(256):
                    if self.flip(0.97) or b < 128:
                        m["vocab"].setdefault("<0x%02X>" % b, len(m["vocab"]))
        elif kind == "WordPiece":
            t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
            t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            prefix = r.choice(["##", "##", "@@", ""])
            t.train_from_iterator(words, trainers.WordPieceTrainer(vocab_size=size, special_tokens=special, continuing_subword_prefix=prefix, show_progress=False))
            m = json.loads(t.to_str())["model"]
            m.update(max_input_chars_per_word=r.choice([5, 20, 100, 1000]), continuing_subword_prefix=prefix)
        elif kind == "WordLevel":
            t = Tokenizer(models.WordLevel(unk_token="[UNK]"))
            t.pre_tokenizer = r.choice([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Whitespace()])
            t.train_from_iterator(words, trainers.WordLevelTrainer(vocab_size=size, special_tokens=special, show_progress=False))
            m = json.loads(t.to_str())["model"]
        else:
            t = Tokenizer(models.Unigram())
            t.pre_tokenizer = r.choice([pre_tokenizers.Metaspace(), pre_tokenizers.WhitespaceSplit()])
            words = [w for w in words if len(set(w)) < 40 and (w.isascii() or self.flip(0.3))]
            t.train_from_iterator(words, trainers.UnigramTrainer(vocab_size=size + 200, special_tokens=special, unk_token="[UNK]", show_progress=False))
            m = json.loads(t.to_str())["model"]
            m["vocab"] = [[a, round(b, 6)] for a, b in m["vocab"]]
            m["unk_id"] = r.choice([0, 0, 0, 5])
            m["byte_fallback"] = self.flip()
            if m["byte_fallback"]:
                m["vocab"] += [["<0x%02X>" % b, -20.0] for b in range(256) if self.flip(0.99) or b < 128]
        return m


def attempt(f):
    try:
        return f()
    except BaseException as error:  # panics are no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        return None


def file_of(**parts):
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None, **parts}


def ambiguous(t, part):
    """Whether two added tokens read the same once normalised: which of them is found then differs from run to run."""
    forms = []
    for token in part.get("added_tokens", []):
        normal = token["normalized"] and t.normalizer is not None
        forms.append((token["normalized"], attempt(lambda: t.normalizer.normalize_str(token["content"])) if normal else token["content"]))
    return len(set(forms)) < len(forms)


def pieces_case(part, texts):
    """The pieces of each text: a BPE model without merges and with ignore_merges would not show them, the parts on their own do."""
    t = attempt(lambda: Tokenizer.from_str(json.dumps(file_of(**part, model={"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}))))
    if t is None or ambiguous(t, part):
        return None
    # Through a file, so that the pieces come with the offsets that Metaspace's `first` asks for.
    pool = {"[UNK]": 0}
    for text in texts:
        def collect():
            n = t.normalizer.normalize_str(text) if t.normalizer else text
            return [p for p, _ in t.pre_tokenizer.pre_tokenize_str(n)] if t.pre_tokenizer else [n]
        for p in attempt(collect) or []:
            pool.setdefault(p, len(pool))
            for other in (p[1:], p.lstrip("▁_ Ġ"), "▁" + p, "_" + p):
                pool.setdefault(other, len(pool))
    t = Tokenizer.from_str(json.dumps(file_of(**part, model={"type": "WordLevel", "vocab": pool, "unk_token": "[UNK]"})))
    rows = []
    for i, text in enumerate(texts):
        e = attempt(lambda: t.encode(text))
        if e is not None and "[UNK]" not in e.tokens[:]:
            rows.append([TEXTS.index(text), e.tokens])
    return {**part, "rows": rows} if rows else None


def digits(values):
    return "".join(map(str, values))


def row_of(e):
    row = {"ids": e.ids, "tokens": e.tokens, "types": digits(e.type_ids), "attention": digits(e.attention_mask), "special": digits(e.special_tokens_mask)}
    if e.overflowing:
        row["overflowing"] = [[o.ids, digits(o.type_ids), digits(o.special_tokens_mask), [p.ids for p in o.overflowing]] for o in e.overflowing]
    return row


def model_case(make):
    r = make.r
    m = make.model()
    ids = {"[CLS]": 1, "[SEP]": 2}
    part = {"model": m}
    if make.flip(0.6):
        part["normalizer"] = make.norm()
    if make.flip(0.85):
        part["pre_tokenizer"] = make.pre()
    if make.flip(0.7):
        part["post_processor"] = make.post(ids)
    if make.flip(0.7):
        part["decoder"] = make.decoder()
    if make.flip(0.7):
        part["added_tokens"] = make.added()
    if make.flip(0.4):
        part["truncation"] = {"direction": r.choice(["Left", "Right"]), "max_length": r.choice([6, 8, 11, 20]), "strategy": r.choice(["LongestFirst", "LongestFirst", "OnlyFirst", "OnlySecond"]), "stride": r.choice([0, 0, 1, 2])}
    if make.flip(0.4):
        part["padding"] = {"strategy": r.choice(["BatchLongest", {"Fixed": r.choice([4, 12, 30])}]), "direction": r.choice(["Left", "Right"]), "pad_to_multiple_of": r.choice([None, 8, 5]), "pad_id": r.choice([0, 3]), "pad_type_id": r.choice([0, 1]), "pad_token": "[PAD]"}
    t = attempt(lambda: Tokenizer.from_str(json.dumps(file_of(**part))))
    if t is None or ambiguous(t, part):
        return None
    rows = []
    for text in r.sample(range(len(TEXTS)), 10):
        special = make.flip(0.8)
        pair = r.randrange(len(TEXTS)) if make.flip(0.3) else None
        given = TEXTS[text] if pair is None else (TEXTS[text], TEXTS[pair])
        e = attempt(lambda: t.encode(*(given if pair is not None else (given,)), add_special_tokens=special))
        if e is None or len(e.overflowing) > 12:
            continue
        decoded = attempt(lambda: [t.decode(e.ids), t.decode(e.ids, skip_special_tokens=False)])
        rows.append({"text": text, **({} if pair is None else {"pair": pair}), **({} if special else {"plain": True}), **row_of(e), **({} if decoded is None else {"decoded": decoded})})
    batch = r.sample(range(len(TEXTS)), 4)
    es = attempt(lambda: t.encode_batch([TEXTS[i] for i in batch]))
    case = {**part, "rows": rows, "size": len(t.get_vocab())}
    if es is not None and sum(len(e.overflowing) for e in es) < 8:
        case["batch"] = {"texts": batch, "rows": [row_of(e) for e in es]}
    return case if rows else None


VOCAB = ["[UNK]", "a", "b", "##a", "##", "▁", "▁a", "a▁b", "_x", "</w>", "a</w>", "b</w>c", "<pad>", "|", "<0x41>", "<0xE2>", "<0x82>", "<0xAC>", "<0xFF>", "<0x0a>", "<0x+A>", "Ġ", "Ġa", "Ã©", "Ã", "©", "é", "中", "😀", " ", "  ", "aa", " a", "a ", ".", ",", "'", "n't", "'s", "do", "not", "do not", "?", "the", "@@a", "$1", "\n", "", "ðŁĺ", "Ģ", "[X]", "aab", "é é"]


def decoder_case(make):
    part = {"decoder": make.decoder()}
    model = {"type": "WordLevel", "vocab": {t: i for i, t in enumerate(VOCAB)}, "unk_token": "[UNK]"}
    added = [{"id": 0, "content": "[X]", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}]
    t = attempt(lambda: Tokenizer.from_str(json.dumps(file_of(**part, model=model, added_tokens=added))))
    if t is None:
        return None
    rows = []
    for _ in range(12):
        ids = [make.r.randrange(len(VOCAB) + 1) for _ in range(make.r.randint(1, 9))]
        if make.flip(0.2):
            ids = [i for i in ids for _ in range(2)]
        text = attempt(lambda: t.decode(ids))
        if text is not None:
            rows.append([ids, text])
    return {**part, "rows": rows}


def exhaustive(maps):
    """Every option of every normalizer and pre-tokenizer at least once."""
    yield from ({"pre_tokenizer": {"type": t}} for t in ["BertPreTokenizer", "UnicodeScripts", "Whitespace", "WhitespaceSplit"])
    for b in BEHAVIORS:
        yield {"pre_tokenizer": {"type": "Punctuation", "behavior": b}}
    for d in (True, False):
        yield {"pre_tokenizer": {"type": "Digits", "individual_digits": d}}
        for u in (True, False):
            yield {"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": d, "trim_offsets": True, "use_regex": u}}
        for s in ("always", "first", "never"):
            yield {"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": s, "split": d}}
    for x in REGEXES:
        for b in BEHAVIORS:
            yield {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": x}, "behavior": b, "invert": len(x) % 2 == 0}}
        yield {"normalizer": {"type": "Replace", "pattern": {"Regex": x}, "content": "<$1>"}}
    for x in STRINGS:
        for b, i in (("Removed", False), ("Isolated", True), ("MergedWithNext", False), ("Contiguous", True)):
            yield {"pre_tokenizer": {"type": "Split", "pattern": {"String": x}, "behavior": b, "invert": i}}
        yield {"normalizer": {"type": "Replace", "pattern": {"String": x}, "content": "$&"}}
    for n in ["ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "StripAccents"]:
        yield {"normalizer": {"type": n}}
    for p in maps:
        yield {"normalizer": {"type": "Precompiled", "precompiled_charsmap": p}}
    for bits in range(24):
        yield {"normalizer": {"type": "BertNormalizer", "clean_text": bool(bits & 1), "handle_chinese_chars": bool(bits & 2), "lowercase": bool(bits & 4), "strip_accents": [None, True, False][bits // 8]}}
    for bits in range(4):
        yield {"normalizer": {"type": "Strip", "strip_left": bool(bits & 1), "strip_right": bool(bits & 2)}, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": True}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--exhaustive", action="store_true")
    parser.add_argument("--mixed", type=int, default=0, help="so many more texts, mixed from the others")
    a = parser.parse_args()
    mixer = random.Random(a.seed)
    for _ in range(a.mixed):
        parts = [mixer.choice(TEXTS[:48]) for _ in range(mixer.randint(2, 5))]
        cuts = [p[mixer.randint(0, len(p) // 2):][:mixer.randint(1, 12)] for p in parts]
        TEXTS.append(mixer.choice(["", " "]).join(cuts))
    maps = [charsmap(rows=ROWS)]
    full = charsmap(rule="nmt_nfkc")
    make = Make(a.seed, maps)
    r = make.r
    pieces = [pieces_case(p, r.sample(TEXTS, 14)) for p in exhaustive(maps + [full])] if a.exhaustive else []
    for _ in range(int(250 * a.scale)):
        part = {}
        if make.flip(0.7):
            part["normalizer"] = make.norm()
        if make.flip(0.8) or not part:
            part["pre_tokenizer"] = make.pre()
        if make.flip(0.1):
            part["added_tokens"] = make.added()
        pieces.append(pieces_case(part, r.sample(TEXTS, 10)))
    whole = [model_case(make) for _ in range(int(130 * a.scale))]
    decoding = [decoder_case(make) for _ in range(int(120 * a.scale))]
    result = {"library": "tokenizers", "version": tokenizers.__version__, "generator": "scripts/golden/tokenizer_json.py", "seed": a.seed, "texts": TEXTS, "vocabulary": VOCAB, "maps": {"small": maps[0], "nmt_nfkc": full},
              "pieces": [p for p in pieces if p], "models": [m for m in whole if m], "decoders": [d for d in decoding if d]}
    text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    text = text.replace(json.dumps(full), '"nmt_nfkc"').replace(json.dumps(maps[0]), '"small"')
    text = text.replace('"maps":{"small":"small","nmt_nfkc":"nmt_nfkc"}', '"maps":' + json.dumps({"small": maps[0], "nmt_nfkc": full}))
    with open(a.out, "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, compresslevel=9) as g:
        g.write(text.encode("utf-8", "surrogatepass"))
    print({k: len(result[k]) for k in ("pieces", "models", "decoders")}, os.path.getsize(a.out))


if __name__ == "__main__":
    main()
