"""How often codes and challenges are asked for: mail and SMS cost money, and nobody wants a hundred of them."""

from collections.abc import Callable

from api.kit.throttle import Budget, address_key
from api.problems import TooManyRequests

SENT_PER_OPERATOR = 5
SENT_WINDOW_SECONDS = 15 * 60.0
CHALLENGES_PER_ADDRESS = 60
CHALLENGES_WINDOW_SECONDS = 60.0


class CodeBudgets:
    """Of this process."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._sent = Budget(SENT_PER_OPERATOR, SENT_WINDOW_SECONDS, now)
        self._challenges = Budget(CHALLENGES_PER_ADDRESS, CHALLENGES_WINDOW_SECONDS, now)

    def send(self, operator_id: str) -> None:
        """Count a code to be sent; TooManyRequests when it is one too many."""
        self._spend(self._sent, operator_id, "codes", "Too many codes were sent; use the last one, or try again in")

    def challenge(self, address: str | None) -> None:
        """Count a challenge made for anybody; TooManyRequests when it is one too many."""
        self._spend(self._challenges, address_key(address), "challenges", "Too many sign-ins from here; try again in")

    @staticmethod
    def _spend(budget: Budget, key: str, name: str, sentence: str) -> None:
        standing = budget.standing(key)
        if standing.remaining == 0:
            wait = standing.reset_seconds
            raise TooManyRequests(f"{sentence} {wait} seconds.", retry_after=wait, headers=standing.headers(name))
        budget.spend(key)
