"""Every way in which a right answer may be written."""

from __future__ import annotations

import pytest

from tot24_bench.game import Puzzle, Rule
from tot24_bench.scoring import Verdict, score

EXEMPLAR = Puzzle.parse("4 4 6 8")
RIGHT = "(6 - 4) * (4 + 8)"
SAID = f"Answer: {RIGHT} = 24"


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
    "verified after it": f"{SAID}\n\nLet me verify the answer: 6 - 4 = 2, 4 + 8 = 12, 2 * 12 = 24.",
    "explained after it": f"**Answer:** {RIGHT}\n\n**Explanation of the Answer:**\n1. 6 - 4 = 2",
    "verification after it": f"{SAID}\nVerification of the answer:\n6 - 4 = 2",
    "steps after it": f"{SAID}\nSteps to the answer:\n6 - 4 = 2",
    "a check after it": f"{SAID}\nTo check this answer:\n6 - 4 = 2",
    "a question after it": f"{SAID}. Is there another answer: I don't know.",
    "a wrong answer after it": f"{SAID}\nA wrong answer: 4 * 6 = 24",
    "the bare target, and why, after it": f"{SAID}\nThe answer is 24 because 6 * 4 = 24.",
    "here is the answer": f"6 - 4 = 2, so here's my final answer: {RIGHT} = 24",
    "this gives the answer": f"This gives the answer: {RIGHT} = 24",
    "corrected answer": f"Answer: 4 * 6\nSorry, the corrected answer: {RIGHT} = 24",
    "after a number": f"2 * 12 = 24 Answer: {RIGHT} = 24",
    "no colon, the answer is": f"The final answer is {RIGHT} = 24.",
    "no colon, therefore": f"Therefore, the answer is ${RIGHT} = 24$.",
    "equals sign for a colon": f"Answer = {RIGHT}",
    "numbered answer": f"Answer 1: {RIGHT}",
    "note before the colon": f"Final Answer (verified): {RIGHT} = 24",
    "answer to the puzzle": f"The answer to the puzzle is: {RIGHT} = 24",
    "no other way": f"Answer: No other way: {RIGHT} = 24",
    "no other solution after it": f"{SAID}\nAnswer: There is no other solution.",
    "not possible otherwise": f"Answer: It's not possible with addition only, but {RIGHT} = 24.",
    "no solution other than it": f"Answer: There is no solution other than {RIGHT} = 24",
    "bullets as times signs": "Answer: (6 - 4) • (4 + 8) = 24",
    "n-ary times sign": "Answer: (6 - 4) ⨉ (4 + 8) = 24",
    "LaTeX cdotp": r"Answer: (6-4)\cdotp(4+8)",
    "LaTeX ties": r"Answer: (6-4)~\times~(4+8)~=~24",
    "LaTeX empty group": r"Answer: (6-4)\times{}(4+8)",
    "LaTeX empty group in prose": r"Answer: We get (6-4)\times{}(4+8)",
    "table row": f"| Answer: | {RIGHT} = 24 |",
    "target, then the answer": f"Answer: 24\n{RIGHT} = 24",
    "target boxed after a whole line": f"{RIGHT} = 24\n\nThe final answer is: $\\boxed{{24}}$",
    "target without a colon after a whole line": f"\\[ {RIGHT} = 24 \\]\n\nThe answer is 24.",
    "boxed target on the left": r"\boxed{24} = (6-4)*(4+8)",
    "target, then the answer under a heading": f"Answer: 24\nSteps:\n{RIGHT} = 24",
    "numbered, then the target boxed": f"1. {RIGHT} = 24\n\\boxed{{24}}",
    "what I would try": f"{RIGHT} = 24 is what I would try",
    "before a farewell": f"{RIGHT} = 24\nHope this helps!",
    "the same hand asked again": f"Answer: 4 * 6 = 24\n\nInput: 4 4 6 8\nAnswer: {RIGHT}",
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


def test_the_rule_some_takes_any_of_the_numbers_but_none_twice() -> None:
    some = Puzzle.parse("4 4 6 8", rule=Rule.SOME)
    assert score(some, "Answer: 4 * 6 = 24").correct
    assert score(some, "Answer: 6 * 6 - 8 - 4").verdict is Verdict.WRONG_NUMBERS


def test_another_target_and_another_hand_size_are_scored_alike() -> None:
    assert score(Puzzle.parse("10 3 7", target=0), "Answer: 10 - 3 - 7 = 0").correct
    assert score(Puzzle.parse("24"), "Answer: 24").correct
    assert score(Puzzle.parse("5 5 5 5 5 5 5 5", target=8), "Answer: 5/5+5/5+5/5+5").valid is False
