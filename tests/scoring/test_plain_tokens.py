"""The quick way to cut a plain expression gives what the careful way gives."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tot24_bench.scoring.tokens import _Cutter, _plain_tokens

PIECES = st.sampled_from(
    [*"0123456789()+-*/= ", "12", " + ", " * ", " = ", "24", "((", "))", ")(", "x", "\n", "\\", "."]
)


@settings(deadline=None, max_examples=1000)
@given(st.lists(PIECES, max_size=24).map("".join))
@example("(6 - 4) * (4 + 8) = 24")
@example("2(3) = 6")
@example("5 ** 2 = 25")
@example("8 // 2 =")
@example("(1 + 2")
@example("1 + 2) = 3")
def test_the_quick_way_is_the_careful_way(text: str) -> None:
    quick = _plain_tokens(text)
    assert quick is None or quick == _Cutter(text).run()
