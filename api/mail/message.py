"""What a mail looks like: the texts of a template as plain text and simple HTML, in one language.

The standard library's `email.message` writes the headers; it refuses a line break in one, and what comes from people is
freed of control characters before (RFC 5322, RFC 2047, RFC 6532 is not used: addresses are ASCII).
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from texts import LANGUAGES, catalogue, translate

MAX_VALUE_CHARACTERS = 2000
_LINK = re.compile(r"https?://[^\s<>&\"']+(?:&amp;[^\s<>&\"']+)*")
_PAGE = """\
<!doctype html>
<html lang="{lang}">
<body style="margin:0;padding:24px;background:#f4f5f7;color:#1d2430;font:16px/1.5 system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#fff;border-radius:8px">
{paragraphs}
</div>
</body>
</html>
"""


class AddressUnusable(ValueError):
    """A mail address that cannot be written into a header."""


def compose(
    template: str, language: str, values: Mapping[str, object], *, sender: str, to: str, mail_id: str, date: datetime
) -> bytes:
    """The message as it is sent. KeyError for a text or a value that is missing, AddressUnusable for a bad address."""
    lang = language if language in LANGUAGES else LANGUAGES[0]
    plain = {name: clean(str(value)) for name, value in values.items()}
    one_line = {name: " ".join(value.split()) for name, value in plain.items()}
    text = translate(f"mail.{template}.text", lang, **plain)
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(clean(name), addr_spec=address)
    message["To"] = recipient(to)
    message["Subject"] = translate(f"mail.{template}.subject", lang, **one_line)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{mail_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    footer = catalogue(lang)["mail.footer"]
    message.set_content(f"{text}\n\n-- \n{footer}\n")
    message.add_alternative(_page(lang, text, footer), subtype="html")
    message["Content-Language"] = lang
    return message.as_bytes()


def recipient(to: str) -> Address:
    """The address as a header's value; AddressUnusable when it is not a plain ASCII one."""
    if not to.isascii() or any(char.isspace() or not char.isprintable() for char in to):
        raise AddressUnusable(f"{to!r} is not a mail address")
    try:
        return Address(addr_spec=to)
    except (ValueError, IndexError, MessageError) as error:
        raise AddressUnusable(f"{to!r} is not a mail address") from error


def clean(value: str) -> str:
    """Without control and direction characters (a line break stays one), and cut where nobody reads on."""
    kept = "".join(char for char in value if char == "\n" or unicodedata.category(char)[0] != "C")
    return kept[:MAX_VALUE_CHARACTERS]


def _page(lang: str, text: str, footer: str) -> str:
    """The same text as HTML: everything escaped, addresses made links."""
    parts = [f"<p>{_linked(part)}</p>" for part in text.split("\n\n")]
    parts.append(f'<p style="color:#667085;font-size:13px">{_linked(footer)}</p>')
    return _PAGE.format(lang=lang, paragraphs="\n".join(parts))


def _linked(text: str) -> str:
    escaped = html.escape(text).replace("\n", "<br>\n")
    return _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', escaped)
