"""Near duplicates with Daft: its own minhash expression, and bands in NumPy.

    python near_daft.py [--ngrams word|char] CORPUS.jsonl OUT

128 hashes in 16 bands of 8. `word` is what the expression is made for: 3-grams of the words of the raw text, a row
removed as soon as it shares a band with an earlier row. It is the lightest job in the comparison: no exact stage, no
folding, no check. `char` spells the folded text out, a space after every character, so that its 5-grams are of
characters; a row is removed when, in some band, 0.8 of the 128 hashes agree with the row before it in the bucket.
Nothing is compared exactly in either.
"""

import argparse
import json
from pathlib import Path

import daft
import numpy as np
from daft import col, lit

HASHES, BANDS, THRESHOLD = 128, 16, 0.8

parser = argparse.ArgumentParser()
parser.add_argument("corpus")
parser.add_argument("out", type=Path)
parser.add_argument("--ngrams", choices=["word", "char"], default="word")
given = parser.parse_args()

text = col("input") + lit("\n") + col("output")
if given.ngrams == "char":
    folded = text.lower().regexp_replace(r"\s+", "_")
    text = folded.regexp_replace("(.)", "$1 ")
size = 3 if given.ngrams == "word" else 5
sketches = (
    daft.read_json(given.corpus)
    .select(
        text.minhash(num_hashes=HASHES, ngram_size=size, seed=1, hash_function="xxhash3_64").alias("sketch")
    )
    .to_arrow()["sketch"]
    .combine_chunks()
)
count = len(sketches)
sketch = np.asarray(sketches.flatten()).reshape(count, HASHES)
twin = np.full(count, -1, np.int64)
width = HASHES // BANDS
for band in range(BANDS):
    part = np.ascontiguousarray(sketch[:, band * width : (band + 1) * width])
    keys = part.view(f"V{part.dtype.itemsize * width}").ravel()
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    earlier, later = order[same], order[same + 1]
    if given.ngrams == "char":
        alike = (sketch[earlier] == sketch[later]).mean(axis=1) >= THRESHOLD
        earlier, later = earlier[alike], later[alike]
    new = twin[later] < 0
    twin[later[new]] = earlier[new]
removed = np.flatnonzero(twin >= 0).tolist()
with (given.out / "removed.jsonl").open("w") as out:
    out.writelines(
        f'{{"row": {row}, "twin": {kept}}}\n'
        for row, kept in zip(removed, twin[removed].tolist(), strict=True)
    )
print(json.dumps({"rows": count, "kept": count - len(removed)}))
