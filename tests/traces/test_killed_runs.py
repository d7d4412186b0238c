"""Faults and kills together: everything is recorded once, and nothing recorded is asked again."""

from __future__ import annotations

import pytest

pytest.importorskip("aiohttp")
from tests.traces.killed_runs import run


def test_a_bad_server_and_a_writer_killed_again_and_again_lose_nothing_recorded() -> None:
    concurrency, samples = 4, 2
    found = run(hands=20, samples=samples, concurrency=concurrency, kills=2, seed=1)
    assert found.recorded == found.distinct == found.wanted == 40
    assert (found.asked_again, found.touched, found.foreign) == (0, 0, 0)
    # A killed writer loses at most what was under way: so many calls, each with all its samples.
    assert 0 <= found.lost <= found.kills * concurrency * samples
    assert found.kills == 2
    assert found.faulted
