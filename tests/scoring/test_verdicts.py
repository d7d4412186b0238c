"""Every way in which an answer may only seem to be right, or to be an answer."""

from __future__ import annotations

import pytest

from tot24_bench.game import Puzzle
from tot24_bench.scoring import Verdict, score

EXEMPLAR = Puzzle.parse("4 4 6 8")
UNSOLVABLE = Puzzle.parse("1 1 1 1")
RIGHT = "(6 - 4) * (4 + 8)"

UNSUPPORTED = [
    "5 ** 2 - 1 * 1",
    "5 ** -1",
    "5 ** (2) - 1",
    "9 // -2",
    "3 << 3",
    "28 & 25",
    "5 ^ 2 - 1 * 1",
    "5² - 1 * 1",
    "4!",
    "(1 + 1 + 1 + 1)!",
    "3! * 4",
    "sqrt(9) * 8",
    "√9 * 8",
    r"\sqrt{9} * 8",
    "9 // 2",
    "49 % 25",
    "24.5",
    "4.0 * 6",
    ".5 * 48",
    "6 times 4",
    "3e2",
    "1_000",
    "0x18",
    "log(8) * 8",
    "C(4, 2) * 4",
    "int(24.5)",
    "__import__('os').system('true')",
    "6 * __import__('os')",
    "x + 4 * 6",
    "(x + 4) * 6",
    "The result is sqrt(9) * 8",
    "It is sqrt (9) * 8",
    "We use a * 4 * 6",
    "It equals 2.5 * 4 * 6",
    r"8\frac{1}{2} * 2",
    "|6-4| * (4+8)",
    "|6-4|(4+8)",
    "(4+8) * |6-4|",
    "|(6 - 4) * (4 + 8)|",
    "We get |6-4| * (4+8)",
    r"\lvert 6-4 \rvert * (4+8)",
    r"\left|6-4\right| \times (4+8)",
]


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_notation_outside_the_rules_is_no_answer(text: str) -> None:
    result = score(EXEMPLAR, f"Answer: {text} = 24")
    assert result.verdict is Verdict.UNSUPPORTED, result
    assert (result.correct, result.valid, result.value) == (False, False, None)
    assert result.false_claim


OTHER_VERDICTS = {
    "Answer: 4 * 6 = 24": Verdict.WRONG_NUMBERS,
    "Answer: 46 - 4 * 8 = 24": Verdict.GLUED,
    "Answer: 48 / 46": Verdict.GLUED,
    "Answer: 46 + 4 + 6 - 4 * 8 = 24": Verdict.WRONG_NUMBERS,  # 46 is put together of no two left
    # The right side of the first `=`, strictly, where the left is just the target.
    "Answer: 24 = 2 * 12 = (6-4)*(4+8)": Verdict.WRONG_NUMBERS,
    "6 - 4 = 2\n2 * 12 = 24\nAnswer: 24": Verdict.WRONG_NUMBERS,
    f"{RIGHT} = 24 (left: 24)\n\\boxed{{24}}": Verdict.WRONG_NUMBERS,
    f"{RIGHT} = 24\nAnswer: 25": Verdict.WRONG_NUMBERS,
    "Answer: 4 * 6 = 24\nAnswer: There is no other solution.": Verdict.WRONG_NUMBERS,
    "Answer: Nothing is impossible! 1+1+1+1": Verdict.WRONG_NUMBERS,
    "Answer: It is impossible, but (4 + 4 + 6) + 8 = 22 is close.": Verdict.NO_SOLUTION,
    "Answer: It is impossible, but 4 * 6 = 24.": Verdict.NO_SOLUTION,
    "Let me verify the answer: 6 - 4 = 2": Verdict.NO_ANSWER,
    "The answer is 4 or so": Verdict.NO_ANSWER,
    "Answer: (6 - 4) * (4 + 8) * 1 = 24": Verdict.WRONG_NUMBERS,
    "Answer: (6 - 4) * (4 + 4 + 4) = 24": Verdict.WRONG_NUMBERS,
    "Answer: (6 - 4) * (4 + 8) + 0": Verdict.WRONG_NUMBERS,
    "Answer: 24": Verdict.WRONG_NUMBERS,
    "Answer: 6 - 4 = 2, 4 + 8 = 12, 2 * 12 = 24": Verdict.WRONG_NUMBERS,
    "Answer: (6 - 4) * (8 - 4) = 24": Verdict.WRONG_VALUE,
    "Answer: (6 - 4) * (4 + 8) / 1 * 0": Verdict.WRONG_NUMBERS,
    "Answer: 4 - 4 * 6 / 8 = 24": Verdict.WRONG_VALUE,
    "Answer: 6 * 8 / (4 - 4) = 24": Verdict.DIVISION_BY_ZERO,
    "Answer: 8 / (6 / (4 - 4))": Verdict.DIVISION_BY_ZERO,
    "Answer: ((6 - 4) * (4 + 8) = 24": Verdict.MALFORMED,
    "Answer: (6 - 4)) * (4 + 8) = 24": Verdict.MALFORMED,
    "Answer: (6 - 4] * (4 + 8) = 24": Verdict.MALFORMED,
    "Answer: 4 4 6 8": Verdict.MALFORMED,
    "Answer: 6 * 4 *": Verdict.MALFORMED,
    "Answer: 6 * / 4": Verdict.MALFORMED,
    "Answer: () 4 + 6": Verdict.MALFORMED,
    "Answer: No solution": Verdict.NO_SOLUTION,
    "Answer: None": Verdict.NO_SOLUTION,
    "Answer: There is no solution using + - * / for 4, 4, 6 and 8.": Verdict.NO_SOLUTION,
    "Answer: No valid solution found.": Verdict.NO_SOLUTION,
    "**Answer:** It is impossible to make 24.": Verdict.NO_SOLUTION,
    "Answer: 24 cannot be made from these numbers": Verdict.NO_SOLUTION,
    "Answer:\nThe given numbers do not lead to a valid solution.": Verdict.NO_SOLUTION,
    r"\boxed{\text{No solution}}": Verdict.NO_SOLUTION,
    "<answer>unsolvable</answer>": Verdict.NO_SOLUTION,
    "6 - 4 = 2 (left: 2 4 8)\n\nThere is no solution.": Verdict.NO_SOLUTION,
    "Answer: I don't know.": Verdict.ABSTAINED,
    "Answer: Unable to find a valid solution": Verdict.ABSTAINED,
    "Answer: A valid solution is yet to be determined.": Verdict.ABSTAINED,
    "Answer: N/A": Verdict.ABSTAINED,
    "I apologize, I can’t seem to solve it.": Verdict.ABSTAINED,
    "It appears there may not be a straightforward solution; I give up.": Verdict.ABSTAINED,
    "No solution found so far.": Verdict.ABSTAINED,
    "": Verdict.NO_ANSWER,
    " \n\t": Verdict.NO_ANSWER,
    "Answer:": Verdict.NO_ANSWER,
    "Answer: (lambda: 24)()": Verdict.NO_ANSWER,
    "Answer: (see above)": Verdict.NO_ANSWER,
    "Let me think about it.": Verdict.NO_ANSWER,
    "The answer is somewhere": Verdict.NO_ANSWER,
    f"<think>\nAnswer: {RIGHT} = 24": Verdict.NO_ANSWER,
    f"Answer: {RIGHT} = 24</think>": Verdict.NO_ANSWER,
    "6 - 4 = 2 (left: 2 4 8)\n2 * 12 = 24 (left: 24)": Verdict.NO_ANSWER,
    "1. 6 - 4 = 2\n2. 4 + 8 = 12\n3. 2 * 12 = 24": Verdict.NO_ANSWER,
    "Answer:\nSteps:\n6 * 4 = 24 (left: 4 8 24)": Verdict.NO_ANSWER,
    "Answer: 4 x 6": Verdict.WRONG_NUMBERS,
    "Answer: 4x6": Verdict.WRONG_NUMBERS,
    "Input: 4 4 6 8": Verdict.NO_ANSWER,
    "4 4 6 8": Verdict.NO_ANSWER,
    "6 - 4 = 2\n2 * 12 = 24": Verdict.WRONG_NUMBERS,
    "Answer: 4 * 6 = 24\n\nInput: 4 4 6 9\nAnswer: " + RIGHT: Verdict.WRONG_NUMBERS,
}


@pytest.mark.parametrize("response", OTHER_VERDICTS)
def test_what_is_no_right_answer_gets_its_own_verdict(response: str) -> None:
    result = score(EXEMPLAR, response)
    assert result.verdict is OTHER_VERDICTS[response], result
    assert not result.correct


@pytest.mark.parametrize(
    "claim",
    [
        "It is not impossible.",
        "It isn't impossible!",
        "Nothing is impossible!",
        "No doubt there is a solution",
        "There is no shortage of solutions.",
        "There is no other solution.",
        "This is not the only possible way.",
        "there's no reason a solution wouldn't exist",
        "Impossible to say",
        "I have no idea what the answer is",
        "It's not possible with addition only",
        "No number can be used twice, and each cannot be used again",
    ],
)
def test_what_denies_no_solution_claims_nothing(claim: str) -> None:
    for puzzle in (EXEMPLAR, UNSOLVABLE):
        for response in (claim, f"Answer: {claim}"):
            result = score(puzzle, response)
            assert result.verdict in (Verdict.NO_ANSWER, Verdict.ABSTAINED), response
            assert not result.correct and not result.answered


def test_two_numbers_left_out_and_written_as_one_are_glued() -> None:
    result = score(EXEMPLAR, "Answer: 46 - 4 * 8 = 24")
    assert (result.verdict, result.answered, result.valid) == (Verdict.GLUED, True, False)
    # The target itself is not glued, though 2 and 4 are in the hand.
    assert score(Puzzle.parse("2 4 6 8"), "Answer: 24").verdict is Verdict.WRONG_NUMBERS
    assert score(Puzzle.parse("2 4 6 8"), "Answer: 24 * (8 - 6)").verdict is Verdict.GLUED
