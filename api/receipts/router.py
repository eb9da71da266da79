"""Routes of receipts."""

import re
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import APIRouter, Depends, Header, Query, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials

from api.auth.caller import SessionsReader
from api.context import Ctx, Db
from api.examples import Answers, answers
from api.join.router import resume_bearer
from api.problems import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PayloadTooLarge,
    ReceiptGone,
    ReceiptNotYet,
    SessionGone,
    TokenRefused,
    Unauthenticated,
)
from api.receipts import facts, service
from api.receipts.schemas import FactsReport, ReceiptFile
from api.sessions import admission
from texts.receipt import file_name
from texts.receipt_page import POLICY, page
from wire import receipt
from wire.limits import MAX_FACTS_BYTES

MAX_WAIT_SECONDS = 25

router = APIRouter(prefix="/v1", tags=["receipts"])

_HTML: Final[Answers] = {
    200: {
        "description": "The signed file, or with `format=html` a page to print.",
        "content": {"text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"}},
    }
}


class Shape:
    """How the receipt is wanted."""

    def __init__(
        self,
        accept: Annotated[str, Header(include_in_schema=False, max_length=1000)] = "",
        accept_language: Annotated[str, Header(include_in_schema=False, max_length=1000)] = "",
        format: Annotated[  # noqa: A002 - the parameter's name
            Literal["json", "html"] | None, Query(description="`html`: a page to print. Else as `Accept` says.")
        ] = None,
        lang: Annotated[
            Literal["en", "ja"] | None, Query(description="Of the page. Else as `Accept-Language` says.")
        ] = None,
        time_zone: Annotated[
            str, Query(max_length=60, description="Of the page's times.", examples=["Asia/Tokyo"])
        ] = "UTC",
    ) -> None:
        self.html = format == "html" or (format is None and _prefers_html(accept))
        self.lang = lang or ("ja" if re.match(r"\s*ja\b", accept_language, re.IGNORECASE) else "en")
        try:
            self.zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Invalid.at("#query/time_zone", "time_zone is a name such as Asia/Tokyo.") from None

    def answer(self, file: bytes) -> Response:
        """The file byte for byte, or a page of it."""
        proven = receipt.verify(file)
        kind = "html" if self.html else "json"
        headers = {"Content-Disposition": f'inline; filename="{file_name(proven.receipt)}.{kind}"', "Vary": "Accept"}
        if not self.html:
            return Response(file, media_type="application/json", headers=headers)
        shown = page(proven.receipt, file, proven.fingerprint, self.lang, self.zone)
        return Response(shown, media_type="text/html", headers=headers | {"Content-Security-Policy": POLICY})


Wanted = Annotated[Shape, Depends()]
Wait = Annotated[int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for it to be made.")]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(resume_bearer)]


@router.get(
    "/sessions/{session_id}/receipt",
    operation_id="get_session_receipt",
    summary="Get the receipt of a session",
    response_model=ReceiptFile,
    responses={**_HTML, **answers(NotFound, ReceiptNotYet, ReceiptGone)},
)
async def get_session_receipt(
    caller: SessionsReader, session_id: str, context: Ctx, wanted: Wanted, wait: Wait = 0
) -> Response:
    """Who was there, what was allowed and when, and how it ended: signed, and the same bytes each time.

    Made when the session is over. `tasuki receipt verify` checks it offline.
    """
    return wanted.answer(await service.for_caller(context, caller, session_id, wait))


@router.get(
    "/receipt",
    operation_id="get_receipt",
    summary="Get one's receipt as the customer",
    response_model=ReceiptFile,
    responses={**_HTML, **answers(Unauthenticated, TokenRefused, Forbidden, ReceiptNotYet, ReceiptGone)},
)
async def get_receipt(context: Ctx, given: Bearer, wanted: Wanted, wait: Wait = 0) -> Response:
    """The same file, for the customer by their resume ticket, for 15 minutes after the end."""
    return wanted.answer(await service.for_customer(context, _token(given), wait))


async def _known(context: Ctx, given: Bearer) -> str:
    """The ticket, before the body is looked at: nobody unknown gets it read."""
    token = _token(given)
    async with context.database.read() as db:
        await admission.bearer(db, context, token, lock=False)
    return token


async def _small(request: Request) -> None:
    """Before a body is read: what says that it is too large. Its lists are bounded besides."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MAX_FACTS_BYTES:
        raise PayloadTooLarge(f"A report has at most {MAX_FACTS_BYTES} bytes.")


@router.put(
    "/receipt/facts",
    operation_id="report_receipt_facts",
    summary="Report what was allowed, as the host",
    status_code=204,
    dependencies=[Depends(_small)],
    responses=answers(Unauthenticated, TokenRefused, Forbidden, Conflict, SessionGone, ReceiptGone, PayloadTooLarge),
)
async def report_facts(token: Annotated[str, Depends(_known)], body: FactsReport, context: Ctx, db: Db) -> None:
    """For the machine whose screen is shown: the server cannot see what was allowed, so the receipt says who said it.

    While the session runs and 15 minutes longer, until the receipt is made. Each report is the whole.
    """
    await facts.take(db, context, token, body)


def _token(given: HTTPAuthorizationCredentials | None) -> str:
    if given is None:
        raise Unauthenticated("Send the resume ticket as 'Authorization: Bearer …'.")
    return given.credentials


def _prefers_html(accept: str) -> bool:
    """A browser's address bar names HTML first; a program that takes anything gets JSON."""
    kinds = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    html, plain = (kinds.index(kind) if kind in kinds else len(kinds) for kind in ("text/html", "application/json"))
    return html < plain
