"""The proof that the server cannot look in: whoever has its database, its disk and the memory of its processes, while a session
runs and after it, finds nothing that was shown, typed or written, and no key that opens it."""

import asyncio
import base64
import secrets
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
import pytest

from agent.api_client import ApiClient
from agent.commands.store import encode_link_secret
from agent.seat import Seat
from agent.viewer import events
from agent.viewer.session import ViewerSession
from tests.e2e.attacker import Wanted, byte_forms, family, files, frozen, memory, search, text_forms, wanted
from tests.e2e.confiding import Secret, confiding, told, variables
from tests.e2e.operator import until
from tests.e2e.stack import Stack, accept
from tests.fixtures.xvfb import Xvfb
from tools.demo import Customer
from wire.header import Header, Stream
from wire.messages.input import ButtonEvent, KeyEvent, TextEvent
from wire.seal import Opener

pytestmark = [pytest.mark.x11, pytest.mark.xdist_group("cli")]

COLOUR = (0xA7, 0x3C, 0x91)
BGRX, BGRA = (bytes((*reversed(COLOUR), alpha)) * 16 for alpha in (0, 255))
"""Sixteen pixels in a row, as the capture holds them and as the viewer does."""
RGBA = bytes((*COLOUR, 255)) * 16
TYPED = "typed-marker-4f1c9e77"
ASKED = "Where is the printer? プリンターはどこですか"
ANSWERED = "answer-marker-90d3b2e1"
HOST_KEEPS = ("expanded: resume", "expanded: key")
"""What the host must have in its memory to go on: so the search must find it there."""


@dataclass
class Seen:
    """What came to the operator's end, before it was opened and after."""

    sealed: list[tuple[int, bytes]] = field(default_factory=list)
    """Stream and message."""
    opened: list[bytes] = field(default_factory=list)
    """Plaintext of picture parts."""

    def watch(self) -> Any:
        """Note all that is opened in this process."""
        really = Opener.open

        def noting(opener: Opener, header: Header, message: bytes | memoryview) -> bytes:
            content = really(opener, header, message)
            self.sealed.append((header.stream, bytes(message)))
            if header.stream == Stream.SCREEN:
                self.opened.append(bytes(content))
            return content

        return patch.object(Opener, "open", noting)

    def beacons(self) -> dict[str, frozenset[bytes]]:
        """Sealed messages that the relay keeps the newest of: a search of its memory must find one."""
        return {"beacon": frozenset(message for stream, message in self.sealed if stream == Stream.BEACON)}

    def pictures(self) -> list[Secret]:
        """A piece out of the middle of each large part, as compressed."""
        pieces = [content[len(content) // 2 :][:48] for content in sorted(self.opened, key=len)[-8:]]
        return [("picture", piece) for piece in pieces if len(set(piece)) > 24]


@dataclass
class Scene:
    """One session and what is known of it to those who hold it."""

    stack: Stack
    customer: Customer
    session: str
    link: bytes
    written: Path
    host_told: Path
    mine: list[Secret]
    seen: Seen = field(default_factory=Seen)

    def wanted(self) -> Wanted:
        """All plaintext and all keys, from both ends, in every form."""
        keys = dict.fromkeys([*self.mine, *told(self.host_told), ("link", self.link), *self.seen.pictures()])
        pixels = {"BGRX": frozenset({BGRX}), "BGRA": frozenset({BGRA}), "RGBA": frozenset({RGBA})}
        texts = ("typed", TYPED), ("asked", ASKED), ("answered", ANSWERED)
        written = {"link in the address": text_forms(encode_link_secret(self.link))}
        return {**wanted(keys=keys, texts=texts), **pixels, **written}

    def server(self) -> list[psutil.Process]:
        processes = family(self.stack.process.pid)
        names = [" ".join(process.cmdline()) for process in processes]
        assert any("relay.main" in name for name in names)
        assert any("api.main" in name for name in names)
        return processes

    def attack(self, what: Wanted, *, running: bool) -> None:
        """Take everything the server has, and search it."""
        known = wanted(texts=[("session", self.session)])
        server = self.server()
        with frozen(server):
            taken = {" ".join(process.cmdline()): memory(process.pid) for process in server}
        for name, regions in taken.items():
            assert not search(regions, what), name
            if "relay.main" in name or "api.main" in name:
                assert search(regions, known), f"the search sees into {name}"
            if running and "relay.main" in name:
                assert search(regions, self.seen.beacons()), "what passes through the relay is found in it, sealed"
        disk = files(self.stack.data, self.stack.data.parent / "server.log")
        for path, content in disk.items():
            assert not search([content], what), path
        assert search(disk.values(), known), "the search sees into the database"


async def work(scene: Scene, desktop: Xvfb, before_the_end: Any) -> None:
    """The operator's side: look, type, write, be answered; `before_the_end` while it all runs."""
    async with ApiClient(scene.stack.url, token=scene.stack.token) as api:
        answer = await api.post(f"/v1/sessions/{scene.session}/ticket")
        seat = await Seat.take(api, answer, "operator", "viewer")
        async with ViewerSession(seat, api, link_secret=scene.link) as viewer:
            asked: Any = await _until(viewer, events.Digits)
            assert asked.digits is None, "the link's secret replaces them"
            await asyncio.to_thread(accept, scene.customer, None)
            while BGRA not in viewer.protocol.picture.sync.decoder.pixels:
                await _until(viewer, events.Drawn)
            click = ButtonEvent(True, 1, 200, 100), ButtonEvent(False, 1, 200, 100)
            keys = (KeyEvent(down, ord("x")) for down in (True, False))
            assert viewer.send(*click, *keys, TextEvent(TYPED + "\n"))
            await asyncio.to_thread(until, lambda: TYPED in scene.written.read_text(), 20, "what was typed")
            assert viewer.say(ASKED)
            await asyncio.to_thread(scene.customer.until, "プリンターはどこですか")
            scene.customer.type("m")
            await asyncio.to_thread(scene.customer.until, "Message, then Enter")
            scene.customer.type(ANSWERED + "\n")
            while (await _until(viewer, events.Said)).line.text != ANSWERED:
                pass
            await asyncio.to_thread(before_the_end)
            while not viewer.send(TextEvent("and on\n")):
                await asyncio.wait_for(viewer.next_event(), 30)  # the frozen relay made the picture old
            await asyncio.to_thread(until, lambda: "and on" in scene.written.read_text(), 20, "that it goes on")
            viewer.end()


async def _until(viewer: ViewerSession, kind: type[Any]) -> Any:
    while not isinstance(event := await asyncio.wait_for(viewer.next_event(), 30), kind):
        pass
    return event


@pytest.mark.rule("R13")
def test_nothing_of_the_session_is_on_the_server(stack: Stack, desktop: Xvfb, tmp_path: Path) -> None:
    made, link = stack.session(features=["chat"]), secrets.token_bytes(16)
    invitation = f"{made['join_url']}#k={encode_link_secret(link)}"
    written, host_told = tmp_path / "typed.txt", tmp_path / "told"
    shell = f"sh -c 'cat > {written}'"
    with (
        confiding() as mine,
        desktop.program("xterm", "-bg", f"#{bytes(COLOUR).hex()}", "-geometry", "100x30+20+20", "-e", shell),
        stack.customer(invitation, desktop.display, **variables(tmp_path, host_told)) as customer,
    ):
        scene = Scene(stack, customer, made["id"], link, written, host_told, mine)
        until(written.exists, what="the program")

        def while_it_runs() -> None:
            what = scene.wanted()
            scene.attack(what, running=True)
            of_host = search([piece for process in family(customer.pid) for piece in memory(process.pid)], what)
            for name in (*HOST_KEEPS, "BGRX", "typed", "asked", "answered"):
                assert any(found.startswith(name) for found in of_host), f"the search finds {name} in the host"
            kept = files(Path(stack.environment["TASUKI_CONFIG_DIR"]) / "hosts")
            assert any(found.startswith("expanded: resume") for found in search(kept.values(), what)), (
                "the search finds the resume secret, in base64, on the host's own disk"
            )

        with scene.seen.watch():
            asyncio.run(work(scene, desktop, while_it_runs))
        customer.until("ended it")
        kinds = {name for name, _ in told(host_told)} & {name for name, _ in mine}
        assert {"x25519 private key", "shared secret", "prk", "pairwise or epoch secret", *HOST_KEEPS} <= kinds
        assert scene.seen.pictures()
        scene.attack(scene.wanted(), running=False)
        assert made["code"].encode() not in b"".join(files(stack.data).values())


def test_the_search_finds_every_form_in_a_process_and_on_a_disk(tmp_path: Path) -> None:
    """Otherwise that nothing was found would say nothing."""
    secret, text = secrets.token_bytes(32), "見つかる needle"
    forms = sorted(byte_forms(secret) | text_forms(text))
    for number, form in enumerate(forms):
        (tmp_path / f"{number}").write_bytes(b"\x07" * 5 + form + b"\x07" * 5)
    program = (
        "import pathlib, sys; kept = [p.read_bytes() for p in pathlib.Path(sys.argv[1]).iterdir()]; print(); input()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        regions = memory(holder.pid)
        holder.communicate(b"\n")
    on_disk = files(tmp_path).values()
    for form in forms:
        what = {"form": frozenset({form})}
        assert search(regions, what), form
        assert search(on_disk, what), form
    assert not search(regions, wanted(keys=[("another", secrets.token_bytes(32))]))


def test_base64_of_anything_around_it_is_found() -> None:
    """Wherever a secret begins in what was encoded."""
    secret = secrets.token_bytes(16)
    for before in range(6):
        for after in range(4):
            whole = secrets.token_bytes(before) + secret + secrets.token_bytes(after)
            for encode in (base64.b64encode, base64.urlsafe_b64encode):
                assert search([encode(whole)], {"secret": byte_forms(secret)}), (before, after)
