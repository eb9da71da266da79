"""What makes this machine a device: its key, in a file for its owner's eyes only. Neither key ever leaves the machine
by itself: the server has the public half of one, and the access key goes to operators by the hands of the administrator.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wire import devices

ACCESS_KEY_BYTES: Final = 16
"""It takes the place of a join link's secret in the handshake."""


class NotEnrolledError(Exception):
    """This machine is no device, or the file that says so cannot be used."""


def default_path() -> Path:
    """Where the identity is kept unless told otherwise."""
    import typer  # noqa: PLC0415 - only for the folder's name

    return Path(os.environ.get("TASUKI_CONFIG_DIR") or typer.get_app_dir("tasuki")) / "device.json"


def new_key() -> Ed25519PrivateKey:
    """A key for one enrolment."""
    return Ed25519PrivateKey.generate()


@dataclass
class Identity:
    """A device of one server. `access_key` is there exactly while sessions without asking are allowed here."""

    server: str
    device_id: str
    name: str
    organisation: str
    private_key: str
    """Hexadecimal."""
    access_key: str | None = None
    """Hexadecimal."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """NotEnrolledError says what to do when there is none, or when others could have read it."""
        try:
            if os.name == "posix" and path.stat().st_mode & 0o077:
                raise NotEnrolledError(f"{path} can be read by others; run: chmod 600 {path}")
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            raise NotEnrolledError("this machine is not enrolled; get a token and run: tasuki enroll TOKEN") from None
        except (OSError, ValueError, TypeError) as error:
            raise NotEnrolledError(
                f"{path} cannot be used ({type(error).__name__}); enrol this machine again"
            ) from None

    def save(self, path: Path) -> None:
        """Mode 0600 from the first byte on; replaced as a whole."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    @property
    def unattended(self) -> bool:
        """Whether the administrator of this machine allowed sessions without asking, here."""
        return self.access_key is not None

    @property
    def access_secret(self) -> bytes | None:
        """The access key as the handshake takes it."""
        return None if self.access_key is None else bytes.fromhex(self.access_key)

    @property
    def fingerprint(self) -> str:
        """Of the public key, as the console shows it."""
        return devices.fingerprint(self._key().public_key().public_bytes_raw())

    def allow_unattended(self) -> str:
        """Make a new access key; one that was there before opens nothing any more."""
        self.access_key = secrets.token_hex(ACCESS_KEY_BYTES)
        return grouped(self.access_key)

    def sign(self, message: bytes) -> str:
        """The device's signature, hexadecimal."""
        return self._key().sign(message).hex()

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(self.private_key))


def grouped(access_key: str) -> str:
    """An access key as it is printed: groups of four, so that it can be copied by hand."""
    return "-".join(access_key[at : at + 4] for at in range(0, len(access_key), 4))


def parse_access_key(text: str) -> bytes:
    """An access key as it was printed; ValueError when it is not whole."""
    plain = "".join(text.split()).replace("-", "").lower()
    try:
        key = bytes.fromhex(plain)
    except ValueError:
        key = b""
    if len(key) != ACCESS_KEY_BYTES:
        raise ValueError("an access key is eight groups of four letters and digits, as `tasuki enroll` printed it")
    return key
