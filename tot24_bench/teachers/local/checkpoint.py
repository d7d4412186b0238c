"""What a local checkpoint is asked with: settings, its tokenizer, its context, prompts as tokens.

Shared by the teachers `transformers` and `vllm`. Nothing here loads weights, and code that comes
with a checkpoint is never run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tot24_bench.checkpoint import checkpoint_sha256, fault_of
from tot24_bench.teachers.teacher import Request, Setting, TeacherInfo, TeacherUnavailable

# Ends a response to a plain prompt, as in lm-eval's tasks: the model runs on into another hand.
STOP = "\nInput:"

DEVICES = ("cuda", "mps", "cpu")
DTYPES = ("auto", "float32", "bfloat16", "float16")
HASH_CHARS = 12  # hex digits of a hash that records show


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Which checkpoint, and how it is sampled."""

    model: str  # a folder, or a name on the Hugging Face hub
    # `cuda`, `mps`, `cpu`, or one like `cuda:1`; None for the first that there is
    device: str | None = None
    # of the weights; `auto` is float32 on a CPU and else what the checkpoint holds
    dtype: str = "auto"
    batch_size: int = 32  # responses written at once; does not change what they say
    temperature: float = 0.7  # 0 is greedy: every sample of a hand is then the same
    # keep the likeliest tokens that together have this probability; None for all
    top_p: float | None = None
    top_k: int | None = None  # keep this many of the likeliest tokens; None for all
    max_tokens: int = 512  # of a response
    seed: int = 0  # of the samples
    # whether to ask by the chat template; None where the tokenizer has one
    chat: bool | None = None
    revision: str | None = None  # of a hub name: branch, tag or commit

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise TeacherUnavailable("no checkpoint given: name a folder or a hub name")
        device = (self.device or DEVICES[0]).partition(":")[0]
        for name, chosen, known in (("device", device, DEVICES), ("dtype", self.dtype, DTYPES)):
            if chosen not in known:
                raise TeacherUnavailable(f"no {name} {chosen[:40]!r}: use {', '.join(known)}")
        for name, least in (("batch_size", 1), ("max_tokens", 1), ("temperature", 0), ("top_k", 1)):
            value = getattr(self, name)
            if value is not None and not least <= value < float("inf"):
                raise TeacherUnavailable(f"{name} must be {least} or more, not {value}")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise TeacherUnavailable(f"top_p must be above 0 and at most 1, not {self.top_p}")


@dataclass(frozen=True, slots=True)
class TokenPrompt:
    """A request in the checkpoint's tokens."""

    ids: tuple[int, ...]  # of the prompt
    key: str  # what its sample is drawn from, with the prompt and the number of the sample in it


class Checkpoint:
    """A checkpoint without its weights.

    Raises:
        TeacherUnavailable: no such checkpoint, nothing that can be read, no tokenizer, or no chat
            template where `chat` asks for one.
    """

    def __init__(self, settings: LocalSettings) -> None:
        self.settings = settings
        if (fault := fault_of(place_of(settings.model))) is not None:
            raise TeacherUnavailable(fault)
        self.config, self.tokenizer = _load(settings)
        has_template = bool(getattr(self.tokenizer, "chat_template", None))
        if settings.chat and not has_template:
            raise TeacherUnavailable(f"{settings.model} has no chat template: use chat=false")
        self.chat = has_template if settings.chat is None else settings.chat
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        if self.tokenizer.pad_token_id is None:
            raise TeacherUnavailable(
                f"the tokenizer of {settings.model} has neither a pad nor an eos token: add one"
            )
        text_config = self.config.get_text_config()
        self.context: int | None = getattr(text_config, "max_position_embeddings", None)

    @property
    def stop(self) -> str | None:
        """What ends a response beside the end token; None for chats."""
        return None if self.chat else STOP

    def info(self, kind: str, dtype: str) -> TeacherInfo:
        """How records name it: the sampling, and a hash or commit of the weights.

        Device and batch size are left out: they change no more than the last bits.
        """
        model = self.settings.model
        names = ("temperature", "top_p", "top_k", "max_tokens", "seed")
        settings: dict[str, Setting] = {name: getattr(self.settings, name) for name in names}
        settings |= {"chat": self.chat, "dtype": dtype}
        if (digest := checkpoint_sha256(model)) is not None:
            settings["sha256"] = digest[:HASH_CHARS]
        elif commit := getattr(self.config, "_commit_hash", None):
            settings["commit"] = str(commit)
        folder = Path(place_of(model))
        name = folder.resolve().name if folder.exists() else model
        return TeacherInfo(kind=kind, model=name, settings=settings)

    def asked(self, request: Request) -> TokenPrompt:
        """A request as tokens; TeacherUnavailable where they and the response do not fit."""
        prompt, tokenizer = request.prompt, self.tokenizer
        if self.chat:
            ids = tokenizer(self._as_chat(prompt.messages), add_special_tokens=False)["input_ids"]
        else:
            ids = tokenizer(prompt.text)["input_ids"]
        room = self.settings.max_tokens
        if self.context is not None and len(ids) + room > self.context:
            left = self.context - len(ids)
            fix = f"max_tokens={left} or fewer shots" if left > 0 else "fewer shots"
            raise TeacherUnavailable(
                f"the prompt's {len(ids)} tokens and max_tokens={room} are more than the context "
                f"of {self.context}: use {fix}"
            )
        return TokenPrompt(tuple(ids), f"{self.settings.seed}:{prompt.sha256}:{request.sample}")

    def _as_chat(self, messages: list[dict[str, str]]) -> str:
        from jinja2 import TemplateError

        try:
            render = self.tokenizer.apply_chat_template
            return str(render(messages, tokenize=False, add_generation_prompt=True))
        except TemplateError as error:  # some take no system message
            raise TeacherUnavailable(
                f"the chat template of {self.settings.model} takes no such prompt: use chat=false "
                f"({first_line(error)})"
            ) from None

    def text(self, ids: list[int]) -> str:
        """A response's text, ended at a stop."""
        text = str(self.tokenizer.decode(ids, skip_special_tokens=True))
        return text.partition(self.stop)[0] if self.stop else text


def place_of(model: str) -> str:
    """What libraries load: the folder with `~` written out, or the hub name as it is."""
    folder = Path(model).expanduser()
    return str(folder) if folder.exists() else model


def first_line(error: BaseException) -> str:
    """The first line of what an error says, bounded."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]


def _load(settings: LocalSettings) -> tuple[Any, Any]:
    """Config and tokenizer."""
    from transformers import AutoConfig, AutoTokenizer

    model = place_of(settings.model)
    options = {"revision": settings.revision, "trust_remote_code": False}
    try:
        config = AutoConfig.from_pretrained(model, **options)
        tokenizer = AutoTokenizer.from_pretrained(model, padding_side="left", **options)
    # A broken file raises whatever its parser raises, KeyError and AttributeError among it.
    except Exception as error:
        local = Path(model).exists()
        fix = "look at its files" if local else "check the name, or the connection to the hub"
        raise TeacherUnavailable(
            f"{settings.model} cannot be loaded: {fix} ({first_line(error)})"
        ) from None
    return config, tokenizer
