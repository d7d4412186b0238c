"""What to do when a filtering kept nothing, by the reason that took most traces."""

from __future__ import annotations

from tot24_bench.traces.funnel import Funnel
from tot24_bench.traces.judging import Reason

_HELD_OUT = "ask hands of the split train"
_LEVEL = "lower --level, or ask another teacher"
_SAMPLES = "ask for more --samples, or ask another teacher"
_STEPS = "lower --level, or ask for steps (--method onestep_tot)"

ADVICE = {
    Reason.TRUNCATED: "raise --max-tokens and generate again",
    Reason.REFUSED: "ask another teacher",
    Reason.FILTERED: "ask another teacher",
    Reason.NO_ANSWER: _SAMPLES,
    Reason.WRONG: _SAMPLES,
    Reason.NO_STEPS: _STEPS,
    Reason.NO_PATH: _STEPS,
    Reason.FALSE_RESULT: _LEVEL,
    Reason.DISAGREES: _LEVEL,
    Reason.AGREEMENT_UNKNOWN: "lower --level to answer",
    Reason.INVALID_THOUGHT: _LEVEL,
    Reason.WRONG_MARK: _LEVEL,
    Reason.FALSE_STATEMENT: _LEVEL,
    Reason.UNREAD: _LEVEL,
    Reason.HELD_OUT_HAND: _HELD_OUT,
    Reason.HELD_OUT_PROMPT: "generate with the variant default, or with 0 shots",
    Reason.NO_END: "ask another teacher",
    Reason.HELD_OUT_RESPONSE: "ask hands of four numbers of the split train, or another teacher",
    Reason.HELD_OUT_STATE: "leave out --avoid, or let a teacher that avoids such states answer",
    Reason.DUPLICATE: "ask for more --samples",
    Reason.FEW_BACKTRACKS: "lower --min-backtracks, or ask a teacher that searches",
    Reason.OVER_CAP: "raise --max-per-hand",
    Reason.UNBALANCED: "leave out --balance",
}
"""The fix for every reason."""


def nothing_kept(funnel: Funnel) -> str:
    """The message of a filtering that kept nothing: the main reason, and its fix."""
    if not funnel.dropped:
        return "the files hold no trace, so there is nothing to write: tot24 traces generate"
    most = max(funnel.dropped, key=lambda one: one.traces)
    return (
        f"no trace is kept, so there is nothing to write: {most.reason} "
        f"({most.traces:,} of {funnel.asked:,}): {ADVICE[Reason(most.reason)]}"
    )
