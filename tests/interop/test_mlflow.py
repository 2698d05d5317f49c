"""MLflow, for real: its client writes into a SQLite store, its search finds our versions, and its sources load them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from assay.errors import NotFound, Revoked, TrackingFailed, UsageError
from assay.testing.trackers import RECEIPT, TrackerSuite
from assay.track.receipt import Receipt, tracker_digest
from assay.track.tracker import tracker_named

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    patch.setenv("DO_NOT_TRACK", "true")
    module = pytest.importorskip("mlflow", reason="mlflow is not installed: pip install --group interop")
    before = module.get_tracking_uri()
    folder = tmp_path_factory.mktemp("mlflow")
    module.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    module.create_experiment("fine-tuning", artifact_location=(folder / "artifacts").as_uri())
    module.set_experiment("fine-tuning")
    yield module
    module.set_tracking_uri(before)
    patch.undo()


def receipt_of(registry, ref, run="run-1"):
    version = registry.version(ref)
    split = ref.partition(":")[2] or None
    return Receipt(
        run, version.manifest.ref, version.fingerprint, len(version), "2026-11-01T00:00:00Z", split,
        checkpoint="assay/registry/00ff\n8\nq83vEjRWeJA=\n",
    )  # fmt: skip


class TestSuite(TrackerSuite):
    @pytest.fixture(autouse=True)
    def _started(self, mlflow):
        self.mlflow = mlflow
        with mlflow.start_run() as run:
            self.run = run.info.run_id
            yield
        assert mlflow.active_run() is None

    def tracker(self):
        return tracker_named("mlflow")

    def broken(self):
        return tracker_named("mlflow=" + "f" * 32)

    def found(self):
        client = self.mlflow.MlflowClient()
        run = client.get_run(self.run)
        points = {name: len(client.get_metric_history(self.run, name)) for name in run.data.metrics}
        inputs = [one.to_dictionary() for one in run.inputs.dataset_inputs]
        return {**run.data.tags, **run.data.metrics, "points": points, "inputs": inputs}


def test_without_a_run_nothing_is_begun(mlflow):
    assert tracker_named("mlflow").begin(RECEIPT) is None
    assert mlflow.active_run() is None


def test_the_client_writes_and_search_finds_it_by_our_digest(mlflow, helpdesk):
    tracker, experiment = tracker_named("mlflow"), mlflow.create_experiment("search")
    ids = {}
    for ref in ("helpdesk@v1:train", "helpdesk@v2:train", "helpdesk@v2:test", "客服@v1"):
        with mlflow.start_run(experiment_id=experiment) as run:
            ids[ref] = tracker.begin(receipt_of(helpdesk, ref))
            assert ids[ref] == run.info.run_id

    def runs(where):
        found = mlflow.search_runs([experiment], where, output_format="list")
        return {run.info.run_id for run in found}

    fingerprint = helpdesk.version("helpdesk@v2").fingerprint
    v2 = {ids["helpdesk@v2:train"], ids["helpdesk@v2:test"]}
    assert len(tracker_digest(fingerprint)) == 32
    assert helpdesk.version("客服@v1").fingerprint == fingerprint  # the same examples under another name
    assert runs(f"dataset.digest = '{tracker_digest(fingerprint)}'") == v2 | {ids["客服@v1"]}
    assert runs("dataset.name = 'helpdesk@v2:train'") == {ids["helpdesk@v2:train"]}
    assert runs("dataset.name LIKE 'helpdesk@%' AND dataset.context = 'training'") == {
        *v2,
        ids["helpdesk@v1:train"],
    }
    assert runs(f"tags.`assay.fingerprint` = '{fingerprint}' AND tags.`assay.dataset` = 'helpdesk'") == v2
    assert runs("tags.`assay.version` = '客服@v1'") == {ids["客服@v1"]}

    run = mlflow.MlflowClient().get_run(ids["helpdesk@v2:test"])
    assert run.data.tags["assay.checkpoint"] == "assay/registry/00ff\n8\nq83vEjRWeJA=\n"
    assert {"assay.split": "test", "assay.run": "run-1"}.items() <= run.data.tags.items()
    (found,) = run.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in found.tags}["assay.fingerprint"] == fingerprint
    assert json.loads(found.dataset.profile) == {"num_rows": len(helpdesk.version("helpdesk@v2:test"))}


def test_the_source_of_a_run_comes_back_and_loads_the_rows_of_its_version(mlflow, helpdesk):
    from assay.registry.training.mlflow_plugin import AssaySource

    for ref in ("helpdesk@v2:train", "helpdesk@v2:test", "客服@v1"):
        with mlflow.start_run() as run:
            tracker_named("mlflow").begin(receipt_of(helpdesk, ref))
        run = mlflow.get_run(run.info.run_id)
        source = mlflow.data.get_source(run.inputs.dataset_inputs[0])
        assert isinstance(source, AssaySource)
        assert [one.name for one in source.load(helpdesk)] == [one.name for one in helpdesk.version(ref)]
        assert len(source.load(helpdesk.root)) == len(helpdesk.version(ref))
        with pytest.raises(UsageError, match="which registry"):
            source.load()


def test_the_constructor_plugs_in_and_agrees_with_the_tracker(mlflow, helpdesk):
    dataset = mlflow.data.from_assay("helpdesk@v2:train", registry=helpdesk)
    with mlflow.start_run() as by_hand:
        mlflow.log_input(dataset, context="training")
    with mlflow.start_run() as by_tracker:
        tracker_named("mlflow").begin(receipt_of(helpdesk, "helpdesk@v2:train"))
    said = [
        mlflow.get_run(run.info.run_id).inputs.dataset_inputs[0].dataset.to_dictionary()
        for run in (by_hand, by_tracker)
    ]
    assert said[0] == said[1]
    assert [one.name for one in dataset.source.load()] == [one.name for one in helpdesk.version(dataset.name)]
    assert mlflow.data.from_assay("helpdesk@v2", registry=str(helpdesk.root), name="mine").name == "mine"
    assert dataset.profile == {"num_rows": len(helpdesk.version("helpdesk@v2:train"))}
    with pytest.raises(UsageError, match="the digest of"):
        mlflow.data.from_assay("helpdesk@v2", registry=helpdesk, digest="498c7496")


def test_a_source_loads_nothing_but_what_its_fingerprint_says(mlflow, helpdesk):
    from mlflow.data.dataset_source_registry import get_dataset_source_from_json, resolve_dataset_source

    other = replace(receipt_of(helpdesk, "helpdesk@v2"), fingerprint="sha256:" + "0" * 64)
    from assay.track.uri import VersionUri

    source = resolve_dataset_source(str(VersionUri.of(other)))
    assert get_dataset_source_from_json(source.to_json(), "assay").uri == source.uri
    with pytest.raises(UsageError, match="fingerprints differ"):
        source.load(helpdesk)


def test_the_rows_of_a_revoked_version_are_not_given_out(mlflow, helpdesk):
    helpdesk.import_("withdrawn", [str(helpdesk.root.parent / "tickets.jsonl")])
    source = mlflow.data.from_assay("withdrawn@v1", registry=helpdesk).source
    assert len(source.load()) == 30
    helpdesk.releases.revoke("withdrawn@v1", "a customer's wish")
    with pytest.raises(Revoked, match="a customer's wish"):
        source.load()


def test_what_mlflow_confuses_is_told_apart(mlflow, helpdesk, tmp_path):
    """Its own digest leaves out columns of lists, which chats are, and what stands after row 10,000."""
    pandas = pytest.importorskip("pandas")
    chats = [
        [{"messages": [{"role": "user", "content": f"Case {n}?"}, {"role": "assistant", "content": f"{word} {n}."}]}
         for n in range(20)]
        for word in ("Refund", "拒绝")
    ]  # fmt: skip
    theirs = [mlflow.data.from_pandas(pandas.DataFrame(rows)).digest for rows in chats]
    assert theirs[0] == theirs[1]

    long = [[{"text": f"row {n}"} for n in range(10_000)] + [{"text": last}] for last in ("the end", "完")]
    theirs = [mlflow.data.from_pandas(pandas.DataFrame(rows)).digest for rows in long]
    assert theirs[0] == theirs[1]

    for kind, (a, b) in {"chats": chats, "long": long}.items():
        digests = []
        for name, rows in ((f"{kind}-a", a), (f"{kind}-b", b)):
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
            helpdesk.import_(name, [str(path)])
            digests.append(mlflow.data.from_assay(name, registry=helpdesk).digest)
        assert len(set(digests)) == 2 and all(len(digest) == 32 for digest in digests)


def test_metrics_are_read_with_the_version_that_the_run_learned_from(mlflow, helpdesk, monkeypatch):
    from assay.track.results.mlflow import Series, read

    tracker, begun = tracker_named("mlflow"), replace(receipt_of(helpdesk, "helpdesk@v2:train"), seed=7)
    with mlflow.start_run() as run:
        id = tracker.begin(begun)
        for step, loss in ((10, 2.0), (20, 1.5), (20, 1.25), (30, float("inf"))):
            mlflow.log_metric("eval_loss", loss, step=step, timestamp=step * 1000 + int(loss == 1.25))
        mlflow.log_metric("nan", float("nan"))
        tracker.end(replace(begun, trackers={"mlflow": id}, state="finished", metrics={"acc": 0.5}))
    with mlflow.start_run() as other:
        pass
    first, second = read([run.info.run_id, other.info.run_id])
    assert (first.version, first.split, first.run, first.seed) == ("helpdesk@v2", "train", "run-1", 7)
    assert first.metrics == {
        "assay/acc": Series((0,), (0.5,)),
        "eval_loss": Series((10, 20), (2.0, 1.25), 1),
        "nan": Series((), (), 1),
    }
    assert (second.id, second.version, second.metrics) == (other.info.run_id, None, {})
    with pytest.raises(NotFound, match="no run"):
        read(["f" * 32])
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingFailed, match="mlflow was not read"):
        read(["f" * 32], store="http://127.0.0.1:9")
