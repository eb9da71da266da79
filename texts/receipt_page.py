"""A receipt as a page to keep and to print: one sheet of A4, in one file that needs nothing else and runs nothing.

The signed file is in the page as well (`<meta name="tasuki-receipt">`, base64), so that the page can be checked like the file.
Its one style sheet is `STYLE`, whose hash the pages and answers of the api allow: nothing else is styled or run.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, tzinfo
from html import escape
from typing import Any, Final
from unicodedata import category

from texts.receipt import Allowed, Words

STYLE: Final = """
:root { color-scheme: light; --ink: #1b2430; --soft: #5c6878; --line: #dfe4ea; --sash: #c4412f;
  --good: #1f6f54; --panel: #f5f7f9; }
* { box-sizing: border-box; }
html { background: #e9edf1; }
body { margin: 24px auto; width: 210mm; min-height: 297mm; padding: 12mm 16mm 9mm; background: #fff; color: var(--ink);
  font: 9.6pt/1.45 "Noto Sans", "Segoe UI", "Helvetica Neue", "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans",
  "Yu Gothic UI", Meiryo, sans-serif; box-shadow: 0 2px 18px #23304426; print-color-adjust: exact;
  -webkit-print-color-adjust: exact; overflow-wrap: anywhere; }
body:lang(ja) { font-family: "Noto Sans CJK JP", "Noto Sans JP", "Hiragino Sans", "Yu Gothic UI", Meiryo, sans-serif;
  overflow-wrap: normal; line-break: strict; }
header { display: flex; gap: 5mm; align-items: stretch; border-bottom: 1px solid var(--line); padding-bottom: 4mm; }
header svg { flex: none; width: 12mm; height: 12mm; }
h1 { margin: 0; font-size: 17pt; line-height: 1.2; letter-spacing: -0.01em; }
header p { margin: 1mm 0 0; color: var(--soft); }
.lead { margin: 4mm 0; font-size: 11.4pt; line-height: 1.45; }
h2 { margin: 4.4mm 0 1.2mm; font-size: 8.2pt; letter-spacing: 0.06em; text-transform: uppercase; color: var(--sash); }
h2:lang(ja) { letter-spacing: 0.02em; font-size: 9pt; }
dl { display: grid; grid-template-columns: 44mm 1fr; gap: 0.7mm 4mm; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; font-weight: 600; }
table { width: 100%; border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: 1.2mm 0 0.8mm; }
th { width: 48mm; font-weight: 400; text-align: left; color: var(--soft); }
th, td { padding: 0.9mm 0; border-top: 1px solid var(--line); vertical-align: top; }
td.bar { width: 54mm; padding: 1.7mm 0 0; }
td svg { display: block; width: 100%; height: 3mm; }
.free { fill: #e6ebf0; }
.held { fill: var(--good); }
.paused .held { fill: #9aa7b8; }
.times { font-variant-numeric: tabular-nums; }
.times span { white-space: nowrap; margin-right: 3.5mm; }
p { margin: 0 0 1mm; }
.soft { color: var(--soft); }
.check { margin-top: 5mm; padding: 3.2mm 5mm 2.6mm; background: var(--panel); border-left: 3px solid var(--sash);
  break-inside: avoid; }
.check h2 { margin-top: 0; }
.check > div { display: grid; grid-template-columns: 1fr 58mm; gap: 6mm; }
code { display: block; margin: 1mm 0; padding: 1.4mm 2.4mm; background: #fff; border: 1px solid var(--line);
  font: 8pt/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
code span { white-space: nowrap; }
footer { margin-top: 3mm; font-size: 7.6pt; white-space: nowrap; color: var(--soft);
  display: flex; justify-content: space-between; gap: 6mm; }
@page { size: A4; margin: 0; }
@media print { html { background: #fff; } body { margin: 0; box-shadow: none; min-height: 0; } }
@media screen and (max-width: 215mm) {
  body { width: auto; min-height: 0; margin: 0; padding: 24px 18px; font-size: 11pt; }
  dl, .check > div { grid-template-columns: 1fr; gap: 0 4mm; }
  footer { display: block; white-space: normal; }
  footer span { display: block; }
  .check > div { row-gap: 3mm; }
  dd { margin-bottom: 1.5mm; }
  tr { display: block; padding: 1mm 0; }
  th, td, td.bar { display: block; width: auto; border: 0; padding: 0.5mm 0; }
}
"""
STYLE_HASH: Final = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""As a content security policy names it."""
POLICY: Final = f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'"

_META: Final = re.compile(rb'<meta name="tasuki-receipt" content="([A-Za-z0-9+/=]+)"')
_MARK: Final = (
    '<svg viewBox="2 4 44 42" aria-hidden="true">'
    '<g fill="none" stroke="#c4412f" stroke-width="4.5" stroke-linecap="round" stroke-linejoin="round">'
    '<path d="M24 22C17 9 5 8 4.5 15.5C4 23 14 26 24 22Z"/><path d="M24 22C31 9 43 8 43.5 15.5C44 23 34 26 24 22Z"/>'
    '<path d="M22 24C20 32 15 38 8 42"/><path d="M26 24C28 32 33 38 40 42"/></g>'
    '<rect x="19" y="17" width="10" height="10.5" rx="3.5" fill="#c4412f"/></svg>'
)
"""As web/app/icon.svg."""
_WIDTH: Final = 1000
_JOINERS: Final = "\u200c\u200d"
"""Cannot be seen, but change how letters beside them are written."""


def page(receipt: Any, file: bytes, fingerprint: str, lang: str, zone: tzinfo = UTC) -> str:
    """The page of a receipt that was verified; `file` is the signed file of it, `fingerprint` that of its key."""
    words = Words(receipt, lang, zone)
    say, organisation = words.say, words.organisation
    parts = [
        (
            f"<header>{_MARK}<div><h1>{_(say('title'))}</h1><p>{_(organisation)} · "
            f"{_(words.zone_name())}</p></div></header>"
        ),
        f'<p class="lead">{_(words.lead())}</p>',
        _list(words.rows()),
        _section(say("allowed.title"), _allowed(words)),
        _section(say("people.title"), _list(words.people())),
        _section(say("files.title"), _paragraphs(words.files() or [say("files.none")])),
        _check(words, fingerprint),
        (
            f"<footer><span>{_(say('row.server'))} {_(receipt['issuer'])}</span>"
            f"<span>{_(say('row.session'))} {_(receipt['session_id'])}</span></footer>"
        ),
    ]
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="robots" content="noindex">\n'
        f'<meta name="tasuki-receipt" content="{base64.b64encode(file).decode()}">\n'
        f"<title>{_(say('title'))} – {_(organisation)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def file_in(page: bytes) -> bytes | None:
    """The signed file that a page carries; None when it carries none."""
    found = _META.search(page)
    if found is None:
        return None
    try:
        return base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None


def _(text: str) -> str:
    """Text of others, as text: nothing in it is markup, turns the reading direction or moves a cursor."""
    return escape("".join(char for char in text if char in _JOINERS or not category(char).startswith("C")))


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{_(title)}</h2>{inside}</section>"


def _paragraphs(lines: Iterable[str]) -> str:
    return "".join(f"<p>{_(line)}</p>" for line in lines)


def _list(rows: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{_(name)}</dt><dd>{_(value)}</dd>" for name, value in rows) + "</dl>"


def _allowed(words: Words) -> str:
    """One table for each person: what, when, and the same as a bar from the beginning of the session to its end."""
    people: dict[str, list[Allowed]] = {}
    for one in words.allowed():
        people.setdefault(one.name, []).append(one)
    tables = [
        f"<table><caption>{_(words.say('allowed.to', name=name))}</caption>{''.join(map(_row, rows))}</table>"
        for name, rows in people.items()
    ]
    paused = words.pauses()
    if paused is not None:
        tables.append(f'<table class="paused">{_row(paused)}</table>')
    return "".join(tables) + _paragraphs(words.remarks()) + f'<p class="soft">{_(" ".join(words.whose_word()))}</p>'


def _row(one: Allowed) -> str:
    bars = "".join(
        f'<rect class="held" x="{begin * _WIDTH:.1f}" width="{max((end - begin) * _WIDTH, 3):.1f}" height="30" rx="6"/>'
        for begin, end in one.parts
    )
    times = " ".join(f"<span>{_(text)}</span>" for text in one.times)
    return (
        f'<tr><th scope="row">{_(one.what)}</th><td class="times">{times}</td><td class="bar">'
        f'<svg viewBox="0 0 {_WIDTH} 30" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="free" width="{_WIDTH}" height="30" rx="6"/>{bars}</svg></td></tr>'
    )


def _check(words: Words, fingerprint: str) -> str:
    say, organisation = words.say, words.organisation
    how = (
        f"<h2>{_(say('check.title'))}</h2><p>{_(say('check.body'))}</p>"
        f"<code>{' '.join(f'<span>{_(word)}</span>' for word in say('check.command', fingerprint=fingerprint).split())}</code>"
        f'<p class="soft">{_(say("check.key", server=words.receipt["issuer"], organisation=organisation))}</p>'
    )
    ask = say("ask.body", organisation=organisation, session=words.receipt["session_id"])
    return (
        f'<section class="check"><div><div>{how}</div>'
        f"<div><h2>{_(say('ask.title'))}</h2><p>{_(ask)}</p></div></div></section>"
    )
