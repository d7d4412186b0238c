"""Write what the HF hub's evaluation-results system reads.

- `.eval_results/*.yaml` for a model's repository: a list of results, each with the benchmark's
  dataset, the task, the value. One file a submission, so that settings never overwrite each other.
- `eval.yaml` for the dataset repository of the benchmark: its tasks, each with a leaderboard.

The fields are those of https://huggingface.co/docs/hub/eval-results and of the specification that
it points to, https://github.com/huggingface/hub-docs/blob/main/eval_results.yaml; the tests refuse
any other. What the documents leave open is decided here:

- `value` is accuracy in percent, 0 to 100; `notes` says so, with the interval and the setting.
- Only what was measured is written: a figure of someone else's is theirs to publish.
- A result needs a task of `eval.yaml`: a whole test split, asked by a prompt of this benchmark or
  by a search around the model. All searches are one task; `notes` say which it was.
- A search that right answers stopped or chose for is not written: a leaderboard would rank it.
- `verifyToken` and `revision` are never written: this project has neither.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from tot24_bench.files import File
from tot24_bench.game import load_split
from tot24_bench.harness import task_name
from tot24_bench.leaderboard.entry import Entry, interval
from tot24_bench.leaderboard.export.tables import interval_method
from tot24_bench.leaderboard.submission import OTHER, Header
from tot24_bench.leaderboard.tables import flags_of, method_of
from tot24_bench.prompts import METHODS
from tot24_bench.statistics import LEVEL

_HALF = r"(?![.-])(?!.*(?:--|\.\.))[A-Za-z0-9._-]{1,96}(?<![.-])"
HUB_NAME = re.compile(f"{_HALF}/{_HALF}")
"""An owner and a repository of the HF hub (huggingface_hub's `validate_repo_id`)."""

HUB_LINK = re.compile(r"https://(?:huggingface\.co|hf\.co)/([^/?#]+/[^/?#]+)/?")

DATASET_ID = "tot24-bench/game24"
"""Where the benchmark's dataset stands on the hub, until `--dataset-id` says otherwise."""

FRAMEWORK = "tot24-bench"
"""`evaluation_framework` of the benchmark. The hub takes the names that are listed in
huggingface.js, packages/tasks/src/eval.ts; lm-eval is not one of them, and the framework that is,
inspect-ai, takes its own scorers only there. So this name has to be added to that list first."""

TEST_SPLITS = ("hard100", "hardest")
"""The splits that have leaderboards: `val` is for choices, `train` for training."""

SEARCH = "search"  # the method of `search.SEARCH_TASK`, as tasks are named

FOLDER = ".eval_results"
BENCHMARK_FILE = "eval.yaml"


def check_dataset_id(name: str) -> None:
    """Refuse, with a ValueError, what is no name of a dataset on the hub."""
    if not HUB_NAME.fullmatch(name):
        raise ValueError(f"{name[:80]!r} is no dataset of the hub: give --dataset-id OWNER/NAME")


def hub_id(header: Header) -> str | None:
    """The model's name on the HF hub, by its link or its name; None where neither is one.

    An API's model has a name like it. Whether the hub has such a model is not asked.

    >>> bool(HUB_NAME.fullmatch("HuggingFaceTB/SmolLM2-135M")), bool(HUB_NAME.fullmatch("../../x"))
    (True, False)
    """
    if header.model.backend.startswith("openai-"):
        return None
    link = HUB_LINK.fullmatch(header.model.link or "")
    for name in (link[1] if link else "", header.model.name):
        if HUB_NAME.fullmatch(name) and not name.endswith(".git"):
            return name
    return None


class LeftOut(NamedTuple):
    """A submission that has no result file, and why."""

    key: str
    why: str


def hub_files(
    entries: Iterable[Entry], dataset_id: str = DATASET_ID, named: bool = False
) -> tuple[list[File], list[LeftOut]]:
    """The files for model repositories and for the dataset's, and the submissions left out.

    Args:
        dataset_id: owner and name of the dataset repository that holds the benchmark.
        named: whether the caller chose the models by name; only then does a model count whose name
            is none of the hub's.
    """
    check_dataset_id(dataset_id)
    files = [File.of(f"dataset/{BENCHMARK_FILE}", benchmark_yaml())]
    left_out = []
    for entry in entries:
        if why := _unfit(entry.header, named):
            left_out.append(LeftOut(entry.key, why))
            continue
        # Both halves of a key are safe as parts of a path, whatever the names hold.
        model, stem = entry.key.split("/")
        name = f"models/{model}/{FOLDER}/tot24_{stem}.yaml"
        files.append(File.of(name, as_yaml([result_of(entry, dataset_id)])))
    return files, left_out


def result_of(entry: Entry, dataset_id: str = DATASET_ID) -> dict[str, Any]:
    """The result of one measured entry."""
    header, link = entry.header, entry.header.model.link
    return {
        "dataset": {"id": dataset_id, "task_id": _task_of(header)},
        "value": round(100 * header.metrics.acc, 2),
        "date": header.created.isoformat(),
        **({"source": {"url": link}} if link else {}),
        "notes": _notes(entry),
    }


def task_id(method: str, split: str) -> str:
    """The task of a method on a split, named as lm-eval's task where the split is its own."""
    return task_name(method) if split == TEST_SPLITS[0] else f"{task_name(method)}_{split}"


def _task_of(header: Header) -> str:
    return task_id(header.method if header.search is None else SEARCH, header.split)


def benchmark_yaml() -> str:
    """The text of `eval.yaml`: a leaderboard for each method and test split, one for searches."""
    return as_yaml(
        {
            "name": "Game of 24 (tot24-bench)",
            "description": (
                "Make 24 from four numbers with + - * / and parentheses, each number used once. "
                "hard100 is the published test set, human-difficulty ranks 901 to 1000; hardest "
                "are 361 harder hands. Answers are checked exactly. The value is accuracy in "
                "percent; each task is one way to ask: answer alone (io), chain of thought (cot), "
                "a whole tree search in one response (onestep_tot), a search in many calls of the "
                "model (search)."
            ),
            "evaluation_framework": FRAMEWORK,
            "tasks": [
                {"id": task_id(method, split), "config": "default", "split": split}
                for split in TEST_SPLITS
                for method in (*METHODS, SEARCH)
            ],
        }
    )


def _unfit(header: Header, named: bool) -> str | None:
    """Why a submission has no place on the hub; None where it has."""
    if header.obtained != "measured":
        return f"{header.obtained}, not measured here"
    if hub_id(header) is None and not named:
        return "its model has no name on the hub (OWNER/NAME): choose it with --model"
    if header.method == OTHER or header.split not in TEST_SPLITS:
        return "eval.yaml has no task for its method and split"
    if header.search is not None and header.search.oracle_stop:
        return "right answers were used to stop or choose"
    if header.n < len(load_split(header.split)):
        return f"{header.n} hands only of {header.split}"
    return None


def _notes(entry: Entry) -> str:
    header = entry.header
    parts = [
        method_of(header),
        f"{header.shots}-shot ({header.variant} exemplars)" if header.shots else "0-shot",
        "chat template" if header.chat else "plain prompt",
        f"n={header.n} hands",
    ]
    if header.repeats > 1:
        parts.append(f"mean of {header.repeats} responses each")
    parts.append("accuracy in percent")
    if (search := header.search) is not None:
        parts += [f"{search.calls:,.1f} calls a hand", *flags_of(header)]
        parts.append("settings " + json.dumps(search.settings.to_json()))
    if (total := header.total_tokens) is not None:
        parts.append(f"{total:,.0f} tokens a hand, prompts included")
    if ends := interval(entry):
        span = f"{100 * ends.low:.1f} to {100 * ends.high:.1f}"
        parts.append(f"{LEVEL:.0%} interval {span} ({interval_method(entry)})")
    return ", ".join(parts)


def as_yaml(data: Any) -> str:
    """YAML in ASCII: whatever a name holds is a quoted string, never a tag or another key."""
    import yaml

    return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=False, width=88))
