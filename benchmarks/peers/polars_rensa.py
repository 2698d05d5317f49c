"""The whole pipeline by hand, as a good afternoon makes it: polars, rensa and CLD2. The job is in job.py.

    python polars_rensa.py CORPUS.jsonl OUT

Files, folding, word counts and patterns are polars; near duplicates rensa's streaming deduplicator; repetition and
language a loop over the rows that are left. What it does less than assay: a malformed line ends the run; near
duplicates are by estimate and name no twin; the first row is kept whether or not it passes the filters.
"""

import sys
from pathlib import Path

import job
import polars as pl
import rensa

BATCH = 4096
out = Path(sys.argv[2])
frame = pl.read_ndjson(sys.argv[1], schema={"input": pl.String, "output": pl.String}).with_row_index("row")
text = pl.col("text")
frame = frame.with_columns(
    text=pl.concat_str(pl.col("input").fill_null(""), pl.col("output").fill_null(""), separator="\n")
).with_columns(
    folded=text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars(" "),
    words=text.str.count_matches(r"\S+"),
    empty=(pl.col("input").fill_null("").str.strip_chars() == "")
    | (pl.col("output").fill_null("").str.strip_chars() == ""),
    # One cheap look first: nothing to find without a digit or an @.
    pii=pl.when(text.str.contains("[@0-9]")).then(
        pl.coalesce(
            pl.when(text.str.contains(pattern)).then(pl.lit(f"pii:{kind}"))
            for kind, pattern in job.PII.items()
        )
    ),
)
frame = frame.with_columns(first=pl.col("row").min().over("folded"))
rows, folded, words = frame["text"].to_list(), frame["folded"].to_list(), frame["words"].to_list()
first, empty, pii = frame["first"].to_list(), frame["empty"].to_list(), frame["pii"].to_list()
reasons: list[str | None] = [None] * len(rows)
twins: list[int | None] = [None] * len(rows)
left = []
for row, original in enumerate(first):
    if empty[row]:
        reasons[row] = "empty"
    elif original != row:
        reasons[row], twins[row] = "exact_duplicate", original
    else:
        left.append(row)

found = rensa.RMinHashDeduplicator(job.THRESHOLD, job.HASHES, True, job.BANDS, 42)
size = job.SHINGLE
for start in range(0, len(left), BATCH):
    batch = left[start : start + BATCH]
    texts = [folded[row] for row in batch]
    shingles = ([text[at : at + size] for at in range(len(text) - size + 1)] or [text] for text in texts)
    new = found.add_pairs(list(zip(map(str, batch), shingles, strict=True)))
    for row, is_new in zip(batch, new, strict=True):
        if not is_new:
            reasons[row] = "near_duplicate"

for row in left:
    if reasons[row]:
        continue
    if not job.LEAST_WORDS <= words[row] <= job.MOST_WORDS:
        reasons[row] = f"length:{words[row]}"
    elif (share := job.repeated(folded[row])) > job.MOST_REPEATED:
        reasons[row] = f"repetition:{share:.2f}"
    elif pii[row]:
        reasons[row] = pii[row]
    elif (code := job.language(rows[row])) not in job.LANGUAGES:
        reasons[row] = f"language:{code}"

frame = frame.with_columns(reason=pl.Series(reasons, dtype=pl.String), twin=pl.Series(twins, dtype=pl.Int64))
rejected = pl.col("reason").is_not_null()
frame.filter(~rejected).select("input", "output").write_ndjson(out / "curated.jsonl")
frame.filter(rejected).select("row", "input", "output", "reason", "twin").write_ndjson(out / "rejected.jsonl")
job.report(out, reasons)
