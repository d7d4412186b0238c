"""Ask any lm-eval model a batch of calls: responses by `generate_until`, words by `loglikelihood`.

Each reply is handed on as soon as the model's own cache hook tells of it, so that a run that is
killed within a batch loses nothing that was answered. Tokens are counted by the model's tokenizer,
or are those that an OpenAI-compatible server says it used.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

from tot24_bench.harness import MAX_GEN_TOKS, own_generation
from tot24_bench.schema import MAX_COUNT
from tot24_bench.search.calls import Call, Reply
from tot24_bench.search.replies import BadReplies
from tot24_bench.search.settings import CannotAsk
from tot24_bench.text import one_line

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance
    from lm_eval.api.model import LM

LIMITS = {**MAX_GEN_TOKS, "propose": 768, "value": 384, "value_at_once": 16, "answer": 128}
"""Tokens that a response may have, by the kind of call. A state of four numbers has about thirty
thoughts, of twenty tokens for a small vocabulary."""

STOP = ("\nInput:",)  # as in the tasks: what runs on into another exemplar has answered by then

MAX_RESPONSE_BYTES = 1_000_000  # of a response that is kept: a server may send any amount

_asked: ContextVar[str | None] = ContextVar("_asked", default=None)


class ModelFailed(OSError):
    """The model or its server stopped answering; what was answered is kept."""


class Backend:
    """One model, and how it is asked.

    Args:
        model: any lm-eval model.
        chat: whether prompts are rendered by the model's chat template.
        seed: of what is sampled.
    """

    def __init__(self, model: LM, *, chat: bool = False, seed: int = 1234) -> None:
        self.model, self.chat, self.seed = model, chat, seed
        self._count = _counter(model)
        self._is_server = _is_server(model)
        self._used: dict[str, deque[tuple[int, int]]] = defaultdict(deque)
        self._rounds = 0
        self._shown: dict[Call, int | None] = {}  # prompt tokens of the calls under way
        if self._is_server and self._count is None:
            _listen(model, self._used)

    def check(self, words: bool) -> None:
        """Refuse what the model cannot be asked: plain text, or likelihoods of words."""
        from lm_eval.models.openai_completions import LocalChatCompletion

        if not isinstance(self.model, LocalChatCompletion):
            if words and self._is_server and self._count is None:
                raise CannotAsk(
                    "values=one_pass needs the model's tokenizer: add tokenizer=NAME to "
                    "--model_args, or take --values written"
                )
            return
        if words:
            raise CannotAsk(
                "a chat server gives no log-likelihoods, so values=one_pass cannot be asked: take "
                "--values written, or a model of kind hf, vllm or local-completions"
            )
        if not self.chat:
            raise CannotAsk("a chat server is asked in its chat form: add --apply_chat_template")

    def prompt_tokens(self, call: Call) -> int | None:
        """Tokens that a call shows the model; None where only the server can count."""
        length = self._length(call)
        return None if length is None else length * self._passes(call)

    def _length(self, call: Call) -> int | None:
        """Tokens of a call's prompt; those of the batch that is asked are counted once."""
        if self._count is None or call in self._shown:
            return self._shown.get(call)
        context = self._context(call)
        if isinstance(context, str):
            return self._count(context)
        return sum(self._count(turn["content"]) for turn in self._messages(call))

    def _passes(self, call: Call) -> int:
        """How often a call shows its prompt: once for all words only where each is one token."""
        single = not self._is_server and self.limit(call) == len(call.words)
        return 1 if not call.words or single else len(call.words)

    def limit(self, call: Call) -> int:
        """Tokens that the reply to a call may have."""
        if call.words:
            return sum(map(self._count, call.words)) if self._count else 0
        return LIMITS[call.kind]

    def check_fits(self, call: Call, grows: bool = False) -> None:
        """Refuse a prompt that leaves no room: lm-eval would cut its instruction off unseen.

        `grows`: it is asked again with its own response shown.
        """
        most, length = getattr(self.model, "max_length", None), self._length(call)
        if self._is_server or not isinstance(most, int) or length is None:
            return
        limit = self.limit(call)
        if length + limit * (1 + grows) > most:
            shown = f", {limit} more to show it again" * grows
            raise CannotAsk(
                f"a {call.kind} prompt of {length} tokens and a response of up to {limit}{shown} "
                f"do not fit the model's context of {most}: use fewer shots (--num_fewshot 0)"
            )

    def ask(self, calls: Sequence[Call], keep: Callable[[Call, Reply], None]) -> None:
        """Ask all calls, in one batch of each sort; `keep` gets each reply once, in any order.

        Raises:
            ModelFailed: the model did not answer all of them; those that it did are kept.
        """
        self._rounds += 1
        _seed(f"{self.seed}:{self._rounds}")
        for words in (False, True):
            chosen = [call for call in calls if bool(call.words) == words]
            if chosen:
                self._ask(chosen, keep, words)

    def _ask(self, calls: list[Call], keep: Callable[[Call, Reply], None], words: bool) -> None:
        # The longest first: what does not fit into memory shows at once, and batches are even.
        self._shown = {call: self._length(call) for call in calls}
        for call in calls:
            self.check_fits(call)
        self._used.clear()  # what is left is of requests that failed
        calls.sort(key=lambda call: (call.kind, -len(call.prompt.text) - len(call.after)))
        asked = [(call, self._requests(call)) for call in calls]
        listener = _Listener(self, asked, keep)
        requests = [one for _, each in asked for one in each]
        attribute = "loglikelihood" if words else "generate_until"
        before = self.model.cache_hook
        self.model.set_cache_hook(listener)
        try:
            ask = getattr(self.model, attribute)
            with _quiet(), own_generation(self.model, half=True):
                results = ask(requests, disable_tqdm=True)
        except BadReplies:  # ours: it answers, but what it says cannot be kept
            raise
        except Exception as error:  # whatever a backend raises
            if words and self._is_server and isinstance(error, (KeyError, TypeError, IndexError)):
                raise CannotAsk(
                    f"{self._who} gives no log-likelihoods of what it is shown (echo, logprobs), "
                    "so values=one_pass cannot be asked: take --values written"
                ) from error
            refusal = getattr(error, "response", None)  # of a server that answers with an error
            because = str(getattr(refusal, "text", "")) or str(error)
            start = "start it and " if self._is_server and refusal is None else ""
            raise ModelFailed(
                f"{self._who} stopped answering after {listener.kept} of {len(calls)} calls: "
                f"{one_line(because, 300) or type(error).__name__}: what it answered is kept, "
                f"{start}run the same command again to go on"
            ) from error
        finally:
            self.model.set_cache_hook(before)
            self._shown = {}
        listener.rest(results)

    @property
    def _who(self) -> str:
        if not self._is_server:
            return "the model"
        host = urlsplit(str(self.model.base_url)).netloc.rpartition("@")[2]  # without a password
        return f"the server at {host}"

    def _requests(self, call: Call) -> list[Instance]:
        from lm_eval.api.instance import Instance

        context = self._context(call)
        if call.words:
            return [Instance("loglikelihood", {}, (context, word), 0) for word in call.words]
        return [Instance("generate_until", {}, (context, self._generation(call)), 0)]

    def _context(self, call: Call) -> Any:
        if self.chat:
            return self.model.apply_chat_template(self._messages(call))
        return call.prompt.text + call.after

    def _messages(self, call: Call) -> list[dict[str, str]]:
        messages = [dict(one) for one in call.prompt.messages]
        if call.after:  # few servers go on from an answer that is begun
            messages[-1]["content"] += call.after
        return messages

    def _generation(self, call: Call) -> dict[str, Any]:
        told: dict[str, Any] = {"until": list(STOP), "max_gen_toks": LIMITS[call.kind]}
        if not call.temperature:
            return {**told, "do_sample": False, "temperature": 0.0}
        told |= {"do_sample": True, "temperature": call.temperature}
        if self._is_server:  # one that honours the seed of lm-eval would repeat itself
            number = call.draw.rpartition(":")[2]
            told["seed"] = self.seed + (int(number) if number.isdigit() else 0)
        return told

    def reply(self, call: Call, text: str, likelihoods: tuple[float, ...] = ()) -> Reply:
        """A reply with its tokens counted."""
        text = text.encode("utf-8", "replace")[:MAX_RESPONSE_BYTES].decode("utf-8", "replace")
        if self._count is not None:
            written = self.limit(call) if call.words else self._count(text)
            if not self._is_server:  # odd text may be cut into more tokens than it was written in
                written = min(written, self.limit(call))
            return Reply(text, likelihoods, self.prompt_tokens(call), written)
        used = self._used.get(_told(self._context(call)))
        shown, wrote = used.popleft() if used else (None, None)
        return Reply(text, likelihoods, shown, wrote)


class _Listener:
    """lm-eval's cache hook: it is told of each reply when the model has given it."""

    def __init__(
        self,
        backend: Backend,
        asked: Sequence[tuple[Call, list[Instance]]],
        keep: Callable[[Call, Reply], None],
    ) -> None:
        self._backend, self._keep = backend, keep
        self._calls = [call for call, _ in asked]
        self._open: dict[str, deque[Call]] = defaultdict(deque)
        for call, requests in asked:
            context, second = requests[0].args
            self._open[_name_of(context, {} if call.words else second)].append(call)
        self._likelihoods: dict[tuple[str, str], float] = {}
        self._done: set[Call] = set()

    @property
    def kept(self) -> int:
        """How many calls are answered."""
        return len(self._done)

    def add_partial(self, attribute: str, request: Sequence[Any], result: Any) -> None:
        """Called by lm-eval with the arguments of a request and what came of it."""
        context, second = request[0], request[1]
        if attribute == "loglikelihood":
            self._likelihoods[_told(context), str(second)] = float(result[0])
            waiting = self._open.get(_name_of(context, {}))
            if waiting and all((_told(context), w) in self._likelihoods for w in waiting[0].words):
                call = waiting.popleft()
                told = tuple(self._likelihoods.pop((_told(context), word)) for word in call.words)
                self._note(call, "", told)
        elif waiting := self._open.get(_name_of(context, second)):
            self._note(waiting.popleft(), str(result))

    def rest(self, results: Sequence[Any]) -> None:
        """What came back and was not told of before."""
        place = 0
        for call in self._calls:
            size = len(call.words) or 1
            given = results[place : place + size]
            place += size
            if call not in self._done:
                if call.words:
                    self._note(call, "", tuple(float(one[0]) for one in given))
                else:
                    self._note(call, str(given[0]))

    def _note(self, call: Call, text: str, likelihoods: tuple[float, ...] = ()) -> None:
        self._done.add(call)
        self._keep(call, self._backend.reply(call, text, likelihoods))


def _name_of(context: Any, generation: Mapping[str, Any]) -> str:
    """What tells requests apart; those of equal names are draws of one prompt."""
    return json.dumps([_told(context), generation.get("temperature"), generation.get("seed")])


def _told(context: Any) -> str:
    """A context as text: that of a chat server is its messages as JSON."""
    return str(getattr(context, "prompt", context))


def _counter(model: LM) -> Callable[[str], int] | None:
    """What counts the tokens of a text; None where the model has no tokenizer here."""
    tokenizer = getattr(model, "tokenizer", None)
    if callable(tokenizer):
        return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])
    if (encode := getattr(tokenizer, "encode", None)) is not None:
        return lambda text: len(encode(text))
    return None


def _is_server(model: LM) -> bool:
    from lm_eval.models.api_models import TemplateAPI

    return isinstance(model, TemplateAPI)


def _listen(model: Any, used: dict[str, deque[tuple[int, int]]]) -> None:
    """Note what a server says that each request used: lm-eval drops it."""
    parse, call, acall = model.parse_generations, model.model_call, model.amodel_call

    def asks(messages: Any) -> None:  # of several prompts in one request it tells the sum alone
        _asked.set(_told(messages[0]) if len(messages) == 1 else None)

    def note(outputs: Any) -> None:
        usage = outputs.get("usage") if isinstance(outputs, Mapping) else None
        if isinstance(usage, Mapping) and (asked := _asked.get()) is not None:
            told = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
            if all(isinstance(count, int) and 0 <= count <= MAX_COUNT for count in told):
                used[asked].append(told)  # type: ignore[arg-type]

    def parse_generations(outputs: Any, **kwargs: Any) -> Any:
        note(outputs)
        return parse(outputs=outputs, **kwargs)

    def model_call(messages: Any, **kwargs: Any) -> Any:
        asks(messages)
        return call(messages, **kwargs)

    async def amodel_call(session: Any, sem: Any, messages: Any, **kwargs: Any) -> Any:
        asks(messages)
        return await acall(session, sem, messages, **kwargs)

    model.parse_generations, model.model_call = parse_generations, model_call
    model.amodel_call = amodel_call


@contextmanager
def _quiet() -> Iterator[None]:
    """Whoever runs a search shows how far it is; lm-eval's bars for servers cannot be told so."""
    from lm_eval.models import api_models

    class NoBar(api_models.tqdm_asyncio):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "disable": True})

    with patch.multiple(api_models, tqdm=NoBar, tqdm_asyncio=NoBar):
        yield


def _seed(text: str) -> None:
    """Seed torch, so that the same run samples the same."""
    import torch

    torch.manual_seed(int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big"))
