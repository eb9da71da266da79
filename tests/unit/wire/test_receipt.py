"""B3: a receipt proves that nothing of it was changed, whose key signed it, and names what was changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.receipts import receipt
from wire import receipt as receipts
from wire import tokens
from wire.limits import MAX_ANSWERS, MAX_GRANT_SPANS, MAX_PAUSE_SPANS, MAX_RECEIPT_BYTES
from wire.receipt import ReceiptChanged, ReceiptError, ReceiptForged, ReceiptKeyWrong, ReceiptMalformed
from wire.receipt_form import MAX_PEOPLE, NAME
from wire.tokens import SigningKey

KEY, OTHER = SigningKey.generate(), SigningKey.generate()
FILE = receipts.make(KEY, receipt())


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every value in a document that holds no further ones."""
    if isinstance(value, (dict, list)) and value:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*at, name))
    else:
        yield at


def changed(file: bytes, way: tuple[str | int, ...]) -> bytes:
    """The file with one value flipped."""
    whole = inner = json.loads(file)
    for name in way[:-1]:
        inner = inner[name]
    old = inner[way[-1]]
    if isinstance(old, bool):
        inner[way[-1]] = not old
    elif isinstance(old, int):
        inner[way[-1]] = old + 1
    elif isinstance(old, str):
        inner[way[-1]] = old[:-1] + ("x" if old[-1:] != "x" else "y")
    else:
        inner[way[-1]] = "x"
    return json.dumps(whole).encode()


def named(way: tuple[str | int, ...]) -> str:
    return "-".join(["tamper", *map(str, way)])


def resigned(document: dict[str, Any]) -> bytes:
    """What somebody with a key of their own makes of it, whatever its form."""
    signed = KEY.signed(tokens.canonical(document), tokens.RECEIPT)
    keys = {"keys": [KEY.public_jwk]}
    return json.dumps({"form": NAME, "receipt": document, "signed": signed, "keys": keys}).encode()


def test_a_receipt_is_believed_years_later_with_nothing_but_the_file() -> None:
    proven = receipts.verify(FILE)
    assert (proven.receipt, proven.fingerprint, proven.pinned) == (receipt(), KEY.kid, False)
    assert receipts.verify(FILE, {KEY.kid}).pinned
    assert receipts.verify(FILE, receipts.fingerprints({"keys": [OTHER.public_jwk, KEY.public_jwk]})).pinned


def test_the_same_facts_are_the_same_document() -> None:
    first, second = json.loads(receipts.make(KEY, receipt())), json.loads(FILE)
    assert first["receipt"] == second["receipt"]
    assert first["signed"].split(".")[:2] == second["signed"].split(".")[:2]


TO_READ = list(places(receipt(), ("receipt",)))
AROUND = [way for way in places(json.loads(FILE)) if way[0] != "receipt"]


@pytest.mark.parametrize("way", TO_READ, ids=named)
def test_every_member_that_is_changed_is_named(way: tuple[str | int, ...]) -> None:
    with pytest.raises(ReceiptChanged) as found:
        receipts.verify(changed(FILE, way))
    assert found.value.fields == ("/" + "/".join(map(str, way[1:])),)


@pytest.mark.parametrize("way", AROUND, ids=named)
def test_everything_around_it_that_is_changed_is_noticed(way: tuple[str | int, ...]) -> None:
    with pytest.raises(ReceiptError):
        receipts.verify(changed(FILE, way))


def test_tamper_a_member_that_is_taken_away_or_added_is_named() -> None:
    whole = json.loads(FILE)
    del whole["receipt"]["host"]["grants"][2]
    whole["receipt"]["server"]["more"] = 1
    with pytest.raises(ReceiptChanged) as found:
        receipts.verify(json.dumps(whole).encode())
    assert found.value.fields == ("/host/grants", "/server/more")


def test_tamper_the_signed_copy_instead_is_named_as_well() -> None:
    """Whoever edits what was signed leaves the readable copy, which the signature still fits."""
    whole, other = json.loads(FILE), receipt(reason="solved")
    whole["signed"] = tokens.with_payload(whole["signed"], other)
    with pytest.raises(ReceiptChanged, match="the signed copy was changed") as found:
        receipts.verify(json.dumps(whole).encode())
    assert found.value.fields == ("/server/reason",)


def test_tamper_both_copies_are_forged() -> None:
    whole, other = json.loads(FILE), receipt(reason="solved")
    whole |= {"receipt": other, "signed": tokens.with_payload(whole["signed"], other)}
    with pytest.raises(ReceiptForged, match="signature"):
        receipts.verify(json.dumps(whole).encode())


def test_evil_a_receipt_that_somebody_else_signed_is_whole_and_not_the_servers() -> None:
    evil = receipts.make(OTHER, receipt(reason="solved"))
    assert not receipts.verify(evil).pinned
    with pytest.raises(ReceiptKeyWrong) as found:
        receipts.verify(evil, {KEY.kid})
    assert found.value.fingerprint == OTHER.kid


def test_evil_a_key_under_a_foreign_name_is_refused() -> None:
    whole = json.loads(receipts.make(OTHER, receipt()))
    whole["keys"]["keys"][0]["kid"] = KEY.kid
    with pytest.raises(ReceiptForged):
        receipts.verify(json.dumps(whole).encode(), {KEY.kid})


def test_evil_another_kind_of_token_is_no_receipt() -> None:
    whole = json.loads(FILE)
    whole["signed"] = KEY.signed(tokens.canonical(receipt()), tokens.STATEMENT)
    with pytest.raises(ReceiptForged):
        receipts.verify(json.dumps(whole).encode())


@pytest.mark.parametrize("way", TO_READ[:: len(TO_READ) // 12])
def test_evil_a_receipt_of_another_shape_is_refused_though_it_is_signed(way: tuple[str | int, ...]) -> None:
    document = inner = receipt()
    for name in way[1:-1]:
        inner = inner[name]  # type: ignore[index]
    inner[way[-1]] = {"a": [1]}  # type: ignore[index]
    with pytest.raises(ReceiptMalformed):
        receipts.verify(resigned(document))
    with pytest.raises(ValueError, match=r"receipt|form|list|kind"):
        receipts.make(KEY, document)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b"\xff", b'{"form": 1}', b"[" * 100_000, FILE[:-20], FILE.replace(b"/1", b"/2"),
        b" " * (MAX_RECEIPT_BYTES + 1), FILE.replace(b'"form"', b'"form": 1, "form"'), resigned({}),
        FILE.replace(b'"Acme Support"', b'"\\ud800"'),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_receipt_is_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        receipts.verify(data)


def test_the_most_that_there_can_be_is_signed() -> None:
    """Whatever a host and the api may say within their bounds makes a receipt."""
    much, name = receipt(), "\U0001f600" * 100
    named = {"id": "opr_01KAH2V5QJ6T8N3W9XZB4C7D0E", "name": name}
    much["server"] |= {
        "organisation": named,
        "asked_by": named | {"verified": "second-factor"},
        "customer": {"name": name},
    }
    much["server"]["people"] = [much["server"]["people"][1] | {"operator": named}] * MAX_PEOPLE
    span = {"from": "2026-12-01T09:02:10Z", "until": "2026-12-01T09:12:00Z"}
    much["host"] |= {
        "grants": [{"viewer": 65535, "what": "clipboard_from_customer", **span}] * MAX_GRANT_SPANS,
        "pauses": [span] * MAX_PAUSE_SPANS,
        "answers": [{"viewer": 65535, "yes": False, "at": "2026-12-01T09:02:10Z"}] * MAX_ANSWERS,
    }
    assert receipts.verify(receipts.make(KEY, much)).receipt == much


def test_too_much_is_not_signed() -> None:
    much = receipt()
    much["host"]["grants"] *= 100
    with pytest.raises(ValueError, match="grants"):
        receipts.make(KEY, much)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_tamper_no_byte_can_be_changed_that_means_anything(at: int, by: int) -> None:
    """Only white space between members may differ."""
    data = bytearray(FILE)
    data[at] ^= by
    try:
        proven = receipts.verify(bytes(data))
    except ReceiptError:
        return
    assert proven.receipt == receipt()
    assert json.loads(bytes(data)) == json.loads(FILE)


@given(st.binary(max_size=400))
def test_anything_else_is_a_receipt_error(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        receipts.verify(data)
