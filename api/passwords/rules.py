"""What a new password must be: the one owner of the rules, for every way in which a password is set.

After NIST SP 800-63B-4: length instead of composition, the whole string counts, Unicode is normalised, and what is
guessable or known to have leaked is refused. Older rules (8 to 20 characters with symbols, age, reuse) are settings.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from zxcvbn import zxcvbn

from api.auth.passwords import MAX_BYTES, normalised
from api.context import Context
from api.operators.models import Operator
from api.organizations.models import Organization
from api.organizations.settings import OrganizationSettings, settings_of, shortest_password
from api.passwords import repository
from api.passwords.leaked import LeakedPasswords
from api.problems import Invalid

GUESSABLE_BELOW = 8.0
"""As a power of ten of guesses: what zxcvbn counts for eight random characters, and the bound below which it calls a
password 'somewhat guessable'."""
LOOKED_AT_CHARACTERS = 72
"""zxcvbn takes no more; a longer password is as strong as its beginning at least."""
DIFFERENT_CHARACTERS = 5


async def refuse(context: Context, organization: Organization, operator: Operator, password: str, member: str) -> None:
    """Invalid, at the body's `member`, with the first reason why this cannot be the operator's new password."""
    settings = settings_of(organization)
    names = names_of(organization, operator)
    text = normalised(password)
    why = shape(text, settings, operator.role) or await asyncio.to_thread(
        content, text, settings, names, context.leaked
    )
    why = why or await _used_before(context, settings, operator, password)
    if why is not None:
        raise Invalid.at(f"#/{member}", why)


def said(organization: Organization, operator: Operator) -> dict[str, Any]:
    """The rules for this operator as they can be shown to them beforehand: `settings.password` with the length that holds."""
    settings = settings_of(organization)
    return settings.password.model_dump() | {"min_length": shortest_password(settings, operator.role)}


def shape(text: str, settings: OrganizationSettings, role: str) -> str | None:
    """Why a password's length or characters do not do, as a sentence; None when they do."""
    rules = settings.password
    shortest = shortest_password(settings, role)
    if len(text) < shortest:
        return f"Use at least {shortest} characters; a few unrelated words are easy to remember."
    if rules.max_length is not None and len(text) > rules.max_length:
        return f"Use at most {rules.max_length} characters: your organisation wants it so."
    if len(text.encode()) > MAX_BYTES:
        return f"Use at most {MAX_BYTES} bytes."
    if rules.require_symbols and not _mixed(text):
        return "Use at least one letter, one digit and one symbol: your organisation wants it so."
    return None


def content(text: str, settings: OrganizationSettings, names: Sequence[str], leaked: LeakedPasswords) -> str | None:
    """Why a password is too well known or too easily guessed, as a sentence; None when it is not."""
    if settings.password.refuse_leaked and leaked.contains(text):
        return "This password is on a list of leaked passwords, which attackers try first; choose another one."
    if not settings.password.refuse_guessable:
        return None
    if len(set(text)) < DIFFERENT_CHARACTERS:
        return f"Use at least {DIFFERENT_CHARACTERS} different characters."
    if _made_of(text, names):
        return "Do not make the password from the company's name, your name or your login."
    found = zxcvbn(text[:LOOKED_AT_CHARACTERS], user_inputs=[*names, "tasuki"])
    if found["guesses_log10"] < GUESSABLE_BELOW:
        said = str(found["feedback"]["warning"]).rstrip(".")
        return f"This password is easily guessed{f' ({said})' if said else ''}; add a few unrelated words."
    return None


def names_of(organization: Organization, operator: Operator) -> list[str]:
    """What an attacker who knows the person would try: company, login, names, mail address, and their words."""
    given = [organization.code, organization.name, operator.login, operator.name, operator.email or ""]
    words = {word for text in given for word in [text, *text.replace("@", " ").replace(".", " ").split()]}
    return sorted(word for word in words if len(word) > 2)


def _mixed(text: str) -> bool:
    return (
        any(letter.isalpha() for letter in text)
        and any(letter.isdigit() for letter in text)
        and any(not letter.isalnum() for letter in text)
    )


def _made_of(text: str, names: Sequence[str]) -> bool:
    """Whether little but digits and punctuation is left of a password when names are taken out of it."""
    rest = whole = text.casefold()
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name.casefold(), "")
    return rest != whole and sum(letter.isalpha() for letter in rest) < len(whole) // 3


async def _used_before(
    context: Context, settings: OrganizationSettings, operator: Operator, password: str
) -> str | None:
    """The present password never; those before it as far as the organisation wants."""
    if await context.passwords.matches(operator.password_hash, password):
        return "Use a password that is not the present one."
    count = settings.password.reuse_last
    if count < 2:
        return None
    async with context.database.read() as db:
        past = await repository.last(db, operator.id, count - 1)
    for stored in past:
        if await context.passwords.matches(stored, password):
            return f"Use a password that is not one of your last {count}."
    return None
