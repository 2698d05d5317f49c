"""Who may approve what: the fold is total, and no log, however it came about, lets an author approve a change."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.govern.approvals import approvals, objection, uncounted
from assay.govern.enacted import in_force
from assay.model.operation import Operation
from assay.store.heads import lines

PEOPLE = ["ann", "ben", "陈静", "dan"]


class History:
    """A log that is written by hand: whatever is asked for is put into it."""

    def __init__(self):
        self.entries = []
        self.numbers = 0

    def put(self, action, actor, dataset="d", **body):
        number = len(self.entries) + 1
        time = f"2026-11-{number // 1440 % 28 + 1:02d}T{number // 60 % 24:02d}:{number % 60:02d}:00.000Z"
        self.entries.append(Operation(number, None, time, actor, action, dataset, body))
        return self

    def make(self, actor, action="commit", **body):
        self.numbers += 1
        return self.put(
            action, actor, version=self.numbers, manifest=f"m{self.numbers}", fingerprint=f"f{self.numbers}",
            counts={}, **body,
        )  # fmt: skip

    def say(self, action, actor, version, **body):
        return self.put(action, actor, version=version, fingerprint=f"f{version}", **body)

    @property
    def found(self):
        return approvals(self.entries, "d")


def reasons(history):
    return [one.reason for one in history.found.refused]


def test_an_author_cannot_approve_and_another_can():
    history = History().make("ann").say("approve", "ann", 1).say("approve", "ben", 1)
    assert history.found.versions[1].approved.actor == "ben"
    assert reasons(history) == [
        "ann made d@v1 (commit, operation 1): the author of a change cannot approve it"
    ]


def test_authors_reach_back_to_the_last_approved_version():
    history = History().make("ann").make("ben").make("陈静")
    assert history.found.versions[3].authors == {"ann", "ben", "陈静"}
    history.say("approve", "dan", 2)
    assert history.found.versions[3].authors == {"陈静"}
    history.say("approve", "ann", 3)
    assert history.found.approved == 3 and not reasons(history)
    assert history.say("revoke", "dan", 2).found.versions[3].authors == {"ann", "ben", "陈静"}


def test_a_merge_brings_its_authors_along_and_a_rollback_those_of_what_came_back():
    history = History().make("ann").say("approve", "ben", 1).put("branch", "ann", name="try", version=1)
    history.make("陈静", branch="try").make("dan").make("ben", "merge", **{"from": 2})
    assert history.found.versions[4].authors == {"ben", "dan", "陈静"}
    other = History().make("ann").make("ben").say("approve", "dan", 2).make("陈静", "rollback", to=1)
    assert other.found.versions[3].authors == {"陈静", "ann"}
    assert "the author of a change" in reasons(other.say("approve", "ann", 3))[0]


def test_a_policy_asks_for_more_approvals_and_names_who_may():
    history = History().make("ann")
    history.put("policy", "ann", policy="p.json", digest="x", approvals=2, approvers=["ben", "陈静", "ann"])
    history.say("approve", "ben", 1).say("approve", "ben", 1).say("approve", "dan", 1).say(
        "approve", "ann", 1
    )
    assert history.found.approved is None and len(reasons(history)) == 3
    assert "already" in reasons(history)[0] and "not among the approvers" in reasons(history)[1]
    assert uncounted(history.entries, "d") == {3, 4, 5, 6}
    assert history.say("approve", "陈静", 1).found.approved == 1
    assert uncounted(history.entries, "d") == {4, 5, 6}


def test_a_release_is_of_what_is_approved_and_passed_the_gate():
    history = History().make("ann").say("release", "ann", 1, gate="none")
    assert reasons(history) == ["d@v1 is not approved: 0 of 1 approvals"]
    history.say("approve", "ben", 1).say("release", "ann", 1, gate="none")
    assert history.found.released == 1
    history.put("policy", "ann", None, policy="p.json", digest="x", approvals=1, approvers=[])
    history.say("release", "ann", 1, gate="none").say("release", "ann", 1)
    assert [reason[-11:] for reason in reasons(history)[1:]] == [" the policy"] * 2
    assert not reasons(history.say("release", "ann", 1, gate="waived"))[3:]


def test_a_revocation_is_for_good_and_binds_what_a_rollback_brings_back():
    history = History().make("ann").say("approve", "ben", 1).say("release", "ann", 1, gate="none").make("ben")
    history.say("revoke", "dan", 1).make("ben", "rollback", to=1)
    found = history.found
    assert (found.approved, found.released) == (None, None)
    assert found.versions[3].revoked is found.versions[1].revoked and found.versions[2].revoked is None
    history.say("approve", "dan", 1).say("approve", "dan", 3).say("release", "dan", 1, gate="none")
    history.say("revoke", "ann", 1)
    assert reasons(history) == [
        "d@v1 is revoked",
        "d@v3 is revoked",
        "d@v1 is revoked",
        "d@v1 is revoked already",
    ]


def test_waivers_are_not_for_authors_and_end():
    history = History().make("ann")
    history.say("waive", "ann", 1, code="c", until="2026-12-01").say(
        "waive", "ben", 1, code="c", until="2026-10-01"
    )
    history.say("waive", "ben", 1, code="c", until="soon").say(
        "waive", "ben", 1, code="c", until="2026-12-01"
    )
    (waiver,) = history.found.versions[1].waivers
    assert waiver.holds("2026-12-01T23:59:59.999Z") and not waiver.holds("2026-12-02T00:00:00.000Z")
    assert [r.split(":")[0] for r in reasons(history)] == [
        "ann made d@v1 (commit, operation 1)", "the waiver had expired when it was given", "'soon' is not a day",
    ]  # fmt: skip


def test_a_wrong_fingerprint_or_version_counts_for_nothing():
    history = History().make("ann").put("approve", "ben", version=1, fingerprint="f2")
    history.put("approve", "ben", version=7, fingerprint="f7").put("approve", "ben").put(
        "approve", "ben", version="1"
    )
    assert history.found.approved is None and len(reasons(history)) == 4


def test_the_newest_policy_of_the_dataset_holds_and_else_that_of_the_registry():
    history = History().make("ann")
    assert in_force(history.entries, "d") is None
    for dataset, digest in ((None, "r1"), ("d", "d1"), (None, "r2"), ("e", "e1")):
        history.put(
            "policy", "ann", dataset, policy=f"{digest}.json", digest=digest, approvals=1, approvers=[]
        )
    history.put("policy", "ann", "d", policy=7)
    of = {name: in_force(history.entries, name) for name in ("d", "e", "f")}
    assert {name: (one.digest, one.number) for name, one in of.items()} == {
        "d": ("d1", 1),
        "e": ("e1", 1),
        "f": ("r2", 2),
    }


people = st.sampled_from(PEOPLE)
numbers = st.integers(1, 6)
steps = st.one_of(
    st.tuples(st.just("commit"), people, st.sampled_from(["main", "try"])),
    st.tuples(st.just("merge"), people, numbers),
    st.tuples(st.just("rollback"), people, numbers),
    st.tuples(st.just("branch"), people, numbers),
    st.tuples(st.just("approve"), people, numbers),
    st.tuples(st.just("approve"), people, numbers),
    st.tuples(st.just("approve"), people, numbers),
    st.tuples(st.just("release"), people, numbers),
    st.tuples(st.just("revoke"), people, numbers),
    st.tuples(st.just("policy"), st.integers(1, 2), st.sets(people, max_size=3)),
    st.tuples(st.just("waive"), people, numbers),
)


def write(sequence):
    history = History().make("ann")
    for what, who, other in sequence:
        made = history.numbers
        if what == "commit":
            history.make(who, **({} if other == "main" or not _has_try(history) else {"branch": "try"}))
        elif what == "merge":
            history.make(who, "merge", **{"from": min(other, made)})
        elif what == "rollback":
            history.make(who, "rollback", to=min(other, made))
        elif what == "branch":
            history.put("branch", who, name="try", version=min(other, made))
        elif what == "policy":
            body = {"approvals": who, "approvers": sorted(other)}
            history.put("policy", "ann", policy="p.json", digest="x", **body)
        elif what == "waive":
            history.say("waive", who, other, code="c", until="2027-01-01")
        else:
            history.say(what, who, other, **({"gate": "passed"} if what == "release" else {}))
    return history


def _has_try(history):
    return any(one.action == "branch" for one in history.entries)


def _makers(entries, number, settled):
    """Who made what leads to a version, by the plainest walk there is: over the versions that `lines` knows."""
    versions = {c.number: c for c in lines(entries)["d"].versions}
    makers, done = set(), set()

    def walk(at):
        if at in done:
            return
        done.add(at)
        operation = versions[at].operation
        makers.add(operation.actor)
        for before in (versions[at].before, operation.body.get("from"), operation.body.get("to")):
            if before is not None and before not in settled:
                walk(before)

    walk(number)
    return makers


@settings(max_examples=300)
@given(st.lists(steps, max_size=25))
def test_no_sequence_of_operations_lets_an_author_approve(sequence):
    history = write(sequence)
    found = history.found
    counted = {one.seq for s in found.versions.values() for one in s.approvals}
    counted |= {w.operation.seq for s in found.versions.values() for w in s.waivers}
    refused = {one.operation.seq for one in found.refused}
    for operation in history.entries:
        if operation.action in ("approve", "waive"):
            assert (operation.seq in counted) != (operation.seq in refused), "every act counts or is listed"
        if operation.seq in counted:
            before = history.entries[: operation.seq - 1]
            then = approvals(before, "d")
            settled = {n for n, s in then.versions.items() if s.approved is not None and s.revoked is None}
            assert operation.actor not in _makers(before, operation.body["version"], settled)
    for standing in found.versions.values():
        assert standing.approved is None or standing.approved.actor != _actor(history, standing.number)
        if standing.released is not None:
            assert standing.approved is not None and standing.approved.seq < standing.released.seq


def _actor(history, number):
    return next(e.actor for e in history.entries if e.body.get("version") == number and "manifest" in e.body)


@settings(max_examples=100)
@given(
    st.lists(steps, max_size=15), people, numbers, st.sampled_from(["approve", "release", "revoke", "waive"])
)
def test_the_door_and_the_fold_say_the_same(sequence, who, number, action):
    history = write(sequence)
    more = {"waive": {"code": "c", "until": "2027-01-01"}, "release": {"gate": "passed"}}.get(action, {})
    history.say(action, who, number, **more)
    proposed = history.entries.pop()
    said = objection(history.entries, proposed)
    history.entries.append(proposed)
    listed = [one.reason for one in history.found.refused if one.operation is proposed]
    assert listed == ([] if said is None else [said])


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5) | st.text(max_size=3),
    lambda x: st.lists(x, max_size=2),
    max_leaves=3,
)


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["approve", "release", "revoke", "waive", "policy", "branch", "commit"]),
            st.dictionaries(
                st.sampled_from(
                    ["version", "fingerprint", "code", "until", "gate", "policy", "digest", "approvals",
                     "approvers", "name", "branch", "from", "to"]
                ),
                junk,
            ),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_whatever_the_log_says_the_fold_answers(bodies):
    history = History().make("ann")
    for action, body in bodies:
        history.put(action, "ben", **body)
    found = history.found
    assert len(found.refused) + sum(
        len(s.approvals) + len(s.waivers) for s in found.versions.values()
    ) <= len(bodies)
