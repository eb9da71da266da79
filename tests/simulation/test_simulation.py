"""Two hundred worlds: in none of them is anything shown before consent, lost, doubled, shown wrongly or left behind.

`make sim` runs thousands; `python -m tests.simulation SEED` tells the story of one.
"""

import pytest

from tests.simulation.ends import Host
from tests.simulation.story import Story

SEEDS, TOGETHER = 200, 10


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_a_session_survives_what_happens_to_it(first: int) -> None:
    wrong = {seed: Story(seed).run() for seed in range(first, first + TOGETHER)}
    assert not {seed: violations for seed, violations in wrong.items() if violations}


def test_a_seed_is_always_the_same_story() -> None:
    told = []
    for _ in range(2):
        story = Story(4)
        story.run()
        told.append((story.world.story, story.record.versions, story.host.version))
    assert told[0] == told[1]


def test_the_worlds_are_worth_living_in() -> None:
    """The properties hold for something: pictures are drawn, input is applied, processes die and sessions go on."""
    stories = [Story(seed) for seed in range(12)]
    for story in stories:
        story.run()
    told = [text for story in stories for _, text in story.world.story]
    assert sum("is killed" in text for text in told) > 5
    assert sum("process is restarted" in text for text in told) > 2
    assert all(story.record.drawings > 20 and story.record.inputs > 20 for story in stories)


def test_a_host_that_forgets_its_counter_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The properties bite: without the stored counter a key comes back, and a nonce is used twice or nobody comes back."""
    begin = Host._start

    def forgetful(host: Host, kept: object) -> object:
        import itertools  # noqa: PLC0415

        host.numbers = itertools.count(1)
        return begin(host, kept)  # type: ignore[arg-type]

    monkeypatch.setattr(Host, "_start", forgetful)
    assert any(Story(seed).run() for seed in range(40))


EVIL_SEEDS = 60


@pytest.mark.parametrize("first", range(0, EVIL_SEEDS, TOGETHER))
def test_evil_relays_change_nothing_that_matters(first: int) -> None:
    """Every message may be dropped, delayed, doubled, moved, replayed, flipped, readdressed or spliced, and texts made up:
    still no picture that never was, no input twice, out of order or of nobody, and nothing before consent."""
    stories = [Story(seed, evil=True) for seed in range(first, first + TOGETHER)]
    assert not {story.world.seed: wrong for story in stories if (wrong := story.run())}
    assert sum(sum(story.meddler.done.values()) for story in stories) > 200
    assert sum(story.record.drawings for story in stories) > 100
