"""OpenLineage, for real: our events are what its own classes spell, and its client posts them to a server."""

from __future__ import annotations

import importlib
import json
import pkgutil
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from assay.errors import TrackingFailed, UsageError
from assay.testing.trackers import ODD, RECEIPT, TrackerSuite
from assay.track.openlineage.events import PRODUCER, making_events, training_event
from assay.track.openlineage.sinks import HttpSink, sink_at
from assay.track.openlineage.tracker import OpenLineage
from assay.track.tracker import tracker_named
from tests.track.test_openlineage import MADE

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module", autouse=True)
def client():
    why = "openlineage-python is not installed: pip install --group interop"
    return pytest.importorskip("openlineage.client", reason=why)


def known_facets():
    """Schema's address → the class of the official package."""
    package = importlib.import_module("openlineage.client.generated")
    found = {}
    for one in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"openlineage.client.generated.{one.name}")
        for thing in vars(module).values():
            if isinstance(thing, type) and hasattr(thing, "_get_schema"):
                found[thing._get_schema()] = thing
    return found


def by_its_classes(event):
    """The event made of the package's classes, which take no field that the schema does not know, and spelled by it."""
    from openlineage.client import event_v2 as v2
    from openlineage.client.serde import Serde

    known, custom = known_facets(), []

    def facets(found):
        made = {}
        for name, facet in found.items():
            said = {key: value for key, value in facet.items() if not key.startswith("_")}
            if facet["_schemaURL"] in known:
                made[name] = known[facet["_schemaURL"]](**said, producer=facet["_producer"])
            else:
                assert name.startswith("assay_")
                custom.append(name)
                made[name] = facet
        return made

    def dataset(kind, found, own):
        return kind(
            found["namespace"], found["name"], facets=facets(found["facets"]), **{own: facets(found[own])}
        )

    run, job = event["run"], event["job"]
    made = v2.RunEvent(
        eventTime=event["eventTime"],
        producer=event["producer"],
        eventType=v2.RunState(event["eventType"]),
        run=v2.Run(run["runId"], facets(run["facets"])),
        job=v2.Job(job["namespace"], job["name"], facets(job["facets"])),
        inputs=[dataset(v2.InputDataset, one, "inputFacets") for one in event["inputs"]],
        outputs=[dataset(v2.OutputDataset, one, "outputFacets") for one in event["outputs"]],
    )
    return Serde.to_dict(made), custom


OVER = replace(RECEIPT, state="finished", ended="2026-11-01T01:00:00Z", metrics={"loss": 1.0})
EVENTS = [training_event(one) for one in (RECEIPT, OVER, replace(OVER, state="failed"), ODD)] + making_events(
    MADE
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event['job']['name']} {event['eventType']}")
def test_the_official_classes_spell_the_very_same_event(event):
    spelled, custom = by_its_classes(event)
    assert spelled == event
    assert set(custom) <= {"assay_receipt", "assay_version"} and custom
    assert event["producer"] == PRODUCER


class Receiver(BaseHTTPRequestHandler):
    """Takes events as Marquez does, and answers as it is told to."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.took.append((self.path, self.headers.get("Authorization"), json.loads(body)))
        status = self.server.answers.pop(0) if self.server.answers else 201
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as made:
        made.took, made.answers = [], []
        made.url = f"http://127.0.0.1:{made.server_address[1]}"
        threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
        yield made
        made.shutdown()


class TestSuite(TrackerSuite):
    @pytest.fixture(autouse=True)
    def _place(self, server):
        self.server = server

    def tracker(self):
        return tracker_named(f"openlineage={self.server.url}")

    def broken(self):
        self.server.answers = [400] * 10
        return OpenLineage(self.server.url)

    def found(self):
        return {(e["run"]["runId"], e["eventType"]): e for _, _, e in self.server.took}


def test_a_version_is_posted_with_the_key_and_nothing_of_the_environment(
    server, helpdesk, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENLINEAGE_URL", "http://nowhere.invalid")
    monkeypatch.setenv("OPENLINEAGE__FACETS__ENVIRONMENT_VARIABLES", '["HOME"]')
    monkeypatch.chdir(tmp_path)
    (tmp_path / "openlineage.yml").write_text("transport: {type: console}\n", "utf-8")
    found = helpdesk.lineage.emit("helpdesk@v2", server.url, api_key="k3y")
    assert [(path, key) for path, key, _ in server.took] == [("/api/v1/lineage", "Bearer k3y")] * 2
    assert [event for _, _, event in server.took] == found.events()


def test_a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_named(server):
    server.answers = [503, 201]
    HttpSink(server.url).emit(EVENTS[0])
    assert len(server.took) == 2 and server.took[0][2] == server.took[1][2]
    server.answers = [422]
    with pytest.raises(TrackingFailed, match="422") as caught:
        HttpSink(server.url).emit(EVENTS[0])
    assert "send the events again" in caught.value.hint
    assert len(server.took) == 3


def test_what_is_no_address_is_refused():
    with pytest.raises(UsageError, match="no address"):
        sink_at("http://")
