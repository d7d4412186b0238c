"""Tables: the order, the figures, and names that try to be more than names."""

from __future__ import annotations

import html
import io
import re

import pytest
from markdown_it import MarkdownIt
from rich.console import Console

from tot24_bench.game import load_split
from tot24_bench.leaderboard import Submission, Training, render_markdown, render_rich, rows
from tot24_bench.leaderboard.submission import sha256_of
from tot24_bench.teachers import EXACT_SEARCH, SOLVER

from ..conftest import entries, make_reported, make_sample, make_submission


def cells(markdown: str) -> list[list[str]]:
    """The cells of every table row as a reader sees them; fails where a cell is not all text."""
    table: list[list[str]] = []
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(markdown):
        if token.type == "tr_open":
            table.append([])
        elif token.type == "inline" and table and token.level >= 4:
            kinds = {child.type for child in token.children or ()}
            assert kinds <= {"text", "text_special"}, f"{token.content!r} became {kinds}"
            table[-1].append("".join(child.content for child in token.children or ()))
    return table


def measured_part(submissions: list[Submission]) -> str:
    """The page as far as the section of what has not run, whose names are ours."""
    return render_markdown(entries(submissions)).partition("## Not run yet")[0]


def terminal(submissions: list[Submission], width: int = 200) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(render_rich(entries(submissions)))
    return console.export_text()


@pytest.mark.parametrize(
    ("hands", "said"),
    [
        (("1 1 1 8", "10 11 12 13"), "deck"),
        (("1 1 1 8", "1 2 3 14"), "wide"),
        (("1 1 1 8", "2 3 4"), "wide"),
        (("1 1 1 8", "1 2 3 4 5"), "wide"),
    ],
)
def test_a_student_of_the_deck_is_told_from_one_of_more(hands: tuple[str, ...], said: str) -> None:
    submission = make_submission(model={"training": Training(hands=hands)})
    assert rows(entries([submission]))[0].trained == said


def test_a_row_says_everything_about_a_submission() -> None:
    submission = make_submission(
        right=91, hands=100, shots=5, chat=True, variant="published", mean_prompt_tokens=1_200.4,
        model={"teacher": "solver (exact search)"},
    )  # fmt: skip
    assert rows(entries([submission])) == [
        (
            "–",
            "scout-2m",
            "1.9M",
            "One-Step ToT",
            "5",
            "chat, published",
            "hard100",
            "100",
            "91.0% [83.8, 95.2]",
            "10",
            "1,210",
            "fp32",
            "solver (exact search)",
            "–",
        )
    ]


def test_what_is_not_known_is_a_dash_and_another_method_goes_by_its_task() -> None:
    model = {"parameters": None, "precision": None}
    row = rows(entries([make_reported(acc=0.073, repeats=100, model=model)]))[0]
    assert (row.rank, row.parameters, row.precision, row.teacher, row.tokens) == ("–",) * 5
    assert row.method == "game24_tot_bfs"
    assert (row.n, row.accuracy) == ("100 x 100", "7.3%")


def test_part_of_a_split_says_so_and_has_no_rank() -> None:
    row = rows(entries([make_submission(hands=3)]))[0]
    assert (row.rank, row.n) == ("–", "3 of 100")


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        (7, "7"), (1_000, "1K"), (999_400, "999K"), (999_950, "1M"), (1_900_000, "1.9M"),
        (2_099_000, "2.1M"), (134_515_008, "135M"), (7_615_616_512, "7.6B"),
        (70_600_000_000, "71B"),
    ],
)  # fmt: skip
def test_parameters_are_written_as_people_say_them(parameters: int, text: str) -> None:
    assert rows(entries([make_submission(model={"parameters": parameters})]))[0].parameters == text


def test_rows_go_by_split_then_accuracy_then_name() -> None:
    val = tuple(make_sample(puzzle, (True,)) for puzzle in load_split("val")[:3])
    every = [
        make_submission(right=3, name="val-best", split="val", samples=val),
        make_submission(right=1, name="worst"),
        make_submission(right=2, name="Tie-b"),
        make_submission(right=3, name="best"),
        make_submission(right=2, name="tie-a"),
    ]
    order = ["best", "tie-a", "Tie-b", "worst", "val-best"]
    assert [row.model for row in rows(entries(every))] == order
    assert [row.model for row in rows(entries(every[::-1]))] == order


def test_what_was_not_measured_is_never_ranked_with_what_was() -> None:
    every = [
        make_reported(acc=0.99, name="from-a-paper"),
        make_submission(right=3, name="from-logs", obtained="rescored", source="public logs"),
        make_submission(right=1, name="measured-here"),
    ]
    text = render_markdown(entries(every))
    marks = ["## Measured", "measured-here", "## Rescored", "from-logs", "## Reported", "from-a-"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    shown = terminal(every)
    measured, logs, paper = (shown.index(n) for n in ("measured-here", "from-logs", "from-a-paper"))
    assert measured < logs < paper
    assert "────" in shown[measured:logs] and "────" in shown[logs:paper]
    assert "Rescored" in shown[measured:logs] and "Reported" in shown[logs:paper]


def test_a_section_without_rows_is_left_out() -> None:
    assert "## Reported" not in render_markdown(entries([make_submission()]))


def test_the_same_submissions_in_any_order_give_the_same_text() -> None:
    every = [make_submission(right=i, name=f"m{i}") for i in range(3)] + [make_reported()]
    text = render_markdown(entries(every))
    assert text == render_markdown(entries(every[::-1]))
    assert not re.search(r"\d\d:\d\d", text)


def test_an_empty_leaderboard_says_how_to_fill_it() -> None:
    assert "`tot24 eval` writes one" in render_markdown(entries([]))


HOSTILE = (
    "a | b", "a \\| b", "a\\", "`code` | x", "<script>alert(1)</script>", "<b>", "<!-- x -->",
    "[link](javascript:alert(1))", "![i](http://x/y.png)", "**bold**", "__bold__", "~~gone~~",
    "&lt;b&gt;", "&#124;", "[x]: http://y", "<http://x>", "$x^2$", "\\<b>", "[bold red]x[/]",
    "http://evil.example/x", "WWW.evil.example", "someone@evil.example",
    "[/]", "[link=http://x]y[/link]", ":smile:", "\\[bold]", "*", "_a_", "# title", "---",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_letter_by_letter(name: str) -> None:
    submission = make_submission(name=name, model={"teacher": name, "precision": name})
    heading, row, _, beside = cells(measured_part([submission]))
    assert len(row) == len(heading) == 14
    assert (row[1], row[11], row[12]) == (name, name, name)
    assert (beside[0], beside[5]) == (name, name)
    assert name in terminal([submission])


@pytest.mark.parametrize("name", ["a\nb", "a\r\n| x | y |", "a\u2028b", "a\x1b[31mb", "a\u202eb"])
def test_a_name_cannot_break_its_line_or_the_terminal(name: str) -> None:
    submission = make_submission(name=name)
    assert len(cells(measured_part([submission]))) == 2
    shown = terminal([submission]) + render_markdown(entries([submission]))
    assert not re.search("[\x1b\r\u2028\u202e]", shown)


def test_a_long_name_does_not_push_the_figures_out_of_sight() -> None:
    assert rows(entries([make_submission(name="x" * 500)]))[0].model == "x" * 79 + "…"


def test_an_ordinary_name_stays_readable_in_the_source() -> None:
    text = render_markdown(entries([make_submission(name="SmolLM2-360M (LoRA, r=16)")]))
    assert "| SmolLM2-360M (LoRA, r=16) | 1.9M |" in html.unescape(text)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_accuracy_is_whole_in_a_narrow_terminal(width: int) -> None:
    every = [make_submission(right=91, hands=100), make_reported(model={"teacher": "x" * 60})]
    assert "91.0% [83.8, 95.2]" in terminal(every, width)


def test_the_terminal_shows_once_what_all_rows_share_and_leaves_out_what_nobody_knows() -> None:
    alike = [make_submission(right=i, name=f"m{i}") for i in range(3)]
    shown = terminal(alike)
    assert shown.count("hard100") == shown.count("measured") == shown.count("fp32") == 1
    assert "teacher" not in shown
    other = make_submission(name="taught", model={"teacher": "solver", "precision": "bf16"})
    shown = terminal([*alike, other])
    assert shown.count("teacher") == shown.count("solver") == 1
    assert (shown.count("fp32"), shown.count("bf16")) == (3, 1)


def notes(markdown: str) -> list[str]:
    """The notes of a page as a reader sees them; fails where one is not a paragraph of text."""
    found = []
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(markdown.partition("Notes:\n")[2])
    kinds = {token.type for token in tokens if token.level == 0}
    assert kinds <= {"ordered_list_open", "ordered_list_close"}, kinds
    for token in tokens:
        if token.type == "inline":
            assert {child.type for child in token.children or ()} <= {"text", "text_special"}
            found.append("".join(child.content for child in token.children or ()))
        else:
            assert token.type.startswith(("ordered_list", "list_item", "paragraph")), token.type
    return found


def test_sources_and_notes_stand_below_their_section_once_each() -> None:
    every = [
        make_reported(name="a", notes=("the best of many",)),
        make_reported(name="b", notes=("the best of many", "another prompt")),
    ]
    page = measured_part(every)
    assert notes(page) == ["Source: Yao et al. 2023.", "the best of many", "another prompt"]
    by_model = {row[1]: row[-1] for row in cells(page) if len(row) == 15}
    assert (by_model["a"], by_model["b"]) == ("1, 2", "1, 2, 3")


@pytest.mark.parametrize(
    "note", [*HOSTILE, "1. one", "1) one", "- x", "+ x", "> x", "=", "    code", "#"]
)
def test_a_hostile_note_is_shown_letter_by_letter(note: str) -> None:
    page = measured_part([make_submission(notes=(note,))])
    assert notes(page) == [note.strip()]


def test_a_note_is_cut_and_so_are_many_of_them() -> None:
    many = tuple(f"{i}" * 4_500 for i in range(50))
    shown = notes(measured_part([make_submission(notes=many)]))
    assert len(shown) == 10
    assert max(map(len, shown)) == 300


def test_withheld_responses_are_said_to_be() -> None:
    shown = make_submission()
    withheld = tuple(
        sample.model_copy(
            update={"responses": (), "responses_sha256": tuple(map(sha256_of, sample.responses))}
        )
        for sample in shown.samples
    )
    page = measured_part([make_submission(samples=withheld, obtained="rescored", source="a log")])
    assert notes(page)[-1] == "The responses are withheld: their hashes are stored."


def test_what_has_not_run_is_named_and_has_no_figure() -> None:
    page = render_markdown(entries([make_submission()])).partition("## Not run yet")[2]
    row = next(row for row in cells(page) if row[0] == "HuggingFaceTB/SmolLM-360M")
    assert row[2] == "not run"
    assert "One-Step ToT (5-shot, plain)" in row[1]
    assert "%" not in page.partition("accuracy [95%]")[2]


def test_a_student_stands_beside_its_teacher() -> None:
    teacher = make_submission(100, 100, name="solver (exact search)")
    student = make_submission(84, 100, model={"teacher": "solver (exact search)"})
    other = make_submission(100, 100, name="solver (exact search)", method="cot", task="game24_cot")
    page = measured_part([teacher, student, other])
    assert "## Students beside their teachers" in page
    (row,) = cells(page.partition("## Students beside")[2])[1:]
    assert row[:8] == [
        "scout-2m", "One-Step ToT", "0", "hard100", "84.0%", "solver (exact search)", "100.0%",
        "100",
    ]  # fmt: skip
    assert row[8:] == ["-16.0 [-24.4, -9.0]", "3.1e-05"]


def test_beside_exact_search_there_is_no_p() -> None:
    """It is always right, so a test says only that the student is not."""
    solver = make_submission(100, 100, name=SOLVER, model={"backend": EXACT_SEARCH})
    student = make_submission(84, 100, model={"teacher": SOLVER})
    table = measured_part([solver, student]).partition("## Students beside")[2]
    heads, row = cells(table)
    assert heads[-1] == "difference [95%]" and row[-1] == "-16.0 [-24.4, -9.0]"
    of_a_model = make_submission(84, 100, name="b", model={"teacher": "scout-2m"})
    table = measured_part([solver, student, of_a_model]).partition("## Students beside")[2]
    assert {row[0]: row[-1] for row in cells(table)[1:]} == {"scout-2m": "–", "b": "1.000"}


@pytest.mark.parametrize("said", ["solver: exact search", "solver (exact search)"])
def test_a_student_of_the_solver_finds_its_row_by_either_name(said: str) -> None:
    solver = make_submission(100, 100, name=SOLVER, model={"backend": EXACT_SEARCH})
    student = make_submission(84, 100, model={"teacher": said})
    (row,) = cells(measured_part([solver, student]).partition("## Students beside")[2])[1:]
    assert row[5:8] == [SOLVER, "100.0%", "100"]


def of_state_holdout(*hands: str) -> Submission:
    training = Training(hands=hands) if hands else None
    return make_submission(name="s", split="state_holdout", model={"training": training})


def test_state_holdout_of_a_student_that_was_not_held_out_is_no_row() -> None:
    """4 5 6 10 has no way around the states of hard100; 1 1 1 8 has one."""
    for submission, why in (
        (of_state_holdout("1 1 1 8", "4 5 6 10"), "1 of its training hands have no way around"),
        (of_state_holdout(), "no training under the hold-out is declared"),
    ):
        every = entries([submission, make_submission()])
        assert [row.split for row in rows(every)] == ["hard100"]
        page = render_markdown(every)
        assert why in page.partition("## No rows")[2] and "| state" not in page
        caption = str(render_rich(entries([submission])).caption)
        assert why in caption
    held_out = entries([of_state_holdout("1 1 1 8")])
    assert [row.split for row in rows(held_out)] == ["state_holdout"]
    assert "## No rows" not in render_markdown(held_out)


def test_the_page_says_who_is_a_specialist_and_what_val_chose() -> None:
    training = Training(hands=("1 1 1 8",))
    val = tuple(make_sample(puzzle, (True,)) for puzzle in load_split("val")[:3])
    student = make_submission(split="val", samples=val, model={"training": training})
    page = " ".join(measured_part([student]).split())
    assert "a model trained on this very game, beside generalists that were not" in page
    assert "was chosen by its accuracy on `val`" in page
    assert "checkpoint chosen on these hands: no test of it" in page.partition("Notes:")[2]


def test_a_model_cannot_pass_for_its_teacher() -> None:
    solver = make_submission(
        100, 100, name="solver (exact search)", model={"backend": "Exact Search"}
    )
    false = make_submission(0, 100, name="solver (exact search)", shots=5)
    student = make_submission(84, 100, shots=5, model={"teacher": "solver (exact search)"})
    own = make_submission(10, 100, name="own", model={"teacher": "own"})
    page = measured_part([solver, false, student, own])
    (row, other) = cells(page.partition("## Students beside")[2])[1:]
    assert (row[0], row[6]) == ("scout-2m", "100.0%")
    assert other[5:] == ["own", "no row", "–", "–"]


def test_a_student_without_its_teachers_row_says_so() -> None:
    student = make_submission(1, model={"teacher": "GPT-4o"})
    page = measured_part([student])
    (row,) = cells(page.partition("## Students beside")[2])[1:]
    assert row[5:] == ["GPT-4o", "no row", "–", "–"]
