"""`tot24 train`: the same command for a checkout and for an installed package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tot24_bench.cli import app


def test_help_has_examples_the_shipped_configs_and_every_flag() -> None:
    told = CliRunner().invoke(app, ["train", "--help"])
    assert told.exit_code == 0, told.output
    for part in ("tot24 train --config scout-2m", "smollm-360m-lora", "--long_rows", "--bf16"):
        assert part in told.output
    assert CliRunner().invoke(app, ["train"]).output == told.output


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--rows", "0"], "tot24: --rows 0 leaves nothing to train on: give at least 1"),
        (["--config", "nowhere.yaml"], "tot24: [Errno 2] No such file or directory: 'nowhere"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_exit_code_2(flags: list[str], said: str) -> None:
    cpu = ["--use_cpu", "true", "--bf16", "false"]
    done = CliRunner().invoke(app, ["train", *flags, *cpu])
    assert done.exit_code == 2
    assert said in done.stderr


def test_an_installed_package_trains_beside_somebodys_folder_named_training(
    root: Path, tmp_path: Path
) -> None:
    """The folders as the wheel has them, and a package `training` that is none of ours."""
    without = shutil.ignore_patterns("__pycache__", "study")
    shutil.copytree(root / "tot24_bench", tmp_path / "site" / "tot24_bench", ignore=without)
    shutil.copytree(root / "training", tmp_path / "site/tot24_bench/training", ignore=without)
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "__init__.py").write_text("raise SystemExit('not ours')")
    flags = "--config scout-2m --rows 8 --max_steps 1 --hidden 16 --bf16 false --wide_share 0"
    more = "--eval_strategy no --load_best_model_at_end false --output_dir run --export_dir student"
    done = subprocess.run(
        [sys.executable, "-m", "tot24_bench.cli", "train", *flags.split(), *more.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    record = (tmp_path / "student" / "training.json").read_text()
    assert '"command": "tot24 train --config scout-2m --rows 8 ' in record


def test_the_wheel_does_not_claim_the_name_training(root: Path) -> None:
    wheel = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert wheel["targets"]["wheel"]["sources"] == {"training": "tot24_bench/training"}
    for file in (root / "training").rglob("*.py"):
        assert not re.search(r"^ *(from|import) training\b", file.read_text(), re.MULTILINE), file


def test_without_trl_the_extra_is_named(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['trl'] = None; sys.argv = ['tot24', 'train', '--help'];"
        "from tot24_bench.cli import app; app()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("training needs TRL: pip install 'tot24-bench[train]'")
