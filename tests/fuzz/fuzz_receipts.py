"""Receipts: whatever is in the file, it is refused in one way, or it is what was signed and can be shown."""

import json

from tests.fuzz.target import instrumented, run

with instrumented("wire", "texts"):
    from wire import receipt, receipt_form, tokens

from tests.support.receipts import receipt as made
from texts.receipt_page import file_in, page

KEY = tokens.SigningKey.generate()
FILE = receipt.make(KEY, made())


def _show(data: bytes) -> None:
    try:
        proven = receipt.verify(data)
    except receipt.ReceiptError:
        return
    assert file_in(page(proven.receipt, data, proven.fingerprint, "en").encode()) == data


def one_input(data: bytes) -> None:
    """As a file; as a page; as what somebody with a key of their own has signed."""
    _show(data)
    if (inside := file_in(data)) is not None:
        _show(inside)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return
    if isinstance(document, dict):
        try:
            signed = KEY.signed(tokens.canonical(document), tokens.RECEIPT)
        except (ValueError, RecursionError):
            return
        whole = {"form": receipt_form.NAME, "receipt": document, "signed": signed, "keys": {"keys": [KEY.public_jwk]}}
        _show(receipt.dump(whole))


def fuzz(seconds: float) -> None:
    """Start from a good file and what is signed in it."""
    run("receipts", one_input, seconds, [FILE, FILE[:-3], tokens.canonical(made()), json.dumps(made()).encode()])
