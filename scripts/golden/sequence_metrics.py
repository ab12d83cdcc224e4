"""Golden values of the metrics of text: sacrebleu, rouge-score, pycocoevalcap, nltk, jiwer.

python sequence_metrics.py packages/encoder-decoder/test/golden/metrics.json
needs: sacrebleu 2.6.0, rouge-score 0.1.2, pycocoevalcap 1.2, nltk 3.10.4, jiwer 4.0.0
"""
import json
import sys
from importlib.metadata import version

import jiwer
import sacrebleu
from nltk.translate.meteor_score import meteor_score
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from rouge_score import rouge_scorer

CORPORA = {
    "captions": (
        ["a dog runs on the green grass", "two boats are in the harbor", "there is a road with some cars", "a plane"],
        [["a brown dog runs over green grass", "the dog is running on the grass"],
         ["there are two boats in the harbor", "two boats lie in a harbor near the land"],
         ["some cars on the road", "there is a road with some cars on it"],
         ["a white plane stands on the airfield", "a plane is parked"]],
    ),
    "with an empty hypothesis": (
        ["", "many buildings are arranged densely", "a tennis court"],
        [["a river", "this is a river"], ["many buildings are arranged densely", "lots of houses"], ["a tennis court is surrounded by plants", "a tennis court"]],
    ),
    "repeated words": (
        ["the the the the the the the", "cat cat cat", "a a b b a a"],
        [["the cat is on the mat", "there is a cat on the mat"], ["cat", "cat sat cat"], ["a b a b", "b a a a b"]],
    ),
    "nothing matches": (["x y z w", "q"], [["a b c d", "e f"], ["r s", "t"]]),
    "punctuation and numbers": (
        ['He said: "It costs $1,234.50 (about 3-4 times more)."', "well-known facts & <figures>, 10-year-old &quot;news&quot;.", "Über 100.000 Menschen — wow!", "a.b,c 5.5.5"],
        [['He said: "It costs $1,234.50 -- about 3-4 times as much."', 'He said it costs 1234.50.'], ["well known facts & <figures>, 10-year-old \"news\".", "facts"], ["Über 100,000 Menschen - wow!", "wow"], ["a. b, c 5.5 5", "5"]],
    ),
    "single words": (["seven", "one", "two two"], [["seven", "7"], ["two", "one one"], ["two", "two two"]]),
}
RATES = {
    "digits": (["one two tree", "seven eight", ""], ["one two three four", "seven eight", "five"]),
    "more inserted than there is": (["a b c d e f g"], ["x"]),
    "empty and equal": (["", "same words here"], ["gone", "same words here"]),
    "an empty reference": (["a b", "c"], ["", "c d"]),
    "repeated": (["the the the", "na na"], ["the", "na na na na"]),
    "white space at the ends": (["  one  two "], ["one two"]),
}


class NoSynonyms:
    def synsets(self, word):
        return []


class NoStems:
    def stem(self, word):
        return word


def smoothings(hyps, refs, k):
    streams = [[row[i] for row in refs] for i in range(k)]
    out = {}
    for ours, method in (("exponential", "exp"), ("floor", "floor"), ("add", "add-k"), ("none", "none")):
        for tokenization, theirs in (("13a", "13a"), ("words", "none")):
            s = sacrebleu.corpus_bleu(hyps, streams, smooth_method=method, tokenize=theirs, force=True)
            out[f"{ours} {tokenization}"] = {
                "score": s.score / 100, "precisions": [p / 100 for p in s.precisions], "brevityPenalty": s.bp,
                "hypothesisLength": s.sys_len, "referenceLength": s.ref_len}
    bleu = lambda **o: sacrebleu.BLEU(force=True, **o).corpus_score(hyps, streams).score / 100
    return out, {str(n): bleu(max_ngram_order=n, smooth_method="none", tokenize="none") for n in (1, 2, 3, 4)}, bleu(lowercase=True)


def main(path):
    cases = []
    for name, (hyps, refs) in CORPORA.items():
        k = len(refs[0])
        all_smoothings, by_order, lowercase = smoothings(hyps, refs, k)
        sentences = [sacrebleu.sentence_bleu(h, r).score / 100 for h, r in zip(hyps, refs)]
        scorer = rouge_scorer.RougeScorer(["rougeL"])
        g, d = dict(enumerate(refs)), {i: [h] for i, h in enumerate(hyps)}
        coco = Rouge()
        cases.append({
            "name": name, "hypotheses": hyps, "references": refs, "bleu": all_smoothings, "bleuByOrder": by_order,
            "bleuLowercase": lowercase, "sentenceBleu": sentences,
            "tokens13a": [sacrebleu.tokenizers.tokenizer_13a.Tokenizer13a()(h.rstrip()).split() for h in hyps],
            "rougeL": [scorer.score_multi(r, h)["rougeL"].fmeasure for h, r in zip(hyps, refs)],
            "rougeLCaptions": [coco.calc_score([h], r) for h, r in zip(hyps, refs)],
            "ciderD": [float(x) for x in Cider().compute_score(g, d)[1]],
            "meteorExact": [meteor_score([r.split() for r in rs], h.split(), stemmer=NoStems(), wordnet=NoSynonyms()) for h, rs in zip(hyps, refs)],
        })
    rates = []
    for name, (hyps, refs) in RATES.items():
        w, c = jiwer.process_words(refs, hyps), jiwer.process_characters(refs, hyps)
        edits = lambda m: {"substitutions": m.substitutions, "insertions": m.insertions, "deletions": m.deletions}
        rates.append({"name": name, "hypotheses": hyps, "references": refs,
                      "words": {"rate": w.wer, **edits(w)}, "characters": {"rate": c.cer, **edits(c)}})
    libraries = {lib: version(lib) for lib in ("sacrebleu", "rouge_score", "pycocoevalcap", "nltk", "jiwer")}
    with open(path, "w") as f:
        json.dump({"generator": "scripts/golden/sequence_metrics.py", "libraries": libraries, "cases": cases, "rates": rates}, f, indent=1, ensure_ascii=False)
        f.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
