"""The fold of reviews and its rules, against a plain model; agreement; auto-review."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import Damaged, NotFound, UsageError
from assay.govern.auto_review import standings, trust
from assay.govern.review_agreement import agreement
from assay.govern.review_share import review_share, reviewed_by
from assay.govern.review_values import (
    INLINE,
    Queue,
    Said,
    check_score,
    check_tags,
    objects_of,
    put_by_id,
    put_payload,
    read_payload,
    verdicts_body,
)
from assay.govern.reviews import refusal, reviews, tally, visible
from assay.kernels.ids import as_ids, id_list
from assay.model.operation import Operation
from assay.store.idsets import ids_body
from assay.store.memory import MemoryStorage
from assay.store.objects import Objects, object_key

PEOPLE = ("ann", "bob", "cat", "李雷")
IDS = [bytes([k]) * 32 for k in range(1, 5)]
SALT = b"s" * 16


@dataclass
class Log:
    """A log in memory, written past every door."""

    objects: Objects = field(default_factory=lambda: Objects(MemoryStorage()))
    entries: list[Operation] = field(default_factory=list)

    def add(self, action: str, actor: str, **body: object) -> Operation:
        seq = len(self.entries) + 1
        self.entries.append(
            Operation(seq, None, f"2026-11-{seq % 28 + 1:02d}T00:00:00Z", actor, action, "desk", body)
        )
        return self.entries[-1]

    def queue(self, name: str = "q", ids: list[bytes] = IDS, **more: object) -> None:
        settings = {"version": 1, "reviewers": 1, "blind": False} | more
        self.add("queue", "mira", queue=name, **settings, **ids_body(self.objects, as_ids(sorted(ids))))

    def say(
        self, actor: str, id_: bytes, verdict: str, action: str = "review", name: str = "q", **more: object
    ) -> None:
        self.add(action, actor, queue=name, verdicts=[self.said(id_, verdict, **more).as_json()], count=1)

    def said(self, id_: bytes, verdict: str, **more: object) -> Said:
        if verdict == "edit":
            more = {
                "edited": bytes([id_[0] + 100]) * 32,
                "payload": put_payload(self.objects, {"text": "x"}),
            } | more
        return Said(id_, verdict, **more)  # type: ignore[arg-type]

    def fold(self):  # type: ignore[no-untyped-def]
        return reviews(self.objects, self.entries)


class Model:
    """The same rules told in another way: per example, a list of everything that was said and counted."""

    def __init__(self, reviewers: int, blind: bool) -> None:
        self.reviewers, self.blind = reviewers, blind
        self.said: dict[bytes, dict[str, tuple[str, bytes | None]]] = {i: {} for i in IDS}
        self.final: dict[bytes, tuple[str, tuple[str, bytes | None]]] = {}
        self.wrote: set[tuple[str, bytes]] = set()

    def counted(self, i: bytes) -> dict[str, tuple[str, bytes | None]]:
        return {who: one for who, one in self.said[i].items() if one[0] != "skip"}

    def state(self, i: bytes) -> str:
        done = self.counted(i)
        if i in self.final:
            return "decided"
        if len(done) < self.reviewers:
            return "reviewed" if done else "open"
        return "decided" if len(set(done.values())) == 1 else "in conflict"

    def step(self, who: str, i: bytes, verdict: str, third: bool) -> bool:
        new = (verdict, bytes([i[0] + 100]) * 32 if verdict == "edit" else None)
        done = self.counted(i)
        if third:
            free = self.state(i) == "in conflict" if i not in self.final else self.final[i][0] == who
            allowed = free and verdict != "skip" and who not in done
        else:
            closed = len(done) >= self.reviewers and (who not in done or (self.blind and self.reviewers == 2))
            allowed = i not in self.final and not closed
        if not allowed or (who, i) in self.wrote:
            return False
        if third:
            self.final[i] = (who, new)
        else:
            self.said[i][who] = new
        return True


STEPS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(IDS),
        st.sampled_from(["accept", "reject", "edit", "skip"]),
        st.booleans(),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.sampled_from([1, 2]), st.booleans())
def test_any_sequence_of_verdicts_ends_where_a_plain_model_does(
    steps: list[tuple[str, bytes, str, bool]], reviewers: int, blind: bool
) -> None:
    log, model = Log(), Model(reviewers, blind)
    log.queue(reviewers=reviewers, blind=blind)
    refused = 0
    for who, i, verdict, third in steps:
        action = "adjudicate" if third else "review"
        at_the_door = refusal(log.fold(), action, "q", who, log.said(i, verdict)) is None
        counts = model.step(who, i, verdict, third)
        assert at_the_door == counts
        refused += not counts
        log.say(who, i, verdict, action)
    judged = log.fold().named("q")
    assert len(log.fold().refused) == refused
    for i in IDS:
        assert judged.state(i) == model.state(i)
        assert {w: v.verdict for w, v in judged.case(i).verdicts.items()} == {
            w: v[0] for w, v in model.said[i].items()
        }
        if i in model.final:
            decision = judged.decision(i)
            assert decision is not None and (decision.actor, decision.verdict) == (
                model.final[i][0],
                model.final[i][1][0],
            )
    assert sum(tally(judged).values()) == len(IDS)


@settings(deadline=None, max_examples=60)
@given(STEPS, st.sampled_from(PEOPLE))
def test_in_a_blind_queue_nobody_sees_a_verdict_before_giving_their_own(
    steps: list[tuple[str, bytes, str, bool]], viewer: str
) -> None:
    log = Log()
    log.queue(reviewers=2, blind=True)
    for who, i, verdict, _ in steps:
        before = log.fold().named("q")
        case = before.case(i)
        saw_others = [one for one in visible(before, i, who) if one.actor != who]
        given_own = who in {one.actor for one in case.given}
        log.say(who, i, verdict)
        after = log.fold().named("q").case(i)
        if saw_others and not given_own:
            assert after.verdicts.get(who) == case.verdicts.get(who), "who saw a verdict gave none after it"
    judged = log.fold().named("q")
    for i in IDS:
        if judged.state(i) in ("open", "reviewed"):
            assert all(one.actor == viewer for one in visible(judged, i, viewer))


def test_nobody_judges_what_they_wrote_nor_what_was_made_from_it() -> None:
    log = Log()
    first, second, third = (bytes([k]) * 32 for k in (50, 150, 250))
    log.queue(ids=[first])
    log.say("ann", first, "edit", edited=second)
    log.queue("q2", ids=[second])
    log.say("ann", second, "accept", name="q2")
    assert "wrote" in log.fold().refused[-1].reason
    log.say("bob", second, "edit", name="q2", edited=third)
    log.queue("q3", ids=[third])
    for who, counts in (("ann", False), ("bob", False), ("cat", True)):
        why = refusal(log.fold(), "review", "q3", who, Said(third, "accept"))
        assert (why is None) == counts
    assert log.fold().authors == {second: {"ann"}, third: {"ann", "bob"}}


def test_whoever_adjudicates_for_a_proposed_edit_has_not_written_it() -> None:
    log = Log()
    log.queue(reviewers=2, blind=True)
    log.say("ann", IDS[0], "edit")
    log.say("bob", IDS[0], "accept")
    log.say("cat", IDS[0], "edit", "adjudicate")
    edited = bytes([IDS[0][0] + 100]) * 32
    assert log.fold().authors == {edited: {"ann"}}
    assert log.fold().named("q").decision(IDS[0]).actor == "cat"


def test_what_was_applied_is_closed() -> None:
    log = Log()
    log.queue()
    log.say("ann", IDS[0], "reject")
    log.add("apply", "mira", queue="q", **ids_body(log.objects, as_ids([IDS[0]])))
    log.say("ann", IDS[0], "accept")
    log.say("ann", IDS[1], "accept")
    judged = log.fold().named("q")
    assert judged.decision(IDS[0]).verdict == "reject" and judged.case(IDS[0]).applied
    assert [one.id for one in log.fold().refused] == [IDS[0]] and judged.state(IDS[1]) == "decided"


def test_a_second_queue_of_a_name_does_not_count() -> None:
    log = Log()
    log.queue()
    log.queue(ids=[bytes([9]) * 32])
    log.say("ann", bytes([9]) * 32, "accept")
    log.say("ann", IDS[0], "accept", name="nothing")
    assert [one.id for one in log.fold().refused] == [None, bytes([9]) * 32, IDS[0]]
    with pytest.raises(NotFound, match="no queue 'z'") as caught:
        log.fold().named("z")
    assert "q" in caught.value.hint


@pytest.mark.parametrize("blind", [True, False])
@pytest.mark.parametrize("count", [1, INLINE, INLINE + 1])
def test_verdicts_survive_an_operation_and_a_blind_one_tells_nothing(blind: bool, count: int) -> None:
    log = Log()
    ids = [bytes([k + 1]) * 32 for k in range(count)]
    log.queue(ids=ids, blind=blind)
    said = [Said(i, "reject", {"reason": "太短"}, 2.5) for i in ids]
    body = verdicts_body(log.objects, log.fold().named("q").queue, said, SALT)
    assert isinstance(body["verdicts"], str) == (blind or count > INLINE)
    if blind:
        assert "reject" not in str(body) and "太短" not in str(body)
    log.add("review", "ann", **body)
    judged = log.fold().named("q")
    assert [judged.decision(i).tags for i in ids] == [{"reason": "太短"}] * count


@pytest.mark.parametrize(
    "body",
    [
        {"verdicts": [{"id": "00", "verdict": "accept"}]},
        {"verdicts": [{"id": "01" * 32, "verdict": "perhaps"}]},
        {"verdicts": [{"id": "01" * 32, "verdict": "edit"}]},
        {"verdicts": [{"id": "01" * 32, "verdict": "accept", "edited": "02" * 32}]},
        {"verdicts": [{"id": "01" * 32, "verdict": "accept", "tags": {"a": 1}}]},
        {"verdicts": [{"id": "01" * 32, "verdict": "accept", "score": "5"}]},
        {"verdicts": 7},
        {},
    ],
)
def test_verdicts_that_cannot_be_read_are_damage(body: dict[str, object]) -> None:
    log = Log()
    log.queue()
    log.add("review", "ann", queue="q", **body)
    with pytest.raises(Damaged, match="log/00000002"):
        log.fold()


def test_a_queue_that_cannot_be_read_is_damage() -> None:
    for broken in ({"reviewers": 3}, {"version": "x"}, {"gold": "nothing"}):
        log = Log()
        with pytest.raises((Damaged, ValueError)):
            log.queue(**broken)
            log.fold()


def test_tags_and_scores_have_bounds() -> None:
    assert check_tags({"语气": "正式", "a": "b"}) == {"a": "b", "语气": "正式"}
    assert check_score(3) == 3.0 and check_score(None) is None
    for tags in (
        {"a": "x" * 65},
        {"a": "line\nline"},
        {"../a": "b"},
        {"a": ""},
        {f"k{n}": "v" for n in range(17)},
    ):
        with pytest.raises(UsageError):
            check_tags(tags)
    for score in (float("nan"), 1e10, True):
        with pytest.raises(UsageError, match="score"):
            check_score(score)


def test_payloads_can_be_erased_and_are_named_for_it() -> None:
    objects = Objects(MemoryStorage())
    name = put_payload(objects, {"text": "你好"})
    assert read_payload(objects, name) == {"text": "你好"}
    assert objects_of([Said(IDS[0], "edit", note="n", edited=IDS[1], payload=name)]) == ["n", name]
    objects.storage.delete(object_key(name))
    assert read_payload(Objects(objects.storage), name) is None
    with pytest.raises(Damaged, match="holds no payload"):
        read_payload(objects, objects.put_json({"a": 1}))


def test_who_reviewed_what_and_what_share_is_fit() -> None:
    log = Log()
    log.queue()
    log.say("ann", IDS[0], "accept")
    log.say("bob", IDS[1], "edit")
    log.say("bob", IDS[2], "reject")
    log.say("cat", IDS[3], "skip")
    edited = bytes([IDS[1][0] + 100]) * 32
    by = reviewed_by(log.objects, log.entries)
    assert {who: set(id_list(ids)) for who, ids in by.items()} == {
        "ann": {IDS[0]},
        "bob": {IDS[1], IDS[2], edited},
    }
    share = review_share(log.objects, log.entries, as_ids(sorted([*IDS, edited])))
    assert (share.examples, share.people, share.auto) == (5, 2, 0) and share.share == 0.4
    assert review_share(log.objects, log.entries, as_ids(IDS), dataset="other").people == 0
    assert np.isnan(review_share(log.objects, log.entries, as_ids([])).share)
    log.queue("later")
    log.say("cat", IDS[0], "reject", name="later")
    assert review_share(log.objects, log.entries, as_ids(IDS)).people == 0, "the newest decision holds"


def _auto_log(
    people: list[str], program: list[str], min_agreement: float = 0.9, **more: object
) -> tuple[Log, list[bytes]]:
    """A queue in which a person and a program judged the same examples, and one more that the program alone judged."""
    log = Log()
    ids = [bytes([k % 250 + 1, k // 250]) * 16 for k in range(len(people) + 1)]
    log.queue(ids=ids, auto=["judge"], min_agreement=min_agreement, **more)
    for id_, one, other in zip(ids, people, program, strict=False):
        log.say("ann", id_, one)
        log.say("judge", id_, other)
    log.say("judge", ids[-1], program[-1])
    return log, ids


def test_a_program_decides_only_where_its_measured_agreement_is_surely_enough() -> None:
    for n, decides in (
        (10, False),
        (34, False),
        (35, True),
        (60, True),
    ):  # Wilson: 35 of 35 is at least 90.1 %
        log, ids = _auto_log(["accept"] * n, ["accept"] * (n + 1))
        found = log.fold()
        (row,) = trust(found, found.named("q").queue)
        assert (row.judged, row.agreed, row.decides) == (n, n, decides)
        standing = standings(found, found.named("q"))[ids[-1]]
        assert (standing.state == "decided", standing.auto) == (decides, decides)
        assert found.named("q").state(ids[-1]) == "open", "people have not decided"


def test_agreement_is_measured_for_each_verdict_apart() -> None:
    log, ids = _auto_log(["accept"] * 60, ["accept"] * 60 + ["reject"])
    found = log.fold()
    assert {row.verdict: row.decides for row in trust(found, found.named("q").queue)} == {
        "accept": True,
        "reject": False,
    }
    assert standings(found, found.named("q"))[ids[-1]].state == "open"


def test_agreement_that_falls_takes_the_decisions_back_and_people_come_first() -> None:
    log, ids = _auto_log(["accept"] * 40, ["accept"] * 41)
    assert standings(log.fold(), log.fold().named("q"))[ids[-1]].auto
    for id_ in ids[:10]:
        log.say("ann", id_, "reject")
    assert standings(log.fold(), log.fold().named("q"))[ids[-1]].state == "open"
    log.say("bob", ids[-1], "reject")
    standing = standings(log.fold(), log.fold().named("q"))[ids[-1]]
    assert not standing.auto and standing.verdict is not None and standing.verdict.actor == "bob"


def test_a_program_never_stands_for_one_of_two_people_edits_or_adjudicates() -> None:
    log, ids = _auto_log(["accept"] * 40, ["accept"] * 41, reviewers=2)
    assert standings(log.fold(), log.fold().named("q"))[ids[-1]].state == "open"
    for action, verdict in (("review", "edit"), ("adjudicate", "accept")):
        why = refusal(log.fold(), action, "q", "judge", log.said(ids[0], verdict))
        assert why is not None and "auto-reviewer" in why.reason


def test_a_program_is_trusted_stratum_by_stratum_and_its_word_is_not_shown_early() -> None:
    log = Log()
    ids = [bytes([k + 1]) * 32 for k in range(82)]
    strata = {i: "退款" if k % 2 else "printer" for k, i in enumerate(ids)}
    log.queue(ids=ids, auto=["judge"], min_agreement=0.9, by="topic", strata=put_by_id(log.objects, strata))
    for k, i in enumerate(ids[:80]):
        log.say("judge", i, "accept")
        assert visible(log.fold().named("q"), i, "ann") == [] if k < 2 else True
        log.say("ann", i, "accept" if strata[i] == "退款" else "reject")
    for i in ids[80:]:
        log.say("judge", i, "accept")
    found = log.fold()
    decided = {strata[i]: standings(found, found.named("q"))[i].state for i in ids[80:]}
    assert decided == {"退款": "decided", "printer": "open"}


def test_agreement_of_a_queue_by_pair_tag_and_known_answers() -> None:
    log = Log()
    ids = [bytes([k + 1]) * 32 for k in range(20)]
    gold = {ids[0]: "accept", ids[1]: "reject", ids[2]: "edit"}
    log.queue(ids=ids, reviewers=2, blind=True, gold=put_by_id(log.objects, gold))
    for k, i in enumerate(ids):
        log.say("ann", i, "accept" if k % 4 else "reject", tags={"reason": "语气"} if k < 10 else {})
        log.say("bob", i, "accept" if k % 5 else "reject")
    log.say("cat", ids[4], "accept", "adjudicate")
    found = log.fold()
    figures = agreement(found, found.named("q"), "mira")
    same = sum((k % 4 == 0) == (k % 5 == 0) for k in range(20))
    assert figures.overall["percent"].value == same / 20 and figures.overall["percent"].n == 20
    (pair,) = figures.pairs
    assert (pair.a, pair.b, pair.percent.n) == ("ann", "bob", 20)
    assert figures.tags["reason=语气"]["percent"].n == 10
    ann, bob = figures.reviewers
    assert ann.gold is not None and (ann.gold.n, round(ann.gold.value * 3)) == (3, 0)
    assert (ann.overruled.value, bob.overruled.value) == (1.0, 0.0)
    assert agreement(found, found.named("q"), "mira", gold=False).reviewers[0].gold is None
    assert isinstance(figures.as_json()["overall"]["gwet_ac1"]["value"], float)


def test_a_known_answer_does_not_measure_who_gave_it() -> None:
    log = Log()
    log.queue("old", purpose="gold")
    log.say("ann", IDS[0], "accept", name="old")
    log.queue(gold=put_by_id(log.objects, {IDS[0]: "accept"}))
    log.say("ann", IDS[0], "accept")
    found = log.fold()
    assert agreement(found, found.named("q"), "mira").reviewers[0].gold.n == 0  # type: ignore[union-attr]


def test_a_queue_says_where_it_is_from() -> None:
    log = Log()
    log.queue()
    queue: Queue = log.fold().named("q").queue
    assert queue.ref == "desk@v1" and log.fold().named("q").reviewers() == []
