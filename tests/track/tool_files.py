"""Files as lm_eval 0.4.13 and inspect_ai 0.3.285 write them, with items of our own."""

import json
import struct
import zlib

import pyarrow as pa

STAMP = "2026-11-21T18-13-31.446516"
TOPICS = ("refunds", "billing", "退款")


def lm_eval(folder, right, *, seed=3, task="helpdesk", filters=("none",)):
    """`results_*.json` and `samples_*.jsonl`; `right`: by item."""
    folder.mkdir(parents=True, exist_ok=True)
    share = sum(right) / len(right)
    figures = {"alias": task, "sample_len": len(right)}
    for one in filters:
        figures |= {f"acc,{one}": share, f"acc_stderr,{one}": 0.1}
    results = {
        "results": {task: figures, "all": {"alias": "all", "acc,none": 0.0}},
        "group_subtasks": {"all": [task], task: []}, "configs": {}, "versions": {task: 1.0}, "n-shot": {task: 0},
        "higher_is_better": {task: {"acc": True}}, "config": {"model": "hf", "random_seed": seed}, "model_name": "tiny",
    }  # fmt: skip
    path = folder / f"results_{STAMP}.json"
    path.write_text(json.dumps(results))
    lines = []
    for one in filters:
        for k, score in enumerate(right):
            lines.append({
                "doc_id": k, "doc": {"id": f"q{k}", "question": f"What is {k}?", "topic": TOPICS[k % 3]}, "target": "x",
                "filter": one, "metrics": ["acc"], "doc_hash": f"{k:064x}", "acc": float(score),
            })  # fmt: skip
    (folder / f"samples_{task}_{STAMP}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    return path


def inspect_log(grades, *, status="success", epochs=1):
    """The log of one evaluation, as JSON."""
    samples = [
        {
            "id": f"q{k}", "epoch": epoch, "input": [{"role": "user", "content": f"第 {k} 题？"}], "target": "x",
            "scores": {"match": {"value": grade}, "style": {"value": {"tone": 0.5, "note": "fine"}}},
            "metadata": {"topic": TOPICS[k % 3], "language": "zh"},
        }
        for epoch in range(1, epochs + 1)
        for k, grade in enumerate(grades)
    ]  # fmt: skip
    return {
        "version": 2, "status": status,
        "eval": {"eval_id": "e", "task": "helpdesk", "model": "mockllm/model", "model_generate_config": {"seed": 5}},
        "results": {"scores": [{"name": "match", "scorer": "match", "metrics": {"accuracy": {"value": 0.5}}}]},
        "samples": samples,
    }  # fmt: skip


def inspect_archive(path, log, method=93):
    """The same as an `.eval` archive; `method` 0 stored, 8 deflated, 93 zstd, as inspect_ai writes it."""
    members = {f"samples/{one['id']}_epoch_{one['epoch']}.json": one for one in log["samples"]}
    members["header.json"] = {key: value for key, value in log.items() if key != "samples"}
    path.write_bytes(archive({name: json.dumps(one).encode() for name, one in members.items()}, method))
    return path


def archive(members, method):
    """A ZIP archive, written by hand: Python's own knows method 93 from 3.14 on."""
    body, index = b"", b""
    for name, data in members.items():
        packed = {0: bytes, 8: _deflated, 93: lambda raw: pa.compress(raw, "zstd", asbytes=True)}[method](
            data
        )
        fields = (20, 0, method, 0, 0x21, zlib.crc32(data), len(packed), len(data), len(name.encode()), 0)
        index += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, *fields[:5], *fields[5:8], *fields[8:], 0, 0, 0, 0, len(body)
        )
        index += name.encode()
        body += struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + name.encode() + packed
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(members), len(members), len(index), len(body), 0)
    return body + index + end


def _deflated(data):
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()
