"""The last line before training: whatever wrote a row, it may not show what is held out.

Every way to training data passes it: the filter's datasets, when they are written and when they are
read, the rows that `training` makes itself, and the files of contributors (`--training`). What is
held out, and where it shows: `held_out`.

>>> Guard().check_text("So 5 * (10 - 6) + 4 makes 24", Puzzle.parse("1 1 4 6"), "io", "row 0")
Traceback (most recent call last):
tot24_bench.game.splits.LeakedHand: row 0 shows a held-out hand of a test part: 4 5 6 10: remove it
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tot24_bench.game import TARGET, Hand, LeakedHand, Puzzle, Rule, guard_parts, held_out_targets
from tot24_bench.traces.held_out import (
    Avoid,
    Leak,
    is_inner_state,
    leak_in,
    sections,
    shown_puzzles,
)


class Guard:
    """Refuses what is held out, and remembers what was shown.

    Args:
        avoid: what is held out beside test hands.

    Attributes:
        hands: every hand asked or shown as a hand, with its target.
    """

    def __init__(self, avoid: Avoid = Avoid.NOTHING) -> None:
        self.hands: set[tuple[Hand, int]] = set()
        self._avoid = avoid

    def check(self, row: Mapping[str, Any], where: str) -> None:
        """Look at a row of ours: the hand asked, the exemplars, and all that the completion shows.

        Raises:
            LeakedHand: names the hand or the state and where it stands.
        """
        asked, completion = self.check_prompt(row, where)
        self._refuse(leak_in(completion, asked, row["method"], self._avoid), where)

    def check_prompt(self, row: Mapping[str, Any], where: str) -> tuple[Puzzle, str]:
        """Look at all but what the completion shows; the puzzle and the completion.

        Raises:
            LeakedHand: as `check`.
        """
        rule = Rule(row.get("rule", Rule.ALL))
        asked = Puzzle.parse(row["numbers"], row.get("target", TARGET), rule)
        if asked.target in held_out_targets():
            raise LeakedHand(f"{where} asks for the held-out target {asked.target}: drop it")
        messages = row.get("messages") or []
        completion = row.get("completion") or (messages[-1]["content"] if messages else "")
        texts = [row.get("prompt") or "", *(one["content"] for one in messages), completion]
        shown = [one for text in texts for one in shown_puzzles(text, asked)]
        self.check_hands([asked, *shown], row["method"], where)
        shots = {one["content"] for one in messages[:-1] if one["role"] == "assistant"}
        for shot in sorted(shots):
            self._refuse(leak_in(shot, asked, row["method"], self._avoid, replay=False), where)
        return asked, completion

    def check_text(self, text: str, asked: Puzzle, method: str, where: str) -> Puzzle:
        """Look at a text that may show several hands one after the other, each with its solution.

        Args:
            text: any text of a row.
            asked: what the text before it was about.
            method: how it was asked; may be none of ours.
            where: for the message.

        Returns:
            What its end is about: the hand that it shows last.

        Raises:
            LeakedHand: as `check`.
        """
        puzzle = asked
        for puzzle, piece in sections(text, asked):
            self._refuse(leak_in(piece, puzzle, method, self._avoid), where)
        return puzzle

    def check_hands(self, puzzles: Iterable[Puzzle], method: str, where: str) -> None:
        """Look at hands that are asked or shown as such.

        Raises:
            LeakedHand: one of them is of a test part, or its target is held out.
        """
        for one in puzzles:
            if (one.hand, one.target) not in self.hands:
                if not is_inner_state(method, one):
                    guard_parts([one], where)
                self.hands.add((one.hand, one.target))

    def _refuse(self, leak: Leak | None, where: str) -> None:
        if leak is not None:
            kind = "state" if leak.is_state else "hand of a test part"
            raise LeakedHand(f"{where} shows a held-out {kind}: {leak.what}: remove it")

    def text(self) -> str:
        """The hands as JSON Lines that `tot24 overlap` reads, ascending."""
        return "".join(
            json.dumps({"numbers": hand, "target": target}) + "\n"
            for hand, target in sorted(self.hands)
        )
