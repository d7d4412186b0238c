"""Every setting of a run: each field here is a flag and a key of the YAML file.

`make_parser` reads them together with TRL's own `SFTConfig`, whose keys docs/training.md leaves to
TRL. What would train wrongly, or ten times slower, without a word is refused by `require_sound`.

>>> RowConfig().split, StudentConfig().layers, AdapterConfig().use_peft
('train', 4, False)
"""

from __future__ import annotations

import sys
from argparse import ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from tot24_bench.harness import MAX_GEN_TOKS
from tot24_bench.teachers import EXPLORE

if TYPE_CHECKING:
    from trl import SFTConfig, TrlParser

T = TypeVar("T")

TOT24 = "tot24 train"
"""What `sys.argv` begins with where `tot24 train` started the run, not `python -m training.sft`."""

CONFIGS = Path(__file__).parent / "configs"
"""The configs that are shipped: `--config NAME` finds one of them from any folder."""


def _key(default: T, help: str) -> T:
    return field(default=default, metadata={"help": help})


@dataclass
class RowConfig:
    """What the training rows are made of."""

    dataset: str | None = _key(
        None, "Folder that `tot24 traces filter` wrote; none: the solver's rows."
    )
    rows: int = _key(270_000, "Training rows to generate.")
    row_seed: int = _key(0, "Seed of the rows.")
    split: str = _key("train", "Split whose hands are trained on.")
    io_share: float = _key(0.08, "Share of IO rows.")
    cot_share: float = _key(0.12, "Share of CoT rows.")
    propose_share: float = _key(0.0, "Share of rows that list a state's thoughts.")
    value_share: float = _key(0.0, "Share of rows that try a state out and judge it.")
    value_at_once_share: float = _key(0.0, "Share of rows that judge a state, and no more.")
    cot_put_together: bool = _key(
        False, "CoT rows by any winning path, the answer put together a result at a time."
    )
    cot_left: Literal["ascending", "kept"] = _key(
        "ascending", "Numbers left in those rows: ascending, or in their order, the new one last."
    )
    cot_notation: Literal["usual", "look-ahead"] = _key(
        "usual", "CoT rows as the teacher writes them, or a look-ahead's winning path alone."
    )
    few_shot_share: float = _key(0.04, "Share of 5-shot prompts.")
    ascending_share: float = _key(
        0.5, "Share of hands dealt in ascending order, as those of the tests are."
    )
    explore: float = _key(
        EXPLORE, "Probability that the teacher follows a dead end before marking it."
    )
    max_lines: int = _key(44, "A longer response is written again with every dead end just marked.")
    judge: str = _key(
        "oracle", "Who tells dead ends: oracle (marks), look-ahead or backward (written out)."
    )
    fractions: str = _key(
        "last", "When a look-ahead comes to fractions: last, early (before sums)."
    )
    reorder: float = _key(0.0, "Share of look-aheads that begin with another operation than usual.")
    informed: float = _key(0.0, "Share of look-aheads that begin where they are shortest.")
    hunch: float = _key(
        0.0, "How often a look-ahead guesses a first thought rightly; 0: they come in an order."
    )
    marks: str = _key(
        "kept", "The oracle's marks: kept, removed, random (as many, anywhere: untrue)."
    )
    avoid: str | None = _key(None, "States never shown: state_holdout; none: all are.")
    wide_share: float = _key(0.0, "Share of hands beyond the deck, of fresh's train part.")
    wide_hands: int = _key(5_000, "How many such hands there are.")
    rational_share: float = _key(
        0.0, "Share of hands that need a fraction, all of rational's train part."
    )
    long_share: float = _key(0.0, "Share of rows that are the longest of --long_of.")
    long_of: int = _key(8, "Hands that a row of --long_share is chosen from.")


@dataclass
class StudentConfig:
    """The student's architecture, or the checkpoint it starts from."""

    base: str | None = _key(None, "Hub name or folder to start from; none means from scratch.")
    hidden: int = _key(192, "Hidden size of a from-scratch student.")
    intermediate: int = _key(512, "Width of its feed-forward layers.")
    layers: int = _key(4, "Its number of layers.")
    heads: int = _key(4, "Its number of attention heads.")
    step_tokens: bool = _key(
        False, "Give the tokenizer a token for each line of the propose and value instructions."
    )
    attention: str = _key("eager", "Attention while training; eager is the faster one on a CPU.")
    dtype: Literal["float32", "bfloat16"] = _key(
        "float32", "What the weights are held in; bfloat16 only under an adapter."
    )
    export_dtype: Literal["float32", "base"] = _key(
        "float32", "Of the exported weights: fp32, or what the base's are stored in."
    )


@dataclass
class AdapterConfig:
    """Which adapter to train, if any: the fields of `trl.ModelConfig` that mean something here."""

    use_peft: bool = _key(False, "Train a LoRA adapter alone.")
    use_dora: bool = _key(False, "Weight-decomposed LoRA: slower, better at a low rank.")
    use_rslora: bool = _key(False, "Scale by alpha / sqrt(rank).")
    lora_r: int = _key(16, "Rank of the adapter.")
    lora_alpha: int = _key(32, "Its scale is alpha / rank.")
    lora_dropout: float = _key(0.05, "Dropout before the adapter.")
    lora_target_modules: list[str] | None = _key(  # noqa: RUF009
        None, "Layers to adapt; all-linear for all but the head; none: peft's choice."
    )
    lora_modules_to_save: list[str] | None = _key(  # noqa: RUF009
        None, "Layers to train in full beside the adapter."
    )


@dataclass
class FeedConfig:
    """How rows become what the student reads."""

    chat: bool = _key(False, "Rows as messages in the student's chat template; else plain text.")
    long_rows: Literal["auto", "drop", "refuse"] = _key(
        "auto",
        "Rows longer than the context: drop them, refuse to train, or auto: drop them where they "
        "are at most 1 in 100.",
    )
    short_first: float = _key(
        0.0,
        "Share of the batches that are the shortest and come first, the others in any order; 0: "
        "from long to short, again and again, as group_by_length has it.",
    )
    shared_prompt: bool = _key(
        False,
        "Compute what the rows of a batch begin with once, and logits for labels alone: the same "
        "loss in less time and memory, in one process.",
    )
    completion_tokens: int = _key(
        0,
        "Take rows until their completions have this many tokens, from the first row again where "
        "they are too few; 0: every row once.",
    )


@dataclass
class ValidationConfig:
    """How the student is validated while it trains."""

    val_split: str = _key("val", "Split of the greedy evaluation.")
    val_method: str = _key("onestep_tot", "How the hands are asked: onestep_tot, cot, io.")
    val_orders: int = _key(1, "Orders in which each hand is asked: as dealt, then drawn ones.")
    val_tokens: int = _key(MAX_GEN_TOKS["onestep_tot"], "Tokens at which a response is cut off.")

    def __post_init__(self) -> None:
        if self.val_orders < 1:
            raise ValueError(f"--val_orders {self.val_orders} asks nothing: give at least 1")


@dataclass
class RunConfig:
    """What becomes of the run."""

    export_dir: str | None = _key(
        None, "Where the finished student goes; none: output_dir/student."
    )
    merge: bool = _key(
        True,
        "Export an adapter merged into its base; false: the adapter alone, a few megabytes, for "
        "pretrained=BASE,peft=FOLDER.",
    )
    replace: bool = _key(False, "Let it replace a student of other settings in export_dir.")
    stop_after: int | None = _key(None, "End at this step of a longer schedule.")
    resume: bool = _key(True, "Go on from the last checkpoint of output_dir.")
    batch: int | None = _key(
        None, "Rows of a step over all processes; none: per_device_... times those."
    )
    patience: int = _key(0, "Evaluations without a better one until the run ends; 0: never.")
    processes: int | None = _key(None, "Refuse to train in more or fewer processes.")


class Configs(NamedTuple):
    """All settings of a run, in the order in which the parser knows them."""

    rows: RowConfig
    student: StudentConfig
    adapter: AdapterConfig
    feed: FeedConfig
    validation: ValidationConfig
    run: RunConfig
    sft: SFTConfig


class _Help(ArgumentDefaultsHelpFormatter, RawDescriptionHelpFormatter):
    """Defaults beside the flags, and the examples as they are written."""


_ABOUT = """\
Train a student on One-Step ToT traces with TRL's SFTTrainer. Every flag is a key of the YAML file
and the other way round; a flag wins. The same command goes on after an interruption.

examples:
  {command} --config scout-2m --output_dir runs/mine --export_dir runs/mine/student
  {command} --config mine.yaml --dataset out/dataset --learning_rate 5e-4

shipped configs: {configs}"""


def make_parser() -> TrlParser:
    """The parser of flags and YAML keys; batches are length-grouped unless told otherwise."""
    from trl import SFTConfig, TrlParser

    ours = (RowConfig, StudentConfig, AdapterConfig, FeedConfig, ValidationConfig, RunConfig)
    command = TOT24 if sys.argv[0] == TOT24 else "python -m training.sft"
    shipped = ", ".join(sorted(path.stem for path in CONFIGS.glob("*.yaml")))
    about = _ABOUT.format(command=command, configs=shipped)
    usage = "%(prog)s [--config FILE_OR_NAME] [--KEY VALUE ...]"
    parser = TrlParser((*ours, SFTConfig), usage=usage, description=about, formatter_class=_Help)
    parser.set_defaults(train_sampling_strategy="group_by_length")
    return parser


def read_configs(arguments: Sequence[str] | None = None) -> Configs:
    """The settings that flags and a config file give; none: those of the command line.

    Raises:
        ValueError: a key that there is not, or a value that cannot be.
        OSError: the config cannot be read.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    for i, name in enumerate(words[1:], start=1):
        if words[i - 1] == "--config" and not Path(name).exists():
            words[i] = str(shipped) if (shipped := CONFIGS / f"{name}.yaml").is_file() else name
    return Configs(*make_parser().parse_args_and_config(words))


def say(line: str) -> None:
    """A line on standard error, under the name of the command that was called."""
    print(f"{'tot24' if sys.argv[0] == TOT24 else 'training.sft'}: {line}", file=sys.stderr)


_TRACKERS = {"tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",)}
"""Where a log may go beside the record, and the packages that it takes."""


def require_sound(configs: Configs) -> None:
    """Refuse what would train wrongly, or ten times slower, without a word.

    Raises:
        ValueError: says what, and the fix.
    """
    _, student, adapter, feed, _, run, sft = configs
    for tracker, modules in _TRACKERS.items():
        if tracker in sft.report_to and not any(map(find_spec, modules)):
            raise ValueError(
                f"--report_to {tracker} needs its package: pip install {tracker}, or none of it"
            )
    if sft.packing and "flash" not in student.attention:
        raise ValueError(
            f"--packing needs flash attention, and {student.attention} pays for the square of the "
            "packed row: add --attention flash_attention_2 on a GPU, or leave packing off (batches "
            "are length-grouped then)"
        )
    if sft.packing and sft.packing_strategy != "bfd":
        raise ValueError(
            f"--packing_strategy {sft.packing_strategy} cuts through answers: leave it at bfd"
        )
    if sft.completion_only_loss is False or sft.assistant_only_loss:
        raise ValueError(
            "the loss is on the completion alone: leave out --completion_only_loss and "
            "--assistant_only_loss"
        )
    if feed.shared_prompt and (sft.packing or sft.gradient_checkpointing):
        raise ValueError(
            "--shared_prompt goes without --packing and --gradient_checkpointing: leave these false"
        )
    if student.dtype != "float32" and not adapter.use_peft:
        raise ValueError(
            "bf16 weights forget small steps: train all of them in fp32 (--bf16 true computes in "
            "bf16), or add --use_peft true"
        )
    if not run.merge and not adapter.use_peft:
        raise ValueError("--merge false exports an adapter: add --use_peft true")
    if not adapter.use_peft and (adapter.use_dora or adapter.use_rslora):
        raise ValueError("--use_dora and --use_rslora need an adapter: add --use_peft true")
