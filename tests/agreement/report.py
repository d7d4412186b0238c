"""How far the referee and other checkers agree with careful readers of real responses.

    python -m tests.agreement.report

Prints a table: agreement and Cohen's kappa, for the readers' two passes with each other, and for
each checker with the first pass. Other checkers (those of `tests/benchmarks/comparison.py` that are
installed) only say right or wrong, so they are compared on that alone. The one that runs Python on
a response is left out: these responses are not ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.agreement.responses import Labelled, labelled, named
from tests.benchmarks.comparison import Checker, as_asked, available
from tot24_bench.scoring.analysis import analyse

Labels = Sequence[str]


def main() -> None:
    """Print the table."""
    print("| labels | who | what | agree | kappa |\n| --- | --- | --- | --- | --- |")
    for file in ("labels.csv", "holdout.csv"):
        rows = labelled(file)
        results = [analyse(row.puzzle, row.response) for row in rows]
        verdicts = [row.first[0] for row in rows]
        places = [row.first[1] for row in rows]
        right = [_right(verdict == "correct") for verdict in verdicts]
        if file == "labels.csv":
            second = [row.second or row.first for row in rows]
            _print(file, "the readers' second pass", "verdict", verdicts, [x[0] for x in second])
            _print(file, "the readers' second pass", "place", places, [x[1] for x in second])
        _print(file, "tot24", "verdict", verdicts, [named(x.score.verdict) for x in results])
        _print(file, "tot24", "place", places, [x.failed_at or "none" for x in results])
        _print(file, "tot24", "right or wrong", right, [_right(x.score.correct) for x in results])
        for who, given, says in available():
            if who != "tot24-bench" and "eval" not in who and "sympy" not in who:
                _print(file, f"{who} ({given})", "right or wrong", right, _asked(rows, says))


def _asked(rows: list[Labelled], says: Checker) -> list[str]:
    said = []
    for row in rows:
        try:
            said.append(_right(says(as_asked(row.puzzle, row.response))))
        except Exception:  # a checker that gives up says no
            said.append("wrong")
    return said


def _right(value: bool) -> str:
    return "right" if value else "wrong"


def _print(file: str, who: str, what: str, labels: Labels, said: Labels) -> None:
    from sklearn.metrics import cohen_kappa_score

    agree = sum(a == b for a, b in zip(labels, said, strict=True))
    kappa = cohen_kappa_score(labels, said)
    print(f"| {file} ({len(labels)}) | {who} | {what} | {agree} of {len(labels)} | {kappa:.3f} |")


if __name__ == "__main__":
    main()
