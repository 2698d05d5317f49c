"""Signed notes and checkpoints: the examples of the standards, and what is refused."""

from __future__ import annotations

import base64
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import MissingExtra
from assay.govern.proofs.note import (
    Checkpoint,
    Key,
    Note,
    parse_checkpoint,
    parse_key,
    parse_note,
)
from assay.govern.proofs.signing import SigningKey, parse_signing_key

# golang.org/x/mod/sumdb/note
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    f"{GO_TEXT}\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# c2sp.org/signed-note
C2SP_PUBLIC = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
# c2sp.org/tlog-checkpoint
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
).encode()


@pytest.mark.parametrize(("public", "data"), [(GO_PUBLIC, GO_NOTE), (C2SP_PUBLIC, C2SP_NOTE)])
def test_published_notes_hold(public, data):
    key, note = parse_key(public), parse_note(data)
    assert note.signed_by(key) is True
    assert str(key) == public
    assert note.as_bytes() == data
    assert Note(note.text + "more\n", note.signatures).signed_by(key) is False
    assert note.signed_by(Key("somebody", key.public)) is None


def test_our_signature_is_that_of_go():
    signer = parse_signing_key(GO_PRIVATE)
    assert signer.as_text() == GO_PRIVATE
    assert str(signer.public) == GO_PUBLIC
    assert signer.sign(Note(GO_TEXT)).as_bytes() == GO_NOTE
    assert "x" not in repr(signer).replace("PeterNeumann", "") and "seed" not in repr(signer)


def test_the_published_checkpoint_is_read():
    one = parse_checkpoint(C2SP_CHECKPOINT)
    assert (one.origin, one.size, len(one.root)) == ("example.com/behind-the-sofa", 20852163, 32)
    assert one.note.as_bytes() == C2SP_CHECKPOINT


def test_several_may_sign_one_note_and_all_must_be_right():
    ann, bob = SigningKey("ann", bytes(32)), SigningKey("bob", bytes([1]) * 32)
    note = bob.sign(ann.sign(Note("text\n")))
    assert [note.signed_by(one.public) for one in (ann, bob)] == [True, True]
    swapped = Note("text\n", (note.signatures[0], *ann.sign(Note("other\n")).signatures))
    assert swapped.signed_by(ann.public) is False


@settings(max_examples=60)
@given(st.text(max_size=5), st.integers(0, 10**15), st.binary(min_size=32, max_size=32))
def test_an_unsigned_checkpoint_comes_back(tail, size, root):
    origin = "assay/registry/" + "".join(char for char in tail if char.isprintable() and not char.isspace())
    one = Checkpoint.of(origin, size, root)
    assert parse_checkpoint(one.note.as_bytes()) == one


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text\n",
        "text\n\n— ann\n",
        "text\n\n- ann AAAAAAAA\n",
        "text\n\n— ann AAAA\n",
        "text\n\n— ann AAAAAAA\n",
        "text\n\n— ann AAAAAAAB==\n",
        "text\n\n— a+b AAAAAAAA\n",
        "te\rxt\n\n— ann AAAAAAAA\n",
        "text\n\n— ann AAAAAAAA",
        "text\n\n" + "— ann AAAAAAAA\n" * 101,
    ],
)
def test_what_is_no_note_is_refused(text):
    with pytest.raises(ValueError):
        parse_note(text.encode())


def test_a_hundred_signatures_are_read():
    assert len(parse_note(("text\n\n" + "— ann AAAAAAAA\n" * 100).encode()).signatures) == 100


@pytest.mark.parametrize(
    "text",
    [
        "log\n5\n",
        "log\n05\n{r}\n",
        "log\n-1\n{r}\n",
        "log\n5\nAAAA\n",
        "\n5\n{r}\n",
        "log\n5\n{r}\n\nmore\n",
        "log\n５\n{r}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    body = text.replace("{r}", base64.b64encode(bytes(32)).decode())
    with pytest.raises(ValueError):
        parse_checkpoint(f"{body}\n".encode())


def test_no_part_of_a_key_is_a_key():
    for start in range(len(GO_PUBLIC)):
        for end in range(start + 1, len(GO_PUBLIC) + 1):
            if (start, end) != (0, len(GO_PUBLIC)):
                with pytest.raises(ValueError):
                    parse_key(GO_PUBLIC[start:end])
    for at in range(len(GO_PUBLIC)):
        bent = GO_PUBLIC[:at] + chr(ord(GO_PUBLIC[at]) + 1) + GO_PUBLIC[at + 1 :]
        with pytest.raises(ValueError):
            parse_key(bent)


def test_the_private_half_is_not_taken_for_the_public():
    with pytest.raises(ValueError, match="private half"):
        parse_key(GO_PRIVATE)


@pytest.mark.parametrize(
    "text", ["", GO_PUBLIC, GO_PRIVATE[:-4], GO_PRIVATE.replace("c7", "c8"), "PRIVATE+KEY+a+b+?"]
)
def test_a_bad_private_key_is_refused_and_not_quoted(text):
    with pytest.raises(ValueError) as caught:
        parse_signing_key(text)
    assert GO_PRIVATE[-20:] not in str(caught.value)


def test_without_the_extra_signing_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    with pytest.raises(MissingExtra) as caught:
        SigningKey("ann", bytes(32)).sign(Note("text\n"))
    assert "assay-data[sign]" in caught.value.hint
