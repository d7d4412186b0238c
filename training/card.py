"""The model card of a student, written from its training record and its submissions.

    python -m training.card students/scout-2m --results results

Nothing in the card is typed by hand: how it was trained comes from `training.json` beside the
weights, its figures from the submissions whose checkpoint hash is that of the weights.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tot24_bench.checkpoint import ADAPTER_CONFIG, checkpoint_sha256, origin_of
from tot24_bench.game import HELD_OUT, LARGEST_FRESH, load_split
from tot24_bench.leaderboard import Entry, interval, read_entries
from tot24_bench.leaderboard.tables import method_of
from tot24_bench.prompts import METHOD_NAMES, METHODS, STEP_METHODS

from .export import RECORD, read_record


class NoRecord(ValueError):
    """The folder is not a student that `training.sft` exported."""


def main(arguments: Sequence[str] | None = None) -> Path:
    """Write README.md into the student's folder; returns its path."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("student", type=Path, help="folder of the student")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args(arguments)
    card: Path = options.student / "README.md"
    card.write_text(render(options.student, read_entries(options.results)), encoding="utf-8")
    return card


def render(student: Path, entries: Sequence[Entry]) -> str:
    """The card's text.

    Raises:
        NoRecord: when the folder has no training record.
    """
    record = read_record(student / RECORD)
    if record is None:
        raise NoRecord(f"{student} has no {RECORD}: export it with python -m training.sft")
    parts, rows = _parts(record), record["rows"]
    validation = record.get("validation", {})
    weights = checkpoint_sha256(str(student))
    adapter = (student / ADAPTER_CONFIG).is_file()
    name, base = student.resolve().name, parts[0]["student"]["base"]
    if adapter:  # its rows hold the hash of their base
        own = [e for e in entries if e.header.model.arguments.get("peft") == name]
    else:
        own = [e for e in entries if e.header.model.checkpoint_sha256 == weights]
    precisions = sorted({e.header.model.precision or "unknown precision" for e in own})
    plain = [e for e in own if e.header.search is None]
    how = "Sampled" if any(e.header.generation.get("do_sample") for e in plain) else "Greedy"
    if len(plain) < len(own):
        how += " (searches sampled at 0.7, but for those named greedy)"
    return _TEXT.format(
        name=name,
        library="peft" if adapter else "transformers",
        kind="bf16" if adapter else "fp32",
        license=_licence(base) if adapter else "apache-2.0",
        pretrained=f"{base},peft=students/{name}" if adapter else f"students/{name}",
        reads=_ADAPTER.format(base=base) if adapter else _STUDENT,
        parameters=f"{record['parameters']:,}",
        teacher=record["teacher"],
        parts="\n".join(_part(part, i + 1, len(parts)) for i, part in enumerate(parts)),
        start=_start(parts[0]["student"]),
        split=rows["split"],
        chosen=_chosen(parts, validation),
        hands=f"{len(load_split(rows['split'])):,}",
        judgement=_judgement(rows),
        wide=_beyond_the_deck([part["rows"] for part in parts]),
        held_out=", ".join(HELD_OUT),
        run_as=f"{how}, {', '.join(precisions) or 'not run yet'}",
        figures=_figures(own),
        weights=weights,
    )


def _parts(record: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The records of a student trained in parts, the first part first."""
    return [] if record is None else [*_parts(record.get("earlier")), record]


def _chosen(parts: Sequence[dict[str, Any]], validation: dict[str, Any]) -> str:
    """How the student was chosen among its checkpoints."""
    if all(part["best_val_acc"] is None for part in parts):
        return "The last step is the student; no checkpoint was chosen."
    orders = validation.get("val_orders", 1)
    told = f"each hand in up to {orders} orders of its numbers, " if orders > 1 else ""
    told += f"responses of up to {validation.get('val_tokens', 512)} tokens"
    return f"Chosen in each part by greedy accuracy on `val` ({told})."


def _licence(base: str) -> str:
    """What an adapter is under: its base's licence, where that is known to allow it."""
    told = str((origin_of(base) or {}).get("licence", ""))
    return "apache-2.0" if told.startswith("Apache-2.0") else "other"


def _start(student: dict[str, Any]) -> str:
    if student["base"] is not None:
        return f"trained from {student['base']}"
    shape = f"{student['layers']} layers, hidden size {student['hidden']}"
    return f"of the Llama architecture ({shape}), trained from scratch"


def _judgement(rows: dict[str, Any]) -> str:
    if rows.get("judge") == "backward":
        return (
            "It holds what each pair makes against what the two others need of it, in writing;\n  "
            "nothing in a trace is oracle knowledge, and the traces are always right"
        )
    if rows.get("judge") != "look-ahead":
        return "Its marks of dead ends are oracle knowledge: the traces are always right"
    told = "no mark in a trace" if rows.get("informed") else "nothing in a trace"
    if rows.get("hunch"):
        told = "but for good guesses of where to begin, which are the solver's, nothing in a trace"
    if rows.get("value_at_once_share"):
        told = "but for judgements at once, which are the solver's, nothing in a trace"
    return (
        "It tries out every state of three numbers in writing;\n  "
        f"{told} is oracle knowledge, and the traces are always right"
    )


def _beyond_the_deck(parts: Sequence[dict[str, Any]]) -> str:
    """What is in the data beside hands of the deck: a student of these is not deck-only."""
    told = []
    for number, rows in enumerate(parts, start=1):
        shares = []
        if share := rows.get("wide_share"):
            hands = f"{rows['wide_hands']:,} hands with numbers up to {LARGEST_FRESH}"
            shares.append(f"{share:.0%} from {hands} (train part of `fresh`)")
        if share := rows.get("rational_share"):
            shares.append(f"{share:.0%} from those that need a fraction (train part of `rational`)")
        if shares:
            part = f" of part {number}" if len(parts) > 1 else ""
            told.append(f"the hands{part} are drawn {' and '.join(shares)}")
    return f"\n- **Not deck-only**: {'; '.join(told)}." if told else "\n- Deck-only."


def _part(record: dict[str, Any], number: int, of: int) -> str:
    best = record["best_val_acc"]
    seen = [float(entry["num_tokens"]) for entry in record["log"] if "num_tokens" in entry]
    versions = [f"{name} {version}" for name, version in record.get("versions", {}).items()]
    return _PART.format(
        part=f"Part {number} of {of}" if of > 1 else "Run",
        steps=f"{record['steps']:,}",
        batch=record["batch"],
        tokens=_tokens(record, seen),
        minutes=round(record["seconds"] / 60),
        hardware=record["hardware"],
        resumed=", resumed" if record["resumed"] else "",
        precision=record["precision"],
        rate=record["peak_learning_rate"],
        seed=record["seed"],
        row_seed=record["rows"]["row_seed"],
        versions=", ".join(versions) or "not recorded",
        mix=_mix(record["rows"]),
        val="not taken" if best is None else f"{best:.0%} at step {record['best_checkpoint_step']}",
        command=record["command"],
        note=f"\n  - {record['note']}" if "note" in record else "",
    )


def _tokens(record: dict[str, Any], seen: Sequence[float]) -> str:
    """How many tokens were read; the count in a log begins anew after an interruption."""
    if seen == sorted(seen):
        return f"{max(seen) / 1e6:.1f}M tokens with the prompts" if seen else "tokens not counted"
    return f"{record['data']['completion_tokens'] / 1e6:.2f}M tokens of completions"


def _mix(rows: dict[str, Any]) -> str:
    shares = {method: rows.get(f"{method}_share", 0.0) for method in ("cot", "io", *STEP_METHODS)}
    shares = {"onestep_tot": 1 - sum(shares.values()), **shares}
    mix = ", ".join(
        f"{share:.1%} {METHOD_NAMES.get(method, method)}"
        for method, share in shares.items()
        if share or method in METHODS
    )
    mix += f"; {rows['few_shot_share']:.0%} of the prompts 5-shot, the rest 0-shot"
    if long := rows.get("long_share"):
        mix += f"; {long:.0%} of them the longest of {rows['long_of']}"
    if rows.get("judge") == "backward":
        return f"{mix}; searches backward"
    if rows.get("judge") != "look-ahead":
        return f"{mix}; a dead end is followed with probability {rows['explore']}"
    if hunch := rows.get("hunch"):
        mix += f"; a first thought is guessed, {hunch:.0%} of the time one that wins"
    if rows.get("fractions") == "early":
        mix += "; fractions before sums"
    if informed := rows.get("informed"):
        mix += f"; {informed:.0%} of the searches begin where they are shortest"
    if reordered := rows.get("reorder"):
        mix += f"; {reordered:.0%} of the {'others' if informed else 'searches'} reordered"
    return mix


def _figures(entries: Sequence[Entry]) -> str:
    if not entries:
        return "No submission of these weights yet."
    lines = [
        "| method | split | shots | n | accuracy (95% interval) | tokens |",
        "|---|---|--:|--:|---|--:|",
    ]
    for e in sorted(entries, key=lambda e: (e.header.split, e.header.shots or 0, e.key)):
        s, (low, high) = e.header, interval(e) or (math.nan, math.nan)
        count = s.mean_response_tokens if s.search is None else s.search.completion_tokens
        tokens = "" if count is None else f"{count:,.0f}"
        lines.append(
            f"| {method_of(s)} | {s.split} | {s.shots} | {s.n} "
            f"| {s.metrics.acc:.1%} [{low:.1%}, {high:.1%}] | {tokens} |"
        )
    return "\n".join(lines)


_PART = """\
- {part}: `{command}`
  - {steps} steps of {batch} rows, {tokens}
  - {minutes} minutes on {hardware}{resumed}
  - rows: {mix}
  - {precision}, peak learning rate {rate}, seed {seed}, rows' seed {row_seed}; {versions}
  - accuracy on `val`: {val}{note}"""

_TEXT = """---
license: {license}
library_name: {library}
pipeline_tag: text-generation
tags: [game-of-24, tree-of-thoughts, distillation, tot24-bench]
---

# {name}

A student of {parameters} parameters {start} to play the
Game of 24 by writing out a search (One-Step Tree of Thoughts). It knows this game and nothing else.

## Figures

{run_as}, scored exactly; each from a submission in `results/` whose checkpoint hash is that of
these weights. Written by `python -m training.card`.

{figures}

## Training

- Teacher: {teacher}. {judgement}.
- Hands: the {hands} of the `{split}` split, dealt in many orders. No hand of {held_out} is in the
  data or in an exemplar; a guard checks every row.{wide}
{parts}
- {chosen}

`training.json` holds the whole record and its log. Weights: {kind} safetensors, sha256 of name and
bytes `{weights}`.

## Use

```sh
lm_eval --model hf --model_args pretrained={pretrained} \\
        --tasks game24_onestep_tot --num_fewshot 0
```

{reads}
"""

_STUDENT = """\
The instruction's lines are single tokens of its vocabulary; any other text is read as bytes. The
chat template writes messages one after another, so a chat prompt is the plain prompt."""

_ADAPTER = """\
It is a LoRA adapter: the base is not part of it (`{base}`; `tot24 models` fetches those that
there are in packages). It was trained on plain prompts, not in a chat form."""


if __name__ == "__main__":
    main()
