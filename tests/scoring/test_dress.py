"""Every way in which an answer may be written, and every way in which it may only seem to be."""

from __future__ import annotations

import pytest

from tot24_bench.game.puzzle import Puzzle, Rule
from tot24_bench.scoring import Verdict, score

EXEMPLAR = Puzzle.parse("4 4 6 8")
RIGHT = "(6 - 4) * (4 + 8)"


def verdict(response: str, hand: str = "4 4 6 8") -> Verdict:
    return score(Puzzle.parse(hand), response).verdict


RIGHT_RESPONSES = {
    "as the exemplars write it": f"Steps:\n6 - 4 = 2 (left: 2 4 8)\nAnswer: {RIGHT} = 24",
    "without an equals sign": f"Answer: {RIGHT}",
    "in lower case": f"answer: {RIGHT} = 24",
    "in capitals": f"ANSWER: {RIGHT} = 24",
    "final answer": f"Final answer: {RIGHT} = 24",
    "final correct answer": f"Final Correct Answer:\n{RIGHT} = 24",
    "the answer is": f"Therefore, the answer is: {RIGHT} = 24",
    "bold marker": f"**Answer:** {RIGHT} = 24",
    "bold marker, colon outside": f"**Answer**: {RIGHT} = 24",
    "bold all": f"**Answer: {RIGHT} = 24**",
    "italic": f"*Answer:* *{RIGHT}* = 24",
    "underscores": f"__Answer:__ __{RIGHT}__ = 24",
    "heading": f"### Answer:\n\n{RIGHT} = 24",
    "heading without a colon": f"## Final Answer\n\n{RIGHT} = 24",
    "bold line without a colon": f"**Final answer**\n{RIGHT} = 24",
    "fullwidth colon": f"Answer：{RIGHT} = 24",
    "repeated marker": f"Answer: Answer: {RIGHT} = 24",
    "marker announced, then given": f"Here's the correct answer:\n\nAnswer: {RIGHT} = 24",
    "quote block": f"> Answer: {RIGHT} = 24",
    "list item": f"- Answer: {RIGHT} = 24",
    "middle of a line": f"That is 24. Answer: {RIGHT} = 24",
    "next line": f"Answer:\n{RIGHT} = 24",
    "next line but one": f"Answer:\n\n{RIGHT} = 24",
    "next line in bold after a sentence": (
        f"### Answer:\n\nThe correct operations turn out to be:  \n**{RIGHT} = 24**"
    ),
    "next line in a code block": f"Answer:\n```\n{RIGHT} = 24\n```",
    "next line as a list item": f"Answer:\n- {RIGHT} = 24",
    "next line numbered": f"Answer:\n1. {RIGHT} = 24",
    "display math": f"Answer:\n\\[\n{RIGHT} = 24\n\\]",
    "inline math": f"**Answer:** \\( {RIGHT} = 24 \\)",
    "inline math without spaces": r"**Answer:** \((6 - 4) \times (4 + 8) = 24\)",
    "dollars": f"Answer: ${RIGHT} = 24$",
    "double dollars": f"Answer: $${RIGHT} = 24$$",
    "aligned": f"Answer:\n\\begin{{align*}}\n{RIGHT} &= 24\n\\end{{align*}}",
    "code ticks": f"Answer: `{RIGHT} = 24`",
    "code ticks around the expression": f"Answer: `{RIGHT}` = 24",
    "JSON": f'{{"Steps": "...", "Answer": "{RIGHT} = 24"}}',
    "JSON that nobody decoded": rf'{{"Steps": "6 - 4 = 2\n\nAnswer: {RIGHT} = 24"}}',
    "times and minus signs": "Answer: (6 − 4) × (4 + 8) = 24",
    "dots": "Answer: (6 - 4) ⋅ (4 + 8) = 24",
    "middle dots": "Answer: (6 – 4) · (4 + 8) = 24",
    "emoji signs": "Answer: (6 ➖ 4) ✖️ (4 ➕ 8) = 24",
    "fullwidth": "Answer: （６－４）＊（４＋８）＝２４",
    "LaTeX times": r"Answer: (6 - 4) \times (4 + 8) = 24",
    "LaTeX cdot, left and right": r"Answer: \left(6-4\right)\cdot\left[4+8\right]=24",
    "LaTeX spacing": r"Answer: (6\,-\,4)\;\times\!(4+8)\quad = 24",
    "LaTeX text wrapper": rf"Answer: \text{{{RIGHT}}} = 24",
    "LaTeX note after it": rf"Answer: \({RIGHT} = 24 \quad \text{{(left: 24)}}\)",
    "escaped stars": r"Answer: (6 - 4) \* (4 + 8) = 24",
    "other brackets": "Answer: [6 - 4] * {4 + 8} = 24",
    "juxtaposed brackets": "Answer: (6-4)(4+8) = 24",
    "superfluous brackets": "Answer: (((6 - 4)) * ((4 + 8))) = 24",
    "unary minus": "Answer: -(4 - 6) * (4 + 8) = 24",
    "unary plus": "Answer: +(6 - 4) * (+4 + 8) = 24",
    "target on the left": f"Answer: 24 = {RIGHT}",
    "target on both sides": f"Answer: 24 = {RIGHT} = 24",
    "chain of values": f"Answer: {RIGHT} = 2 * 12 = 24",
    "double equals": f"Answer: {RIGHT} == 24",
    "arrow": f"Answer: {RIGHT} -> 24",
    "unicode arrow": f"Answer: {RIGHT} → 24",
    "equals in words": f"Answer: {RIGHT} equals 24",
    "bold expression and full stop": f"Answer: **{RIGHT}**.",
    "bold expression and ellipsis": f"Answer: **{RIGHT}** ...",
    "bold math": rf"Answer: **\({RIGHT}\)**",
    "math of bold": rf"Answer: \(**{RIGHT}**\)",
    "full stop": f"Answer: {RIGHT}.",
    "full stop after the value": f"Answer: {RIGHT} = 24.",
    "emoji after it": f"Answer: {RIGHT} ✅",
    "emoji before it": f"Answer: 👉 {RIGHT} = 24 🎉",
    "exclamation": f"Answer: {RIGHT} = 24!",
    "exclamation and prose": f"Answer: {RIGHT}! That is it.",
    "closing note": f"Answer: {RIGHT} = 24 (each number is used once)",
    "closing note without a value": f"Answer: {RIGHT} (uses 4 twice)",
    "closing note after a dash": f"Answer: {RIGHT} – each number once",
    "closing note after a comma": f"Answer: {RIGHT}, which is 24",
    "left note": f"Answer: {RIGHT} = 24 (left: 24)",
    "closing paragraph": f"Answer: {RIGHT} = 24\n\nThis uses 4, 4, 6 and 8.\n6 - 4 = 2",
    "prose before it": f"Answer: The solution is {RIGHT} = 24.",
    "prose and math before it": r"Answer: We get $(6 - 4) \times (4 + 8) = 24$.",
    "end-of-text token": f"Answer: {RIGHT} = 24<|im_end|>",
    "end-of-text token without a value": f"Answer: {RIGHT}</s>",
    "Windows line ends": f"Steps:\r\n6 - 4 = 2\r\nAnswer:\r\n{RIGHT} = 24\r\n",
    "boxed": rf"\boxed{{{RIGHT}}}",
    "boxed with its value": rf"So it is $\boxed{{{RIGHT} = 24}}$.",
    "boxed nested braces": r"\boxed{\left\{6-4\right\} \cdot \left(4+8\right)}",
    "boxed text": rf"\boxed{{\text{{{RIGHT}}}}}",
    "answer with a boxed expression": rf"Answer: $\boxed{{{RIGHT}}}$",
    "answer with a boxed value": rf"Answer: {RIGHT} = \boxed{{24}}",
    "equation with a boxed value": rf"So ${RIGHT} = \boxed{{24}}$, as asked.",
    "boxed target after the answer": rf"Answer: {RIGHT} = 24. \boxed{{24}}",
    "target repeated as an answer": f"Answer: {RIGHT} = 24\n\nFinal answer: 24",
    "answer tags": f"<answer>{RIGHT}</answer>",
    "answer tags on lines": f"<answer>\n{RIGHT} = 24\n</answer>\nDone: 6 * 4 = 24",
    "answer tags with a marker inside": f"<answer>Answer: {RIGHT} = 24</answer>",
    "after thinking": f"<think>Answer: 4 * 6 = 24</think>\nAnswer: {RIGHT} = 24",
    "after thinking that nothing opened": f"Answer: 4 * 6\n</think>\n\n{RIGHT} = 24",
    "before unclosed thinking": f"Answer: {RIGHT} = 24\n<think>or Answer: 4 * 6 = 24",
    "last of several": f"Answer: 4 * 6 = 24\nNo, sorry.\nAnswer: {RIGHT} = 24",
    "an empty marker after it": f"Answer: {RIGHT} = 24\n\nAnswer:",
    "before the next exemplar": f"Answer: {RIGHT} = 24\n\nInput: 1 4 6\nAnswer: 1 * 4 * 6 = 24",
    "before a dressed exemplar": f"Answer: {RIGHT} = 24\n**Input:** 1 2\nAnswer: 1 + 2",
    "after echoing the input": f"Input: 4 4 6 8\nSteps:\nAnswer: {RIGHT} = 24",
    "after starting over": f"6 + 4 = 10 (left: 4 8 10)\nInput: 4 4 6 8\nAnswer: {RIGHT} = 24",
    "last line": f"6 - 4 = 2 (left: 2 4 8)\n{RIGHT} = 24",
    "last line in bold": f"So:\n**{RIGHT} = 24**",
    "last line in display math": f"So:\n\\[ {RIGHT} = 24 \\]\n",
    "last line with a tick": f"{RIGHT} = 24 ✅",
    "only line, no value": RIGHT,
    "last line before the next exemplar": f"{RIGHT} = 24\n\nInput: 1 1 4 6\nAnswer: 4 * 6 = 24",
}


@pytest.mark.parametrize("response", RIGHT_RESPONSES.values(), ids=RIGHT_RESPONSES.keys())
def test_a_right_answer_is_right_in_this_dress(response: str) -> None:
    result = score(EXEMPLAR, response)
    assert (result.verdict, result.correct, result.valid) == (Verdict.CORRECT, True, True), result
    assert (result.value, result.false_claim, result.false_rhs) == ("24", False, False)


def test_latex_fractions_are_divisions() -> None:
    assert verdict(r"Answer: $\dfrac{8}{3 - \frac{8}{3}} = 24$", "3 3 8 8") is Verdict.CORRECT
    assert verdict(r"\boxed{\frac{8}{3-\tfrac{8}{3}}}", "3 3 8 8") is Verdict.CORRECT
    assert verdict("Answer: 8 ÷ (3 − 8 ⁄ 3) = 24", "3 3 8 8") is Verdict.CORRECT


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
    "4 x 6",
    "4x6",
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
]


@pytest.mark.parametrize("text", UNSUPPORTED)
def test_notation_outside_the_rules_is_no_answer(text: str) -> None:
    result = score(EXEMPLAR, f"Answer: {text} = 24")
    assert result.verdict is Verdict.UNSUPPORTED, result
    assert (result.correct, result.valid, result.value) == (False, False, None)
    assert result.false_claim


OTHER_VERDICTS = {
    "Answer: 4 * 6 = 24": Verdict.WRONG_NUMBERS,
    "Answer: 46 - 4 * 8 = 24": Verdict.WRONG_NUMBERS,
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
    f"{RIGHT} = 24 is what I would try": Verdict.NO_ANSWER,
    f"{RIGHT} = 24\nHope this helps!": Verdict.NO_ANSWER,
    "Input: 4 4 6 8": Verdict.NO_ANSWER,
    "4 4 6 8": Verdict.NO_ANSWER,
    "6 - 4 = 2\n2 * 12 = 24": Verdict.WRONG_NUMBERS,
    "Answer: 4 * 6 = 24\n\nInput: 4 4 6 8\nAnswer: " + RIGHT: Verdict.WRONG_NUMBERS,
}


@pytest.mark.parametrize("response", OTHER_VERDICTS)
def test_what_is_no_right_answer_gets_its_own_verdict(response: str) -> None:
    result = score(EXEMPLAR, response)
    assert result.verdict is OTHER_VERDICTS[response], result
    assert not result.correct


def test_the_rule_some_takes_any_of_the_numbers_but_none_twice() -> None:
    some = Puzzle.parse("4 4 6 8", rule=Rule.SOME)
    assert score(some, "Answer: 4 * 6 = 24").correct
    assert score(some, "Answer: 6 * 6 - 8 - 4").verdict is Verdict.WRONG_NUMBERS


def test_another_target_and_another_hand_size_are_scored_alike() -> None:
    assert score(Puzzle.parse("10 3 7", target=0), "Answer: 10 - 3 - 7 = 0").correct
    assert score(Puzzle.parse("24"), "Answer: 24").correct
    assert score(Puzzle.parse("5 5 5 5 5 5 5 5", target=8), "Answer: 5/5+5/5+5/5+5").valid is False
