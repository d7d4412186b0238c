"""LaTeX and CSV: what they say, and that no submission's text acts in them."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tot24_bench.leaderboard import Submission
from tot24_bench.leaderboard.export import choose, render_csv, render_latex
from tot24_bench.leaderboard.export.tables import SHOWN, escaped
from tot24_bench.text import FORMULA, guarded

from ..conftest import entries, make_submission
from .conftest import HOSTILE, every_kind, hostile

COMMANDS = {
    *("begin", "end", "caption", "label", "centering", "toprule", "midrule", "bottomrule"),
    *("multicolumn", "emph", "textsuperscript", "par", "smallskip", "footnotesize", "raggedright"),
    *("textbackslash", "textasciitilde", "textasciicircum", "textless", "textgreater", "textbar"),
    *("textasciigrave", "textendash", "textemdash", "dots", "times", "pm", "i", "j"),
    *("ss", "ae", "AE", "oe", "OE", "o", "O", "l", "L", "u", "r", "H", "v", "c"),
}
"""Every command of letters that a table may hold."""


def test_latex_says_how_many_hands_and_how_intervals_came(results: Path) -> None:
    table = render_latex(choose(results))
    assert "n = 3 to 100 hands" in table and "Wilson's score interval" in table
    assert "bootstrap clustered by hand" in table and "has no interval" in table
    for title in ("Measured", "Rescored", "Reported"):
        assert rf"\emph{{{title}}}" in table
    assert "Source: Yao et al. 2023." in table and "84.0\\%" in table


def test_every_row_of_the_table_has_its_cells(results: Path) -> None:
    body = render_latex(choose(results)).split(r"\toprule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.endswith(r"\\") and "multicol" not in line]
    assert len(lines) == 1 + 5
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {len(SHOWN) - 1}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_text_of_a_submission_is_a_command_of_latex(text: str) -> None:
    harmless = render_latex(entries([make_submission(notes=("x",))]))
    table = render_latex(entries([hostile(text)]))
    assert table.isascii()
    assert all(line.isprintable() for line in table.splitlines())
    assert len(table.splitlines()) == len(harmless.splitlines())
    assert set(re.findall(r"\\([A-Za-z]+)", table.split("\n", 1)[1])) <= COMMANDS
    assert "--" not in table


@given(st.text())
def test_escaped_text_is_ascii_with_its_braces_in_pairs(text: str) -> None:
    out = escaped(text)
    assert out.isascii() and all(char.isprintable() for char in out)
    plain = out.replace(r"$\times$", "").replace(r"$\pm$", "")
    bare = re.sub(r"\\[A-Za-z]+|\\[^A-Za-z]", "", plain)  # without commands and escaped signs
    assert not set(bare) & set("&%#_~^$\\")
    assert not out.startswith(("[", "*"))
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0


def test_the_accents_of_names_are_set() -> None:
    assert escaped("Łódź naïve façade") == r"\L{}\'{o}d\'{z} na\"{\i}ve fa\c{c}ade"
    assert escaped("日") == "{[}U+65E5{]}"


@pytest.mark.skipif(
    not (shutil.which("pdflatex") or shutil.which("tectonic")),
    reason="no TeX here (pdflatex or tectonic): the table is tested by its structure only",
)
def test_the_table_compiles(tmp_path: Path) -> None:
    table = render_latex(entries([*every_kind(), *map(hostile, HOSTILE)]))
    page = (
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\n"
        f"{table}\\end{{document}}\n"
    )
    (tmp_path / "page.tex").write_text(page)
    engine = (
        ["pdflatex", "-no-shell-escape", "-halt-on-error", "-interaction=nonstopmode"]
        if shutil.which("pdflatex")
        else ["tectonic"]
    )
    done = subprocess.run([*engine, "page.tex"], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2_000:]


def test_csv_has_a_row_for_each_submission_and_figures_for_programs(results: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(choose(results)))))
    assert len(rows) == 5
    by_key = {row["key"]: row for row in rows}
    full = by_key["some-lab--tiny-24/game24_onestep_tot.0shot"]
    assert (full["accuracy"], full["n"], full["repeats"]) == ("0.84", "100", "1")
    assert 0.75 < float(full["low"]) < 0.84 < float(full["high"]) < 0.91
    assert full["interval_method"] == "Wilson score interval" and full["withheld"] == "false"
    repeated = next(row for row in rows if row["model"] == "scout-2m")
    assert repeated["interval_method"] == "percentile bootstrap clustered by hand"
    assert float(repeated["mean_response_tokens"]) == pytest.approx(11)
    mean = next(row for row in rows if row["obtained"] == "reported" and row["repeats"] == "100")
    assert mean["low"] == mean["high"] == mean["interval_method"] == ""
    assert next(row for row in rows if row["obtained"] == "rescored")["withheld"] == "true"


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_cell_of_the_csv_is_a_formula_or_breaks_its_line(text: str) -> None:
    out = render_csv(entries([hostile(text)]))
    assert all(line.isprintable() for line in out.splitlines()) and len(out.splitlines()) == 2
    (row,) = csv.DictReader(io.StringIO(out))
    assert None not in row and None not in row.values()
    assert not any(cell.startswith((*FORMULA, "\t")) for cell in row.values())


@given(st.text())
def test_a_guarded_cell_begins_no_formula(text: str) -> None:
    assert not guarded(text).startswith(FORMULA)


def test_a_thousand_rows_take_seconds() -> None:
    many = entries(make_submission(name=f"model-{i}") for i in range(1_000))
    started = time.perf_counter()
    assert len(render_csv(many).splitlines()) == 1_001
    assert time.perf_counter() - started < 20


def test_what_is_measured_stands_before_what_is_reported() -> None:
    submissions: list[Submission] = every_kind()
    found = [
        row["obtained"] for row in csv.DictReader(io.StringIO(render_csv(entries(submissions))))
    ]
    assert found == ["measured", "measured", "rescored", "reported", "reported"]
