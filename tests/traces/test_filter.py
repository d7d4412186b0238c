"""Which traces are kept, and the one reason why each other is not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tot24_bench.game import Puzzle, load_split
from tot24_bench.teachers import SOLVER, Finish, SolverTeacher, TeacherInfo
from tot24_bench.traces import FilterConfig, Trace, published_traces, select
from tot24_bench.traces.filter import Balance, Candidate, ChangedFile, choose, kept_traces
from tot24_bench.traces.judge import Level, Reason, judge, judge_response
from tot24_bench.traces.leaks import Avoid

TRAIN = "1 1 4 6"
STRAIGHT = (
    "Steps:\n1 * 1 = 1 (left: 1 4 6)\n1 * 4 = 4 (left: 4 6)\n4 * 6 = 24 (left: 24)\n"
    "Answer: (1 * 1) * 4 * 6 = 24"
)
SEARCH = (
    "Steps:\n1 + 1 = 2 (left: 2 4 6)\n6 + 4 = 10 (left: 2 10): dead end\n"
    "Back to 1 1 4 6\n" + STRAIGHT.removeprefix("Steps:\n")
)
MakeTrace = Callable[..., Trace]


def write(path: Path, traces: Iterable[Trace]) -> Path:
    path.write_text("".join(trace.model_dump_json() + "\n" for trace in traces), encoding="utf-8")
    return path


def reason(trace: Trace, level: str = "valid", avoid: str = "nothing") -> Reason | None:
    return judge(trace, Level(level), Avoid(avoid)).reason


def test_a_right_trace_of_a_train_hand_is_kept(make_trace: MakeTrace) -> None:
    assert reason(make_trace(TRAIN, STRAIGHT)) is None
    assert judge(make_trace(TRAIN, SEARCH)).backtracks == 1


@pytest.mark.parametrize(
    ("finish", "expected"),
    [
        (Finish.LENGTH, Reason.TRUNCATED),
        (Finish.REFUSAL, Reason.REFUSED),
        (Finish.FILTERED, Reason.FILTERED),
    ],
)
def test_what_did_not_end_by_itself_is_never_kept(
    make_trace: MakeTrace, finish: Finish, expected: Reason
) -> None:
    assert reason(make_trace(TRAIN, STRAIGHT, finish=finish), "answer") is expected


@pytest.mark.parametrize("response", ["", "I do not know.", "Steps:\n1 + 1 = 2 (left: 2 4 6)"])
def test_no_answer_is_not_a_wrong_answer(make_trace: MakeTrace, response: str) -> None:
    assert reason(make_trace(TRAIN, response)) is Reason.NO_ANSWER


def test_every_level_asks_for_more_than_the_one_before(make_trace: MakeTrace) -> None:
    wrong = make_trace(TRAIN, "Answer: 1 + 1 + 4 + 6 = 24")
    bare = make_trace(TRAIN, "Answer: 1 * 1 * 4 * 6 = 24")
    other = make_trace(TRAIN, STRAIGHT.replace("(1 * 1) * 4 * 6", "4 * 6 + 1 - 1"))
    slip = make_trace(TRAIN, SEARCH.replace("6 + 4 = 10", "6 + 4 = 11"))
    found = [
        [reason(trace, level) for level in ("answer", "agrees", "valid")]
        for trace in (wrong, bare, other, slip)
    ]
    assert found == [
        [Reason.WRONG] * 3,
        [None, Reason.NO_STEPS, Reason.NO_STEPS],
        [None, Reason.DISAGREES, Reason.DISAGREES],
        [None, None, Reason.INVALID_THOUGHT],
    ]


def test_an_io_answer_has_no_steps_to_disagree_with(make_trace: MakeTrace) -> None:
    assert reason(make_trace(TRAIN, "Answer: 1 * 1 * 4 * 6 = 24", method="io")) is None


def test_the_stored_score_is_not_trusted(make_trace: MakeTrace) -> None:
    wrong = make_trace(TRAIN, "Answer: 1 + 1 + 4 + 6 = 24")
    lying = wrong.model_copy(update={"score": replace(wrong.score, correct=True)})
    judged = judge(lying)
    assert (judged.reason, judged.rescored) == (Reason.WRONG, True)


def answer_of(hand: str) -> str:
    from tot24_bench.game import answer_expression, first_path

    puzzle = Puzzle.parse(hand)
    path = first_path(puzzle)
    lines = [f"{thought.text} (left: {thought.left.text})" for thought in path]
    return "\n".join(("Steps:", *lines, f"Answer: {answer_expression(puzzle, path)} = 24"))


@pytest.mark.parametrize("split", ["hard100", "hardest", "val"])
def test_a_held_out_hand_is_dropped_and_its_split_is_named(
    make_trace: MakeTrace, split: str
) -> None:
    hand = load_split(split)[0].text
    for dealt in (hand, " ".join(reversed(hand.split()))):
        judged = judge(make_trace(dealt, answer_of(dealt)))
        assert (judged.reason, judged.detail) == (Reason.HELD_OUT_HAND, split)


def test_the_exemplar_of_every_prompt_is_dropped(make_trace: MakeTrace) -> None:
    judged = judge(make_trace())
    assert (judged.reason, judged.detail) == (Reason.HELD_OUT_HAND, "exemplar 4 4 6 8")


def test_a_prompt_that_shows_a_test_hand_is_dropped(make_trace: MakeTrace) -> None:
    def asked(shots: int, variant: str) -> Reason | None:
        return reason(make_trace(TRAIN, STRAIGHT, shots=shots, variant=variant))

    assert asked(5, "published") is Reason.HELD_OUT_PROMPT
    assert asked(2, "published") is None
    assert asked(5, "default") is None


def test_a_response_that_shows_a_test_hand_before_its_answer_is_dropped(
    make_trace: MakeTrace,
) -> None:
    on = f"Input: {{}}\n{STRAIGHT}"
    assert reason(make_trace(TRAIN, on.format("13 4 10 9"))) is Reason.HELD_OUT_RESPONSE
    assert reason(make_trace(TRAIN, on.format("1 1 1 8"))) is None


def test_state_holdout_drops_a_trace_that_shows_a_forbidden_state(make_trace: MakeTrace) -> None:
    through = make_trace(TRAIN, SEARCH)
    assert reason(through) is None
    assert reason(through, avoid="state_holdout") is Reason.HELD_OUT_STATE
    after = make_trace("1 1 1 8", answer_of("1 1 1 8"))
    assert reason(after, avoid="state_holdout") is None
    said_before = make_trace("1 1 1 8", "With 4, 4 and 5 left?\n" + answer_of("1 1 1 8"))
    assert reason(said_before, "answer", "state_holdout") is Reason.HELD_OUT_STATE


def test_numbers_left_that_a_value_prompt_asks_about_are_no_test_hand(
    make_trace: MakeTrace,
) -> None:
    from tot24_bench.prompts import build_any
    from tot24_bench.scoring import score_method

    trace = make_trace(TRAIN)
    puzzle = Puzzle.parse("1 2 12")
    response = "12 * 2 = 24 (left: 1 24)\n24 * 1 = 24 (left: 24)\nJudgement: sure"
    prompt = build_any("value", puzzle, shots=0)
    value = trace.model_copy(
        update={
            "puzzle": puzzle,
            "method": "value",
            "prompt_sha256": prompt.sha256,
            "response": response,
            "score": score_method("value", puzzle, response),
        }
    )
    assert reason(value) is None
    assert reason(value.model_copy(update={"response": "Judgement: impossible"})) is Reason.WRONG
    for said in ("Judgement: sure", "1 + 2 = 3 (left: 3 12)\nJudgement: sure"):
        without = value.model_copy(update={"response": said})
        assert (reason(without, "agrees"), reason(without, "answer")) == (Reason.NO_PATH, None)


PATH = "11 + 1 = 12 (left: 2 12)\n12 * 2 = 24 (left: 24)"


@pytest.mark.parametrize("level", ["valid", "agrees", "answer"])
def test_a_judgement_alone_needs_no_path_and_is_cut_where_it_ends(level: str) -> None:
    puzzle = Puzzle.parse("1 2 12")
    judged = judge_response("value_at_once", puzzle, "Judgement: sure\nInput: 4 5 6 10", level)  # type: ignore[arg-type]
    assert (judged.reason, judged.kept, judged.right) == (None, "Judgement: sure", True)
    wrong = judge_response("value_at_once", puzzle, "Judgement: impossible", level)  # type: ignore[arg-type]
    assert wrong.reason is Reason.WRONG
    assert judge_response("value_at_once", puzzle, "hm").reason is Reason.NO_ANSWER


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"11 | 1 2: +3 -1 *2\n2 | 1 11: +12 !\n{PATH}", None),
        ("11 | 1 2: +3 -1 *2\n2 | 1 11: +12 !", Reason.NO_PATH),
        ("2 | 1 11: +12 !\n11 + 1 = 13 (left: 2 13)\n12 * 2 = 24 (left: 24)", Reason.NO_PATH),
        (f"{PATH}\n9 + 9 = 18 (left: 18)", Reason.INVALID_THOUGHT),
        # A look-ahead that is not true, or not of what is left, is read as any list of numbers.
        (f"1 | 1 8: +9 -7 *8\n{PATH}", Reason.HELD_OUT_RESPONSE),
        (f"7 8: +15 -1 *56 /8/7 /7/8\n{PATH}", Reason.HELD_OUT_RESPONSE),
    ],
)
def test_a_look_ahead_shows_a_path_where_it_says_sure(said: str, reason: Reason | None) -> None:
    judged = judge_response("value", Puzzle.parse("1 2 11"), f"{said}\nJudgement: sure")
    assert judged.reason is reason, judged


def test_duplicates_differ_in_nothing_but_blank_space(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    same = STRAIGHT.replace("\n", "  \n ") + "\n"
    traces = [
        make_trace(TRAIN, STRAIGHT),
        make_trace("6 4 1 1", same, 1),
        make_trace(TRAIN, SEARCH, 2),
    ]
    dropped: list[tuple[int, Reason]] = []
    selection = select(
        [write(tmp_path / "t.jsonl", traces)],
        dropped=lambda one: dropped.append((one.line, one.reason)),
    )
    assert dropped == [(2, Reason.DUPLICATE)]
    assert [trace.sample for trace, _ in kept_traces(selection)] == [0, 2]


def test_which_of_two_duplicates_stays_does_not_depend_on_the_order_of_files(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    other = TeacherInfo(kind="solver", model="exact", oracle=True)
    same = make_trace(TRAIN, f"{STRAIGHT}\nThat was easy.", 0, teacher=other)
    files = [
        write(tmp_path / "a.jsonl", [same]),
        write(tmp_path / "b.jsonl", [make_trace(TRAIN, STRAIGHT, 1)]),
    ]
    for order in (files, files[::-1]):
        kept = [trace.teacher.kind for trace, _ in kept_traces(select(order))]
        assert kept == ["openai"]


def test_the_hash_of_a_source_is_that_of_the_lines_that_were_judged(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    traces = [make_trace(TRAIN, f"H{'m' * i}.\n{STRAIGHT}", i) for i in range(4)]
    file = write(tmp_path / "t.jsonl", traces[:3])
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    late = [traces[3].model_dump_json() + "\n"]

    def grow() -> None:
        if late:
            with file.open("a", encoding="utf-8") as opened:
                opened.write(late.pop())

    (source,) = select([file], tick=grow).sources
    assert (source.traces, source.sha256) == (3, before)
    lines = file.read_bytes()
    with pytest.raises(ChangedFile, match="filter again"):
        select([file], tick=lambda: file.write_bytes(lines.replace(b"Hm", b"Ha")))


SAID = "Steps:"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (STRAIGHT[:-2] + "25", Reason.FALSE_RESULT),
        (STRAIGHT.replace(SAID, "We know that 6 + 4 + 1 + 1 = 99.\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, f"{'blah ' * 250}6 + 4 = 11\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "Note 6 + 4 = 11\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 + 4 is 11\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 + 4 -> 11\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 * 4 != 24\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 * 4 ≠ 24\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "$6 * 4 \\neq 24$\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 * 4 is not 24\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 plus 4 makes 99.\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "Four plus six is ninety nine.\nSteps:"), "false"),
        (STRAIGHT.replace(SAID, "6 ^ 4 = 5\nSteps:"), Reason.UNREAD),
        (STRAIGHT.replace(SAID, "6 % 4 = 9 (left: 1 1 9)\nSteps:"), Reason.UNREAD),
        (STRAIGHT.replace(SAID, "6 + 4 = eleven\nSteps:"), Reason.UNREAD),
        (STRAIGHT.replace("(left: 1 4 6)", "(left: 1 4 6) (left: 3 3 3)"), Reason.UNREAD),
        (
            STRAIGHT.replace(SAID, f"{SAID}\n1 * 1 = 1 (left: 1 4 6): dead end\nBack to 1 1 4 6"),
            "mark",
        ),
        (STRAIGHT.replace(SAID, "So 24 = 4 * 6, and 2 * 3 * 4 = 24, not 25.\nSteps:"), None),
        (STRAIGHT.replace(SAID, "(0.5 * 16) * 3 = 24 and 1.5 * (1 + 15) = 24.\nSteps:"), None),
        (STRAIGHT.replace(SAID, "1. We need 4 * 6 = 24 (which is easy)\nSteps:"), None),
        (STRAIGHT.replace(SAID, "6 + 4 != 24, six plus four is ten, 4 / 6 is 2/3\nSteps:"), None),
        (STRAIGHT.replace(SAID, "2 times 6 plus 4 is 16, and 6 minus 4 is 2 + 0\nSteps:"), None),
        (f"{STRAIGHT}\nBut 6 + 4 = 11 and 2 + 2 = 5.", None),
    ],
)
def test_what_is_said_beside_the_thoughts_must_be_true_and_readable(
    make_trace: MakeTrace, said: str, expected: Reason | str | None
) -> None:
    named = {"false": Reason.FALSE_STATEMENT, "mark": Reason.WRONG_MARK}
    trace = make_trace(TRAIN, said)
    assert reason(trace) is named.get(str(expected), expected)
    least = Reason.FALSE_RESULT if expected is Reason.FALSE_RESULT else None
    assert reason(trace, "agrees") is least
    assert reason(trace, "answer") is None


def test_agreement_that_nobody_knows_is_counted_apart(make_trace: MakeTrace) -> None:
    lost = STRAIGHT.replace("4 * 6 = 24 (left: 24)\n", "")
    judged = judge(make_trace(TRAIN, lost), Level.AGREES)
    assert judged.reason is Reason.AGREEMENT_UNKNOWN
    assert judged.detail == "the steps do not come to one number"


def test_a_proposal_that_can_win_is_no_dead_end(make_trace: MakeTrace) -> None:
    base = make_trace(TRAIN)
    for said, expected in (
        ("8 - 4 = 4 (left: 4 6): dead end", Reason.WRONG_MARK),
        ("8 + 4 = 12 (left: 6 12): dead end", None),
        ("8 + 4 = 12 (left: 6 12)\n4 + 6 = 10 (left: 8 10)", None),
    ):
        update = {"puzzle": Puzzle.parse("4 6 8"), "method": "propose", "response": said}
        assert reason(base.model_copy(update=update)) is expected


def test_a_cap_prefers_search_where_it_is_asked_to(make_trace: MakeTrace, tmp_path: Path) -> None:
    file = write(
        tmp_path / "t.jsonl",
        [make_trace(TRAIN, f"H{'m' * i}.\n{STRAIGHT}", i) for i in range(20)]
        + [make_trace(TRAIN, SEARCH, 20)],
    )
    config = FilterConfig(max_per_hand=1, prefer_search=True)
    assert [trace.sample for trace, _ in kept_traces(select([file], config))] == [20]
    drawn = {
        next(kept_traces(select([file], FilterConfig(max_per_hand=1, seed=seed))))[0].sample
        for seed in range(8)
    }
    assert len(drawn) > 1
    few = select([file], FilterConfig(min_backtracks=1))
    assert (few.funnel.kept, few.funnel.share_with_backtrack) == (1, 1.0)


def candidates() -> st.SearchStrategy[list[Candidate]]:
    def built(drawn: list[tuple[int, int, int]]) -> list[Candidate]:
        bands = ("easy", "medium", "hard")
        hands = [("io", puzzle) for puzzle in load_split("train")[:7]]
        return [
            Candidate(
                i, bytes([key]), hands[key % 7], "t", i, backtracks, bands[key % 7 % 3], False
            )
            for i, (key, backtracks, _) in enumerate(drawn)
        ]

    one = st.tuples(st.integers(0, 60), st.integers(0, 3), st.just(0))
    return st.lists(one, max_size=80).map(built)


@given(candidates(), st.integers(1, 4), st.integers(0, 2), st.booleans(), st.integers(0, 9))
def test_caps_and_balance_hold_for_whatever_comes(
    found: list[Candidate], cap: int, least: int, search: bool, seed: int
) -> None:
    config = FilterConfig(
        min_backtracks=least,
        max_per_hand=cap,
        prefer_search=search,
        balance=Balance.BANDS,
        seed=seed,
    )
    dropped = choose(found, config)
    kept = [one for one in found if one.place not in dropped]
    assert len({one.key for one in kept}) == len(kept)
    assert all(one.backtracks >= least for one in kept)
    assert max(Counter(one.hand for one in kept).values(), default=0) <= cap
    assert len(set(Counter(one.band for one in kept).values())) <= 1
    assert choose(found, config) == dropped


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": "perfect"}, "no level 'perfect': choose from answer, agrees, valid"),
        ({"min_backtracks": -1}, "min_backtracks must be 0 or more"),
        ({"max_per_hand": 0}, "leave it out to keep all"),
        ({"prefer_search": True}, "give max_per_hand or balance"),
        ({"seed": -1}, "the seed must be"),
    ],
)
def test_a_config_that_means_nothing_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FilterConfig(**options)  # type: ignore[arg-type]


def test_a_file_that_changes_between_the_readings_is_noticed(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    file = write(tmp_path / "t.jsonl", [make_trace(TRAIN, STRAIGHT)])
    selection = select([file])
    write(file, [make_trace(TRAIN, SEARCH)])
    with pytest.raises(ChangedFile, match="filter again"):
        list(kept_traces(selection))
    write(file, [])
    with pytest.raises(ChangedFile, match="filter again"):
        list(kept_traces(selection))


def test_files_are_given_once_and_at_least_one(make_trace: MakeTrace, tmp_path: Path) -> None:
    file = write(tmp_path / "t.jsonl", [make_trace(TRAIN, STRAIGHT)])
    with pytest.raises(ValueError, match="given twice"):
        select([file, tmp_path / "." / "t.jsonl"])
    (tmp_path / "hard.jsonl").hardlink_to(file)
    with pytest.raises(ValueError, match="given twice"):
        select([file, tmp_path / "hard.jsonl"])
    with pytest.raises(ValueError, match="at least one"):
        select([])


def test_teachers_are_counted_apart_and_oracles_say_so(
    make_trace: MakeTrace, tmp_path: Path
) -> None:
    oracle = TeacherInfo(kind="solver", model="exact", oracle=True)
    file = write(
        tmp_path / "t.jsonl",
        [make_trace(TRAIN, STRAIGHT), make_trace(TRAIN, SEARCH, teacher=oracle), make_trace()],
    )
    found = [
        (one.label, one.teacher.oracle, one.asked, one.kept) for one in select([file]).teachers
    ]
    assert found == [("openai: gpt-4o", False, 2, 1), ("solver: exact", True, 1, 1)]


def test_the_solver_has_the_name_of_its_row(make_trace: MakeTrace, tmp_path: Path) -> None:
    """So that a student of these traces finds its teacher on the leaderboard."""
    file = write(tmp_path / "t.jsonl", [make_trace(TRAIN, SEARCH, teacher=SolverTeacher().info)])
    (teacher,) = select([file]).teachers
    assert teacher.label == SOLVER == "solver (exact search)"


def published(shared: Path, folder: Path) -> Path:
    path = shared / "data" / "transcripts" / "gpt-4o_onestep_tot_teacher_all_hands.jsonl"
    return write(
        folder / "gpt-4o.jsonl", published_traces(path, method="onestep_tot", model="gpt-4o")
    )


def test_the_public_gpt_4o_responses_go_through_the_funnel(shared: Path, tmp_path: Path) -> None:
    file = published(shared, tmp_path)
    right = select([file], FilterConfig(level=Level.ANSWER)).funnel
    assert (right.asked, right.at("asked").hands) == (1412, 1362)
    assert (right.at("right").traces, right.at("right").hands) == (215, 214)
    assert {one.reason: one.hands for one in right.held_out} == {
        "exemplar 4 4 6 8": 1,
        "hard100": 14,
        "hardest": 21,
        "val": 20,
    }
    assert {one.reason: one.traces for one in right.dropped} == {
        "no answer": 40,
        "wrong answer": 1157,
        "held-out hand": 56,
        # 3 4 7 8 and 4 4 5 8, on paths that were lost; 2 2 8 12, 2 3 6 12, 2 6 12 18, 3 3 5 14 and
        # 4 4 5 16, solved by thoughts that break a rule: a number twice, or one that is not there.
        "response shows a held-out hand": 7,
    }
    assert (right.at("kept").traces, right.at("kept").hands) == (152, 151)
    agreeing = select([file], FilterConfig(level=Level.AGREES)).funnel
    valid = select([file]).funnel
    found = [(one.kept, one.at("kept").hands, one.kept_with_backtrack) for one in (agreeing, valid)]
    assert (agreeing.at("agreeing").traces, valid.at("valid").traces) == (210, 186)
    assert found == [(149, 148, 63), (139, 138, 53)]
    assert {one.reason: one.traces for one in valid.dropped} == {
        "no answer": 40,
        "wrong answer": 1157,
        "answer disagrees with the steps": 2,
        "agreement not known": 3,  # a thought before the answer breaks a rule, or none reaches it
        "a thought breaks a rule": 21,
        "a state that can win is called a dead end": 3,
        "held-out hand": 47,
    }
    assert {one.reason: one.hands for one in valid.held_out} == {
        "exemplar 4 4 6 8": 1,
        "hard100": 12,
        "hardest": 18,
        "val": 16,
    }
