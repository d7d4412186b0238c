"""From an arm of the plan to the config that `training.sft` reads.

An arm is the base, then its size, its method and seed, its budget, and last its own settings. What
the plan's own fields decide, no settings say again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tot24_bench.files import write_durably
from training.study.folders import Folders
from training.study.plan import Arm, BadPlan, Plan

SHARES = {
    "io": {"io_share": 1.0, "cot_share": 0.0},
    "cot": {"io_share": 0.0, "cot_share": 1.0},
    "onestep_tot": {"io_share": 0.0, "cot_share": 0.0},
}
"""Rows of one method alone."""

LIMITS = {"io": 128, "cot": 512, "onestep_tot": 896}
"""Tokens at which a response to val is cut off: where the method's task does it."""

DECIDED = frozenset(
    {"output_dir", "export_dir", "seed", "row_seed", "completion_tokens", "dataset"}
    | {"val_method", "val_split"}
)
"""Keys that the plan's own fields decide: given again as settings, they could say otherwise."""


def config_of(plan: Plan, arm: Arm, folders: Folders) -> dict[str, Any]:
    """The arm's config, every key of it.

    Raises:
        BadPlan: a setting that the plan's fields decide.
        OSError: the base cannot be read.
    """
    base = _base(folders.kept / plan.base)
    for where, settings in ((plan.base, base), (arm.name, arm.settings)):
        if again := DECIDED & settings.keys():
            raise BadPlan(f"{where}: {sorted(again)[0]} is decided by the plan's own fields")
    config: dict[str, Any] = {
        "val_tokens": LIMITS[arm.method],
        **base,
        **plan.sizes[arm.size].to_json(),
        **SHARES[arm.method],
        "val_method": arm.method,
        "seed": arm.seed,
        "row_seed": arm.seed,
        "completion_tokens": arm.completion_tokens,
        "output_dir": str(folders.run(arm)),
        "export_dir": str(folders.student(arm)),
    }
    if arm.data is not None:
        config["dataset"] = str(folders.dataset(arm.data))
    return {**config, **arm.settings}


def write_config(plan: Plan, arm: Arm, folders: Folders) -> Path:
    """The arm's config as a file.

    Raises:
        BadPlan, OSError: as `config_of`; or the arm has checkpoints of other settings.
    """
    config, path = config_of(plan, arm, folders), folders.config(arm)
    begun = any(folders.run(arm).glob("checkpoint-*")) or folders.is_trained(arm)
    if begun and path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) != config:
        raise BadPlan(
            f"{arm.name} was trained by other settings than the plan's: move {folders.run(arm)} "
            "away, or restore the plan"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, yaml.safe_dump(config, sort_keys=False))
    return path


def require_same_settings(plan: Plan, arm: Arm, folders: Folders) -> None:
    """Refuse a student that was trained by anything but the plan.

    Raises:
        BadPlan: it was, or nobody knows.
    """
    record = folders.read_record(arm)
    if record is None:
        raise BadPlan(f"{arm.name} is not trained: python -m training.study train {arm.name}")
    if _learnt(record["study"]["config"]) != _learnt(config_of(plan, arm, folders)):
        raise BadPlan(
            f"{arm.name} was trained by other settings than the plan's: move {folders.run(arm)} "
            "away and train it again"
        )


def check_config(config: dict[str, Any]) -> None:
    """Build the config as `training.sft` does.

    Raises:
        BadPlan: an unknown key, or a value that cannot be.
    """
    from training.config import Configs, make_parser
    from training.rows import guard

    try:
        found = Configs(*make_parser().parse_dict({**config}, allow_extra_keys=False))
    except (ValueError, TypeError) as error:
        raise BadPlan(f"{config['output_dir']}: {' '.join(str(error).split())[:300]}") from None
    if found.rows.dataset is None:
        guard(found.rows)


def _learnt(config: dict[str, Any]) -> dict[str, Any]:
    """Without the folders, which decide nothing; of a dataset its name, whatever it lies in."""
    dataset = config.get("dataset")
    left = {key: value for key, value in config.items() if key not in ("output_dir", "export_dir")}
    return {**left, "dataset": None if dataset is None else Path(dataset).name}


def _base(path: Path) -> dict[str, Any]:
    base = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(base, dict):
        raise BadPlan(f"{path} holds no settings: give keys of training.sft")
    return base
