"""What the customer sees and answers: one interface, shown as a window, in a terminal, or by a script in tests."""

from agent.host.ui.base import CustomerInterface, CustomerStoppedError, How, Kind, Problem, Sign, UiEvent
from agent.host.ui.choose import choose_interface
from agent.host.ui.question import Question

__all__ = [
    "CustomerInterface",
    "CustomerStoppedError",
    "How",
    "Kind",
    "Problem",
    "Question",
    "Sign",
    "UiEvent",
    "choose_interface",
]
