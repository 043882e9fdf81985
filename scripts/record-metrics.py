"""Records what scikit-learn, SciPy, sacrebleu, rouge-score and NLTK say, for test/unit/Metrics/recorded.test.ts.

Run once, in a virtual environment: pip install scikit-learn scipy sacrebleu rouge-score && python scripts/record-metrics.py
(recorded with scikit-learn 1.9.1, scipy 1.17.1, sacrebleu 2.6.0, rouge-score 0.1.2, nltk 3.10.4). A NaN is written as null.
"""

import json
import math
import pathlib
import warnings

import nltk
import numpy as np
import rouge_score.rouge_scorer as rouge
import sacrebleu
import scipy
import scipy.special
import scipy.stats
import sklearn
from sklearn import metrics as sk

warnings.simplefilter("ignore")
random = np.random.default_rng(4)
number = lambda value: None if math.isnan(value) else float(value)


def classified(logits, labels, classes):
    """Logits are multiples of 1/64, so that float32 holds them."""
    logits, labels = np.asarray(logits, float), np.asarray(labels)
    guesses = logits.argmax(1)
    wanted = {}
    for average in ["micro", "macro", "weighted"]:
        for name in ["precision", "recall", "f1"]:
            score = getattr(sk, f"{name}_score")
            wanted[f"{average}_{name}"] = number(score(labels, guesses, average=average))
            wanted[name + "_each"] = [number(x) for x in score(labels, guesses, average=None, labels=range(classes))]
    if classes == 2:
        for name in ["precision", "recall", "f1"]:
            wanted[name] = number(getattr(sk, f"{name}_score")(labels, guesses))
    wanted["mcc"] = number(sk.matthews_corrcoef(labels, guesses))
    wanted["accuracy"] = number(sk.accuracy_score(labels, guesses))
    wanted["confusion"] = sk.confusion_matrix(labels, guesses, labels=range(classes)).tolist()
    if classes == 2:
        wanted["roc_auc"] = number(sk.roc_auc_score(labels, logits[:, 1] - logits[:, 0]))
    elif len(set(labels)) == classes:
        p = scipy.special.softmax(logits, axis=1)
        for average in ["macro", "weighted"]:
            wanted[f"{average}_roc_auc"] = number(sk.roc_auc_score(labels, p, multi_class="ovr", average=average))
        wanted["roc_auc_each"] = [number(sk.roc_auc_score(labels == k, p[:, k])) for k in range(classes)]
    return {"classes": classes, "logits": logits.tolist(), "labels": labels.tolist(), "wanted": wanted}


def grid(shape, step=64, spread=2.0):
    return np.round(random.normal(0, spread, shape) * step) / step


labels = random.integers(0, 4, 48)
many = grid((48, 4)) + 1.5 * np.eye(4)[labels]
halves = random.integers(0, 2, 40)
binary = grid((40, 2), step=2, spread=1.0) + 0.5 * np.eye(2)[halves]
classification = {
    "four classes": classified(many, labels, 4),
    "two classes, with ties": classified(binary, halves, 2),
    "a class that never occurs": classified(np.delete(many, 3, 1)[labels < 3][:, [0, 1, 2, 2]] - [0, 0, 0, 64], labels[labels < 3], 4),
    "a class that is never guessed": classified(many - [0, 64, 0, 0], labels, 4),
    "one class only": classified(binary[halves == 1], halves[halves == 1], 2),
    "one class only, all right": classified([[0, 1], [0, 1]], [1, 1], 2),
    "no positives": classified(binary[halves == 0], halves[halves == 0], 2),
    "nothing guessed positive": classified(binary - [0, 64], halves, 2),
    "constant scores": classified(np.zeros((6, 2)), [0, 1, 0, 1, 1, 1], 2),
}


def regressed(predictions, labels):
    p, y = np.asarray(predictions, float), np.asarray(labels, float)
    wanted = {
        "mse": number(sk.mean_squared_error(y, p)),
        "mae": number(sk.mean_absolute_error(y, p)),
        "r2": number(sk.r2_score(y, p)),
        # SciPy refuses fewer than two pairs.
        "pearson": number(scipy.stats.pearsonr(p, y)[0]) if len(y) > 1 else None,
        "spearman": number(scipy.stats.spearmanr(p, y)[0]) if len(y) > 1 else None,
    }
    return {"predictions": p.tolist(), "labels": y.tolist(), "wanted": wanted}


y = grid(40, step=64)
p = y + grid(40, step=64, spread=1.0)
ties = grid(40, step=1, spread=1.5)
regression = {
    "forty pairs": regressed(p, y),
    "ties": regressed(ties, np.round(ties + grid(40, step=1, spread=1.0))),
    "far from zero": regressed(10000 + p, 10000 + y),
    "worse than the mean": regressed(-y, y),
    "perfect": regressed(y, y),
    "constant labels": regressed([1, 2, 3, 5], [0.3125] * 4),
    "constant labels, met": regressed([0.3125] * 4, [0.3125] * 4),
    "constant predictions": regressed([0.25] * 4, [1, 2, 3, 5]),
    "one pair": regressed([1], [3]),
}

# Predictions, and two references for each.
corpus = [
    ("The dog bit the man.", "The dog bit the man.", "The dog had bit the man."),
    ("It wasn't surprising.", "It was not unexpected.", "No one was surprised."),
    ("The man had just bitten him.", "The man bit him first.", "The man had bitten the dog."),
    ("On 3.5 of 1,000 days (0.35%) it rained - at 10-12 mm!", "It rained on 3.5 of 1,000 days (0.35 %), 10-12 mm.", "Rain fell on 3.5 of 1,000 days."),
    ("&quot;Fish &amp; chips&quot; &lt;b&gt;", "\"Fish & chips\" <b>", "\"fish and chips\""),
    ("Der größte Bär läuft – über die Straße…", "Der größte Bär lief über die Straße.", "Ein Bär läuft über die Straße"),
    ("the the the the the the the", "the cat is on the mat", "there is a cat on the mat"),
    ("a b c d e f g", "g f e d c b a", "a c e g b d f"),
    ("First line of it.\nSecond line, quite long, too.\nA third.", "Second line is long.\nFirst line of it all.\nThe third one.", "One line.\n\nTwo lines."),
    ("well-\nknown words  and\ttabs ", " wellknown words and tabs", "well known words"),
    ("end of line .", "end of line.", "the end of the line"),
    ("yes", "yes", "yes"),
    ("no match here", "entirely different words", "nothing alike"),
    ("", "an empty prediction", "nothing"),
    ("😀 emoji, 1.e4.", "😀 emoji: 1.e4", "emoji"),
    ("C3PO and R2D2 met U.S. A.I. v2.0.1", "R2D2 met C3PO in the U.S., A.I. v2.0.1", "C3PO met R2D2"),
]
hypotheses, first, second = (list(column) for column in zip(*corpus))
kinds = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
scorer = rouge.RougeScorer(kinds)
text = {
    "pairs": [
        {
            "prediction": h,
            "references": [a, b],
            "bleu": sacrebleu.corpus_bleu([h], [[a]]).score,
            "rouge": {kind: list(value) for kind, value in scorer.score(a, h).items()},
            "rouge_two_references": [scorer.score_multi([a, b], h)[kind].fmeasure for kind in kinds],
            "words": [nltk.edit_distance(h.split(), a.split()), len(a.split())],
            "characters": [nltk.edit_distance(h, a), len(a)],
        }
        for h, a, b in corpus
    ],
    "bleu": sacrebleu.corpus_bleu(hypotheses, [first]).score,
    "bleu_two_references": sacrebleu.corpus_bleu(hypotheses, [first, second]).score,
    "bleu_lowercase": sacrebleu.corpus_bleu(hypotheses, [first], lowercase=True).score,
    "tokens": [sacrebleu.tokenizers.tokenizer_13a.Tokenizer13a()(h.rstrip()) for h in hypotheses],
}

path = pathlib.Path(__file__).parent.parent / "test/unit/Metrics/recorded.json"
record = {
    "note": "Written by scripts/record-metrics.py. A NaN is null.",
    "versions": {
        "scikit-learn": sklearn.__version__,
        "scipy": scipy.__version__,
        "sacrebleu": sacrebleu.__version__,
        "rouge-score": "0.1.2",
        "nltk": nltk.__version__,
    },
    "classification": classification,
    "regression": regression,
    "text": text,
}
path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
print(path, "is written; bin/dev format makes it shorter")
