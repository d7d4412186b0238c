"""A search as a model of lm-eval: `lm_eval --model tot24-search --tasks game24_search`.

    lm_eval --model tot24-search --include_path "$(tot24 tasks-path)" --tasks game24_search \\
        --model_args base=hf,pretrained=students/scout-2m-search,method=tot_bfs,beam=5

`base` is the kind of model that is asked (hf by default). The settings of `SearchSettings`, `shots`
and `work` are the wrapper's; every other argument is the base's. The response to a hand is the
answer that the search ranks first.

lm-eval 0.4.13 does not read entry points: `register()` puts the model into its registry. A later
one finds it through the entry-point group `lm_eval.models`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lm_eval.api.model import LM

from tot24_bench.files import write_durably
from tot24_bench.game import Puzzle, Rule
from tot24_bench.harness import process_count
from tot24_bench.scoring import score
from tot24_bench.search.backend import LIMITS, Backend
from tot24_bench.search.calls import Search
from tot24_bench.search.methods import SEARCHES
from tot24_bench.search.replies import ReplyStore
from tot24_bench.search.scheduler import Ended, Progress, Run
from tot24_bench.search.settings import CannotAsk, HandSearch, SearchSettings, read_settings

if TYPE_CHECKING:
    from lm_eval.api.instance import Instance

NAME = "tot24-search"  # in lm-eval's registry


class SearchModel(LM):  # type: ignore[misc]
    """A search around another lm-eval model.

    Args:
        base: the model that is asked.
        settings: what to search, and how.
        shots: exemplars of its prompts.
        chat: whether the base's chat template is applied.
        work: file of the replies, by which an interrupted run goes on; None keeps none.
        trees: file that every hand's tree is written to, a line each; None keeps none.
        identity: which model the base is: the replies in `work` are no other's.
        progress: called after each reply with how far it is, and the number of hands.

    Attributes:
        records: what was done for each hand, by the puzzle as dealt.
        oracle_stop, symbolic_step: see `SearchReport`.
        sent: calls that really went to the model.
        limits: tokens of a response, by kind of call.
    """

    def __init__(
        self,
        base: LM,
        settings: SearchSettings,
        *,
        shots: int = 0,
        chat: bool = False,
        work: Path | None = None,
        trees: Path | None = None,
        identity: str = "",
        progress: Callable[[Progress, int], None] = lambda _, __: None,
    ) -> None:
        super().__init__()
        if process_count() > 1:
            raise CannotAsk("a search runs in one process: start it without a launcher")
        self.base, self.search_settings, self.shots = base, settings, shots
        self._chat, self._work, self._trees, self._progress = chat, work, trees, progress
        self._identity = identity
        self.records: dict[Puzzle, HandSearch] = {}
        self.oracle_stop = self.symbolic_step = False
        self.sent = 0
        self.limits = {kind: LIMITS[kind] for kind in _kinds(settings)}

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None
    ) -> Self:
        """The wrapper and its base from lm-eval's model arguments.

        Raises:
            CannotAsk: a setting that there is not, or with a value that it cannot have.
        """
        from lm_eval.api.registry import get_model

        told = dict(arg_dict)
        shots, work = int(told.pop("shots", 0)), told.pop("work", None)
        trees, base = told.pop("save_trees", None), str(told.pop("base", "hf"))
        fields = {name: told.pop(name) for name in [*told] if name in SearchSettings.model_fields}
        settings = read_settings(fields)
        identity = json.dumps([base, sorted(told.items())], default=str)
        model = get_model(base).create_from_arg_obj(told, additional_config)
        return cls(
            model,
            settings,
            shots=shots,
            work=None if work is None else Path(str(work)),
            trees=None if trees is None else Path(str(trees)),
            identity=hashlib.sha256(identity.encode()).hexdigest(),
        )

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: dict[str, Any] | None = None
    ) -> Self:
        """As `create_from_arg_obj`, from `key=value,...`."""
        from lm_eval.utils import simple_parse_args_string

        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Search every hand asked; the answers that the searches rank first, in order."""
        puzzles = [_puzzle_of(request) for request in requests]
        settings = self.search_settings
        backend = Backend(self.base, chat=self._chat, seed=settings.seed)
        backend.check(settings.values == "one_pass")
        texts = [""] * len(puzzles)
        if self._trees is not None and not self.records:  # a second task's trees go below
            self._trees.parent.mkdir(parents=True, exist_ok=True)
            write_durably(self._trees, "")

        def start(puzzle: Puzzle) -> Search:
            return SEARCHES[settings.method](puzzle, settings, self.shots)

        asked = f"{self._identity} chat={self._chat} seed={settings.seed}"
        with closing(ReplyStore(self._work, asked)) as store:
            run = Run(
                start,
                backend,
                store,
                budget=settings.max_tokens_per_hand,
                progress=lambda so_far: self._progress(so_far, len(puzzles)),
            )
            for ended in run.run(puzzles):
                texts[ended.place] = ended.found.finals[0]
                self._note(ended)
            self.sent += run.sent
        return texts

    def _note(self, ended: Ended) -> None:
        found, puzzle = ended.found, ended.puzzle
        right = tuple(score(puzzle, text).correct for text in found.finals)
        self.oracle_stop |= found.oracle
        self.symbolic_step |= found.symbolic
        record = HandSearch(
            finals=tuple(found.finals),
            right=right,
            calls=ended.calls,
            prompt_tokens=ended.prompt_tokens,
            completion_tokens=ended.completion_tokens,
            states=found.states,
            dropped=found.dropped,
            unjudged=found.unjudged,
            out_of_budget=ended.out_of_budget,
        )
        self.records[puzzle] = record
        if self._trees is not None and found.tree is not None:
            line = json.dumps({**found.tree.to_json(), **record.to_json()})
            with self._trees.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> Any:
        """The base's own."""
        return self.base.loglikelihood(requests, disable_tqdm=disable_tqdm)

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> Any:
        """The base's own."""
        return self.base.loglikelihood_rolling(requests, disable_tqdm=disable_tqdm)

    def apply_chat_template(self, chat_history: Any, add_generation_prompt: bool = True) -> Any:
        """The base's own; whoever asks in chat form has the search ask so, too."""
        self._chat = True
        return self.base.apply_chat_template(chat_history, add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """The base's own."""
        template: str | None = self.base.chat_template(chat_template)
        return template

    @property
    def tokenizer_name(self) -> str:
        """The base's own."""
        return str(self.base.tokenizer_name)

    @property
    def tokenizer(self) -> Any:
        """The base's own; None where it has none."""
        return getattr(self.base, "tokenizer", None)

    @property
    def model(self) -> Any:
        """The weights of the base, whose size and precision a submission says."""
        return getattr(self.base, "model", None)


def register() -> None:
    """Make `tot24-search` known to lm-eval."""
    import lm_eval.models  # noqa: F401  its own, which it looks for only while the registry is empty
    from lm_eval.api.registry import model_registry, register_model

    if NAME not in model_registry:
        register_model(NAME)(SearchModel)


def _kinds(settings: SearchSettings) -> Iterator[str]:
    """The kinds of calls that a method makes."""
    judged = "value" if settings.values == "written" else "value_at_once"
    if settings.method in ("tot_bfs", "tot_dfs", "mcts"):
        yield from ("propose", judged)
        if settings.answer == "model":
            yield "answer"
    else:
        yield settings.prompt
        if settings.method == "best_of_k" and settings.choose == "value":
            yield judged


def _puzzle_of(request: Instance) -> Puzzle:
    """The puzzle that a request of the tasks asks."""
    row = request.doc
    if not isinstance(row, Mapping) or "numbers" not in row:
        raise CannotAsk("tot24-search answers the task game24_search and its splits: name it")
    return Puzzle.parse(str(row["numbers"]), row.get("target", 24), row.get("rule", Rule.ALL))
