"""How long a code must be, and how it is read."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.sessions.codes import digits_for, normalised


@pytest.mark.parametrize(
    ("seconds", "scheduled", "wanted", "shielded", "digits"),
    [
        (600, False, 6, False, 6), (601, False, 6, False, 8), (3600, False, 6, False, 8), (3601, False, 6, False, 10),
        (600, True, 6, False, 10), (600, False, 8, False, 8), (600, False, 12, False, 12), (3601, False, 12, False, 12),
        (60, False, 6, True, 10), (60, False, 12, True, 12),
    ],
)  # fmt: skip
def test_digits(seconds: int, scheduled: bool, wanted: int, shielded: bool, digits: int) -> None:
    life = timedelta(seconds=seconds)
    assert digits_for(life, scheduled=scheduled, wanted=wanted, shielded=shielded) == digits


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12345678", "12345678"), ("1234 5678", "12345678"), ("1234-5678", "12345678"), ("１２３４５６７８", "12345678"),
        ("1234－5678", "12345678"), ("１２３４ー５６７８", "12345678"), ("\t123456\n", "123456"), ("00000000", "00000000"),
        ("12345", None), ("1234567890123", None), ("", None), ("١٢٣٤٥٦٧٨", None), ("1234567a", None), ("12.345678", None),
        ("12345678\0", None), ("²²²²²²²²", "22222222"),
    ],
)  # fmt: skip
def test_typed_codes(typed: str, code: str | None) -> None:
    assert normalised(typed) == code


@given(st.text(max_size=60))
def test_any_text_is_a_code_or_none(text: str) -> None:
    code = normalised(text)
    assert code is None or (code.isascii() and code.isdigit() and 6 <= len(code) <= 12)
