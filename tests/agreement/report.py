"""How far the referee and other checkers agree with careful readers of real responses.

    make agreement

Writes a table, `docs/appendix/agreement.md`: agreement and Cohen's kappa, for the readers' two
passes with each other, and for each checker with the first pass; and every response where the
referee and the readers differ. Other checkers (those of `tests/benchmarks/comparison.py` that are
installed) only say right or wrong, so they are compared on that alone. These responses are not
ours: sympy, which runs Python on what it parses, is given nothing but digits, + - * / and brackets,
and the checker that is a bare `eval` is left out."""

from __future__ import annotations

import argparse
import platform
import re
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests.agreement.responses import Labelled, labelled, name_of, named
from tests.benchmarks.comparison import Asked, Checker, as_asked, available
from tot24_bench.scoring import analyse

Labels = Sequence[str]

_HARMLESS = re.compile(r"(?!.*\*\s*\*)[-+*/() 0-9]{1,200}")


def main() -> None:
    """Read the command line; see the module."""
    parser = argparse.ArgumentParser(description="How far checkers agree with careful readers.")
    parser.add_argument("--write", type=Path, help="write the page to this file, too")
    arguments = parser.parse_args()
    page = render()
    print(page)
    if arguments.write is not None:
        arguments.write.write_text(page, encoding="utf-8")


def render() -> str:
    """The page, in Markdown."""
    table, misread = [], []
    for file in ("labels.csv", "holdout.csv"):
        rows = labelled(file)
        results = [analyse(row.puzzle, row.response) for row in rows]
        verdicts = [row.first[0] for row in rows]
        places = [row.first[1] for row in rows]
        right = [_right(verdict == "correct") for verdict in verdicts]
        ours = [named(x.score.verdict) for x in results]
        our_places = [x.failed_at or "none" for x in results]
        if file == "labels.csv":
            second = [row.second or row.first for row in rows]
            table.append(_row(file, "second pass", "verdict", verdicts, [x[0] for x in second]))
            table.append(_row(file, "second pass", "place", places, [x[1] for x in second]))
        table.append(_row(file, "tot24", "verdict", verdicts, ours))
        table.append(_row(file, "tot24", "place", places, our_places))
        said = [_right(x.score.correct) for x in results]
        table.append(_row(file, "tot24", "right or wrong", right, said))
        for who, given, says in available():
            if who not in ("tot24-bench", "regex and eval"):
                said = _asked(rows, says, harmless=who == "sympy")
                table.append(_row(file, f"{who} ({given})", "right or wrong", right, said))
        for row, verdict, place in zip(rows, ours, our_places, strict=True):
            if (verdict, place) != row.first:
                labels = " / ".join(row.first)
                misread.append(
                    f"| {file} | `{name_of(row.puzzle.text, row.response)}` | {row.puzzle.text} "
                    f"| {labels} | {verdict} / {place} |"
                )
    return "\n".join(
        [
            "# How far checkers agree with careful readers",
            "",
            "Real responses of GPT-4 and GPT-4o, labelled by careful readers by [these "
            "rules](../labelling.md): `labels.csv` is what the referee's rules were completed "
            "on, `holdout.csv` was drawn and labelled afterwards. Each is compared with the "
            "first pass; `second pass` is the readers with themselves. A place is the first "
            "failed step. Other checkers say right or wrong only; what each is given stands in "
            "brackets, and the expression is the one that our finder takes out. `make "
            "agreement` writes this page.",
            "",
            "| labels | who | what | agree | Cohen's kappa |",
            "| --- | --- | --- | ---: | ---: |",
            *table,
            "",
            "Where the referee and the readers differ, all of them (verdict / first failed step):",
            "",
            "| labels | response | hand | the readers | the referee |",
            "| --- | --- | --- | --- | --- |",
            *misread,
            "",
            f"Python {platform.python_version()}, math-verify {version('math-verify')}, "
            f"reasoning-gym {version('reasoning-gym')}, sympy {version('sympy')}.",
            "",
        ]
    )


def _asked(rows: list[Labelled], says: Checker, *, harmless: bool) -> list[str]:
    said = []
    for row in rows:
        asked: Asked = as_asked(row.puzzle, row.response)
        try:
            allowed = not harmless or _HARMLESS.fullmatch(asked.expression)
            said.append(_right(bool(allowed) and says(asked)))
        except Exception:  # a checker that gives up says no
            said.append("wrong")
    return said


def _right(value: bool) -> str:
    return "right" if value else "wrong"


def _row(file: str, who: str, what: str, labels: Labels, said: Labels) -> str:
    from sklearn.metrics import cohen_kappa_score

    agree = sum(a == b for a, b in zip(labels, said, strict=True))
    kappa = cohen_kappa_score(labels, said)
    return f"| {file} ({len(labels)}) | {who} | {what} | {agree} of {len(labels)} | {kappa:.3f} |"


if __name__ == "__main__":
    main()
