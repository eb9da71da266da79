"""The customer's receipt at the end of a session: fetched, checked, and saved where they like. Nothing waits for it."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.api_client import ApiClient, ApiError, Json, ServerUnreachableError
from texts import translate
from texts.receipt import file_name
from texts.receipt_page import page
from wire import receipt
from wire.receipt import Proven, ReceiptError, ReceiptKeyWrong

if TYPE_CHECKING:
    from agent.host.ui import CustomerInterface
    from agent.seat import Seat

FETCH_SECONDS: Final = 20.0
"""How long the server may take to make it."""
RETRY_SECONDS: Final = 1.0
_TWINS: Final = 100


@dataclass(frozen=True, slots=True)
class Fetched:
    """A receipt that is this session's and this server's, and its file."""

    proven: Proven
    file: bytes

    def page(self, lang: str) -> bytes:
        """The same to print, with the times of this machine's zone."""
        zone = datetime.fromisoformat(self.proven.receipt["server"]["ended_at"]).astimezone().tzinfo
        assert zone is not None
        return page(self.proven.receipt, self.file, self.proven.fingerprint, lang, zone).encode()


async def offer(api: ApiClient, seat: "Seat", person: "CustomerInterface", lang: str, where: str = "") -> None:
    """Save it to `where` (a file or folder), or ask whether it is wanted. Whatever goes wrong is a sentence."""
    organisation = str(seat.statement.get("organisation", {}).get("name"))

    def save(to: Path | None) -> Callable[[], Awaitable[str]]:
        async def saved() -> str:
            try:
                paths = write(await fetch(api, seat), to, lang)
            except ReceiptError as error:
                return translate("host.receipt.not_genuine", lang, why=error)
            except (ApiError, ServerUnreachableError) as error:
                return translate(
                    "host.receipt.unreachable", lang, why=str(error).rstrip("."), organisation=organisation
                )
            except OSError as error:
                return translate("host.receipt.not_saved", lang, why=error.strerror or error)
            return told(paths, lang)

        return saved

    if where:
        await person.notice(await save(Path(where))())
    else:
        await person.offer_receipt(save(None))


async def fetch(api: ApiClient, seat: "Seat", seconds: float = FETCH_SECONDS) -> Fetched:
    """The receipt of the session that this seat was in. Raises what the server says, or `ReceiptError` when it is not ours."""
    file = receipt.dump(await _asked(api, seat, seconds))
    try:
        proven = receipt.verify(file, receipt.fingerprints({"keys": list(seat.keys.values())}))
    except ReceiptKeyWrong:  # the server has a newer key than when this side joined
        jwks = await api.get("/.well-known/jwks.json")
        proven = receipt.verify(file, receipt.fingerprints(jwks))
    ours = seat.session, seat.issuer, seat.statement_hash.hex()
    if tuple(proven.receipt[name] for name in ("session_id", "issuer", "statement_sha256")) != ours:
        raise ReceiptError("it is of another session")
    return Fetched(proven, file)


async def _asked(api: ApiClient, seat: "Seat", seconds: float) -> Json:
    """Asked again for as long as it is being made, or the server is away."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        late = asyncio.get_running_loop().time() >= until
        try:
            return await api.call("GET", "/v1/receipt", headers={"Authorization": f"Bearer {seat.resume_ticket}"})
        except ServerUnreachableError:
            if late:
                raise
        except ApiError as error:
            if late or error.slug != "receipt-not-yet":
                raise
        await asyncio.sleep(RETRY_SECONDS)


def write(fetched: Fetched, where: Path | None, lang: str) -> list[Path]:
    """The page and the signed file in a folder, under names of their own; or one of them as the file that was named.

    Nothing that is there is overwritten, and only the owner can read it. Raises OSError.
    """
    if where is not None and not where.is_dir():
        html = where.suffix.lower() in {".html", ".htm"}
        _write(where, fetched.page(lang) if html else fetched.file)
        return [where]
    folder, name = where or _documents(), file_name(fetched.proven.receipt)
    return [
        _write_beside(folder, f"{name}.html", fetched.page(lang)),
        _write_beside(folder, f"{name}.json", fetched.file),
    ]


def told(paths: list[Path], lang: str) -> str:
    """Where it is now."""
    if len(paths) == 1:
        return translate("host.receipt.saved", lang, path=paths[0])
    html, file = paths
    return translate("host.receipt.saved_both", lang, folder=html.parent, page=html.name, file=file.name)


def _documents() -> Path:
    documents = Path.home() / "Documents"
    return documents if documents.is_dir() else Path.home()


def _write_beside(folder: Path, name: str, data: bytes) -> Path:
    """Under another name where that one is taken."""
    stem, dot, kind = name.rpartition(".")
    for number in range(1, _TWINS):
        path = folder / (name if number == 1 else f"{stem}-{number}{dot}{kind}")
        try:
            _write(path, data)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(17, "there are too many files of that name", str(folder / name))


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
