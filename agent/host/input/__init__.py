"""Applying a viewer's input to this machine."""

from agent.host.input.base import Area, Injector, InputError, InputLostError, NoDisplayError
from agent.host.input.choose import open_injector
from agent.host.input.fake import FakeInjector
from agent.host.input.worker import InputWorker

__all__ = [
    "Area",
    "FakeInjector",
    "Injector",
    "InputError",
    "InputLostError",
    "InputWorker",
    "NoDisplayError",
    "open_injector",
]
