"""What a model writes is never executed: no code that ships can run a text.

Read from the syntax tree, so that words in docstrings and comments do not count. Python's own ways
to run a text or to unpack objects from bytes are looked for by name, called or passed on
(`map(eval, ...)`), and libraries that evaluate on the way by their import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDERS = ("tot24_bench", "tasks", "training")

BUILTINS = frozenset({"eval", "exec", "compile", "__import__", "execfile"})
"""They run a text, or make a text ready to be run, whatever they are called through."""

FUNCTIONS = frozenset({"literal_eval", "parse_expr", "sympify", "system", "popen", "run_path"})
"""Functions and methods of modules that evaluate a text, run it in a shell, or parse it as Python.

`ast.literal_eval` runs nothing, but a long or deep text ends the process.
"""

MODULES = frozenset(
    {"pickle", "cloudpickle", "dill", "marshal", "shelve", "joblib", "code", "codeop", "runpy"}
    | {"sympy", "numexpr", "asteval", "latex2sympy2_extended", "math_verify"}
)
"""Modules that exist to run a text, that unpack objects which run code, or that evaluate input."""

COMPILERS = frozenset({"re", "torch"})
"""`re.compile` makes a pattern, `torch.compile` a model: neither runs a text."""


def find_execution(source: str) -> Iterator[str]:
    """Everything in a Python source that could run a text, as `line: name`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and node.id in BUILTINS | FUNCTIONS:
            yield f"{node.lineno}: {node.id}"
        elif isinstance(node, ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            allowed = node.attr == "compile" and owner in COMPILERS
            if node.attr in (BUILTINS | FUNCTIONS) - {"eval"} and not allowed:
                yield f"{node.lineno}: {owner}.{node.attr}"
        elif isinstance(node, ast.Call):
            yield from _calls(node)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module or ""]
            if any(module.split(".")[0] in MODULES for module in modules):
                yield f"{node.lineno}: import {', '.join(modules)}"
            elif isinstance(node, ast.ImportFrom) and set(names) & (BUILTINS | FUNCTIONS):
                yield f"{node.lineno}: from {node.module} import {', '.join(names)}"


def _calls(node: ast.Call) -> Iterator[str]:
    """Calls that are harmless or not by their arguments."""
    function = node.func
    name = function.attr if isinstance(function, ast.Attribute) else ""
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if name == "eval" and (node.args or keywords):  # `model.eval()` takes nothing
        yield f"{node.lineno}: .eval(...)"
    shell = keywords.get("shell")
    if shell is not None and not (isinstance(shell, ast.Constant) and shell.value is False):
        yield f"{node.lineno}: shell=..."
    weights_only = keywords.get("weights_only")
    if name == "load" and isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        safe = isinstance(weights_only, ast.Constant) and weights_only.value is True
        if owner == "yaml" or (owner == "torch" and not safe):
            yield f"{node.lineno}: {owner}.load"


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_that_ships_can_run_a_text(root: Path, folder: str) -> None:
    files = sorted((root / folder).rglob("*.py"))
    assert files
    found = [
        f"{file.relative_to(root)}:{place}"
        for file in files
        for place in find_execution(file.read_text(encoding="utf-8"))
    ]
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "eval(answer)",
        "list(map(eval, answers))",
        "exec(answer)",
        "builtins.exec(answer)",
        "compile(answer, '', 'eval')",
        "__import__(answer)",
        "ast.literal_eval(answer)",
        "from ast import literal_eval as read",
        "import sympy.parsing",
        "from sympy import sympify",
        "parse_expr(answer)",
        "frame.eval(answer)",
        "import pickle",
        "torch.load(file)",
        "torch.load(file, weights_only=False)",
        "yaml.load(answer)",
        "os.system(answer)",
        "subprocess.run(answer, shell=True)",
    ],
)
def test_the_check_sees_every_way_to_run_a_text(source: str) -> None:
    assert list(find_execution(source))


@pytest.mark.parametrize(
    "source",
    [
        '"""Never eval(answer) or exec(answer)."""',
        "x = 1  # eval(answer)",
        "re.compile(pattern)",
        "model.eval()",
        "torch.load(file, weights_only=True)",
        "yaml.safe_load(file)",
        "subprocess.run(command)",
        "evaluate(tokens)",
    ],
)
def test_the_check_leaves_alone_what_runs_no_text(source: str) -> None:
    assert not list(find_execution(source))
