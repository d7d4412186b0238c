"""Check submissions against themselves, each other and the rules, response by response.

- the file: readable, complete, where its key says, its samples the ones that its hash names;
- what it says: the task is the method's, the date can be, nobody takes the solver's name;
- the hands: of the split, none twice; of what was measured, all of them or the first so many;
- the prompts: those that this benchmark asks (plain text; a chat template cannot be rendered here);
- the scores: what `score` says of each response today, to the letter of its reason, and of every
  answer that a search ends with, whether it is right;
- the tokens: as many as the text can have, cut off where they reach the limit (but for searches,
  whose kinds of calls have a limit each), prompts included;
- the figures: what the scores give;
- the training: none of the declared hands is held out;
- all of them together: see `cross_checks`.

Each is checked where the data allow it. Of responses that a `rescored` submission withholds whoever
has the transcript passes the text. This proves that submissions are consistent. It cannot prove
that the models wrote the responses: `runs.rerun` asks a model again.

A submission is read a sample at a time, so that none takes more memory than its largest sample.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext, suppress
from functools import lru_cache, partial
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from tot24_bench.game import (
    Hand,
    InvalidPuzzle,
    LeakedHand,
    Puzzle,
    guard_parts,
    is_split,
    load_split,
    parse_name,
    split_size,
)
from tot24_bench.harness import method_of, split_of, task_name
from tot24_bench.leaderboard import store
from tot24_bench.leaderboard.cross_checks import Fault, Gist, together
from tot24_bench.leaderboard.key import letters_of
from tot24_bench.leaderboard.submission import (
    LIMITS,
    OTHER,
    Header,
    Sample,
    Submission,
    metrics_of,
    report_of,
    sha256_of,
)
from tot24_bench.prompts import Prompt, build
from tot24_bench.scoring import score
from tot24_bench.search import HandSearch, by_votes, first_prompt
from tot24_bench.teachers import EXACT_SEARCH, SOLVER, teacher_name
from tot24_bench.text import one_line

MAY_BE_TRAINED_ON = ("train", "full")  # their rows say nothing about unseen hands in any case
MAX_FAULTS = 20  # that are named of a submission: what is wrong throughout would fill the screen
EARLIEST = datetime.date(2023, 1, 1)  # nobody asked a model the hard hands before Yao et al. 2023

MORE_TOKENS = 16  # beside those of the text's bytes: a beginning, an end, a blank before a word
LONGEST_TOKEN = 32
"""Characters of a token of ordinary text, on the average of a response: far more than any
vocabulary has. Runs of one sign count once, as they may be one token."""

_RUN = re.compile(r"(.)\1+", re.DOTALL)

Texts = Mapping[str, str]  # responses of transcripts, by the hash that stands for a withheld one
Finding = tuple[str, str]  # what is wrong in one submission: the field or the hand, and what


class Verified(NamedTuple):
    """What came of checking one submission."""

    path: Path  # its JSON file
    faults: tuple[Fault, ...]
    responses: int = 0  # scored again
    withheld: int = 0  # not scored again, as their text is not here
    warnings: tuple[Fault, ...] = ()  # what is odd, and may be honest
    gist: Gist | None = None  # for what is held beside others; none where it cannot be read


def verify(
    results: Path,
    jobs: int | None = None,
    texts: Texts | None = None,
    progress: Callable[[], object] = lambda: None,
) -> Iterator[Verified]:
    """Check every submission below a results folder, and that nothing else lies there.

    By several processes (None: one a core); `progress` is called after each submission.
    """
    every = store.paths(results)
    count = min(jobs or os.cpu_count() or 1, len(every))
    check = partial(verify_file, results=results, texts=texts)
    found = []
    with ProcessPoolExecutor(count) if count > 1 else nullcontext() as pool:
        size = max(1, len(every) // (8 * max(1, count)))
        for one in pool.map(check, every, chunksize=size) if pool else map(check, every):
            found.append(one)
            progress()
    gists = [one.gist for one in found if one.gist is not None]
    named = {store.hands_path(results, gist.hands) for gist in gists if gist.hands}
    stray = tuple(_stray(results, named if len(gists) == len(found) else None))
    if stray:
        yield Verified(results / store.FOLDER, stray[:MAX_FAULTS])
    yield from beside_each_other(found, results)


def check_files(files: Sequence[Path]) -> Iterator[Verified]:
    """Check JSON files by themselves, beside each other and beside what else is in their folder."""
    folders: dict[Path | None, list[Path]] = {}
    for path in files:
        folders.setdefault(store.results_of(path), []).append(path)
    for results, inside in folders.items():
        verified = [verify_file(path, results) for path in inside]
        others = () if results is None else gists_of(results, without=inside)
        yield from beside_each_other(verified, results, others)


def beside_each_other(
    verified: Sequence[Verified], results: Path | None, others: Iterable[Gist] = ()
) -> Iterator[Verified]:
    """Add what is wrong between submissions, those now checked and `others`, to what is with each.

    `results` is the folder that they stand in, or will.
    """
    found = together((*(one.gist for one in verified if one.gist is not None), *others))
    kept = "" if results is None else kept_by_git(results)
    here = {one.path for one in verified}
    for one in verified:
        faults = list(_chosen_hands(one.gist, kept)) if one.gist and kept else []
        for fault in found:  # its own, and those of one that is not checked now, beside it
            if fault.path == one.path or (fault.beside == one.path and fault.path not in here):
                faults.append(fault)
        yield one._replace(
            faults=(*one.faults, *(fault for fault in faults if not fault.odd)),
            warnings=(*one.warnings, *(fault for fault in faults if fault.odd)),
            gist=None,
        )


def gists_of(results: Path, without: Iterable[Path] = ()) -> Iterator[Gist]:
    """What is held beside others of a folder; what cannot be read is for `verify` to say."""
    for path in sorted({*store.paths(results)} - {*without}):
        with suppress(store.BadSubmission):
            yield Gist(path, *store.read_stream(path))


def kept_by_git(results: Path) -> str:
    """In words, that git keeps submissions of the folder: then it is the record, no place to try.

    Empty where it does not. Where there is a repository and git says nothing of it, it may.
    """
    folder = results.resolve()
    if not any((above / ".git").exists() for above in (folder, *folder.parents)):
        return ""
    # A folder from elsewhere may bring a configuration that names a program to run, be another
    # user's, and a variable may point at another repository.
    command = f"git -c core.fsmonitor=false -c safe.directory=* ls-files -- {store.FOLDER}".split()
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(command, cwd=folder, env=plain, capture_output=True, timeout=60)
        if not done.returncode:
            return "that git keeps" if done.stdout else ""
        why = one_line(done.stderr.decode("utf-8", "replace"))[:80] or str(done.returncode)
    except (OSError, subprocess.SubprocessError) as error:
        why = type(error).__name__
    return f"that git may keep (it cannot be asked: {why})"


def texts_of(transcripts: Iterable[Sequence[str]]) -> dict[str, str]:
    """Responses by the hash that a submission which withholds them gives."""
    return {sha256_of(text): text for responses in transcripts for text in responses}


def verify_file(path: Path, results: Path | None = None, texts: Texts | None = None) -> Verified:
    """Check one submission, by itself; `results` is the folder that it belongs into, if any."""
    found: list[Finding] = []
    warnings: tuple[Fault, ...] = ()
    asked: list[Puzzle] = []
    checked = withheld = 0
    counted, gist = False, None
    try:
        header, samples = store.read_stream(path)
        gist = Gist(path, header)
        if results is not None and path != (place := store.path_of(results, header.key)):
            found.append(("place", f"it belongs at {place}"))
        found += _header_faults(header)
        limit, no_limit = _limit(header)
        found += no_limit
        sizes: list[tuple[int, int]] = []  # of prompts: bytes and characters
        for sample in samples:
            gist.add(sample)
            asked.append(sample.puzzle)
            responses = sample.responses or _known(sample, texts or {})
            checked += len(responses)
            withheld += len(sample.scores) - len(responses)
            if len(found) < MAX_FAULTS:
                prompt = _prompt_of(header, sample.puzzle)
                found += _sample_faults(header, sample, responses, limit, prompt)
                if prompt is not None:
                    sizes.append((len(prompt.text.encode()), len(prompt.text)))
            counted = counted or any(sample.tokens)
            del sample, responses  # before the next one is read: they may be large
        found += _hand_faults(header, asked)
        if len(sizes) == len(asked):
            found += _prompt_token_faults(header, sizes)
        single = header.obtained == "measured" and header.search is None
        if single and counted and limit is None and not no_limit:
            what = f"no {LIMITS[0]}, so nobody knows which responses were cut off"
            fix = f"say what the run was given as {LIMITS[0]}"
            warnings = (Fault(path, "generation", what, fix, odd=True),)
    except store.BadSubmission as error:
        return Verified(path, (Fault(path, "file", str(error).removeprefix(f"{path}: ")),))
    except ValueError as error:  # a setting that no prompt, split or key has
        found = [*found[: MAX_FAULTS - 1], ("settings", str(error))]
    faults = tuple(Fault(path, where, what) for where, what in found[:MAX_FAULTS])
    return Verified(path, faults, checked, withheld, warnings, gist)


def _known(sample: Sample, texts: Texts) -> Sequence[str]:
    """The responses that a sample withholds, where all of them are known."""
    found = [texts[digest] for digest in sample.responses_sha256 if digest in texts]
    return found if len(found) == len(sample.scores) else ()


def _stray(results: Path, named: set[Path] | None) -> Iterator[Fault]:
    """What lies among the submissions and is none: it would be published and never checked.

    `named` are the files of training hands that submissions name; None where that is not known.
    """
    folder, lists = results / store.FOLDER, results / store.TRAINING
    stems = {path.with_suffix("") for path in store.paths(results)}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink():
            yield Fault(path, "file", "is a link: a submission is two plain files")
        elif path.is_dir() or (path.suffix == ".json" and not path.is_file()):
            continue  # a pipe by that name is read as a submission, and refused
        elif path.suffix != ".json":
            stem = path.with_name(path.name.removesuffix(store.SAMPLES_END))
            if stem == path or stem not in stems:
                yield Fault(path, "file", "belongs to no submission: remove it")
        elif path.parent.parent != folder:
            yield Fault(path, "file", f"a submission stands two levels below {folder.name}")
    if named is not None and lists.is_dir():
        for path in sorted({*lists.iterdir()} - named):
            yield Fault(path, "file", "holds training hands of no submission: remove it")


def _chosen_hands(gist: Gist, kept: str) -> Iterator[Fault]:
    """Hands that somebody chose: the first so many of a split, or another draw of it."""
    header = gist.header
    if header.obtained != "measured" or not is_split(header.split):
        return
    drawn = parse_name(header.split)
    if header.n < (whole := split_size(header.split)):
        what = f"a --limit run, {header.n} of the {whole} hands of {header.split}"
        where, choice, fix = "n", "when to stop", "evaluate all hands"
    elif drawn is not None and header.split != drawn.name:
        what, where, choice = f"a draw of one's own, {header.split}", "split", "the draw"
        fix = f"evaluate {drawn.name} as it is"
    else:
        return
    what += f", in a results folder {kept}: whoever chooses {choice} chooses the figure"
    fix += ", or keep it in a folder of its own (--results)"
    yield Fault(gist.path, where, what, fix)


def _header_faults(header: Header) -> Iterator[Finding]:
    """What is wrong with what a submission says, whatever its samples are."""
    task, model, a_day = header.task, header.model, datetime.timedelta(days=1)
    if header.created < EARLIEST:
        yield "created", f"{header.created} is before {EARLIEST}: no model was asked these then"
    if header.created > datetime.datetime.now(datetime.UTC).date() + a_day:  # clocks may be ahead
        yield "created", f"{header.created} is in the future"
    try:
        method, split = header.method, None
        if header.search is None:  # a search is read only with its own task
            method, split = method_of(task), split_of(task)
        if method != header.method:
            yield "task", f"{task} is the task of {method}, and the method is {header.method}"
        if split is not None and split != header.split.partition("-")[0]:
            yield "task", f"{task} asks {split}, and the split is {header.split}"
    except ValueError:  # a task of others
        if header.method != OTHER:
            named = task_name(header.method)
            yield "task", f"{task} is no task of the method {header.method}: that is {named}"
    named_so = letters_of(teacher_name(model.name)) == letters_of(SOLVER)
    if named_so and model.backend.casefold() != EXACT_SEARCH:
        yield "model.name", f"{SOLVER} is the solver's name, and {model.backend} is no solver"
    if model.training is not None and (fault := _trained(model.training.hands)[1]):
        yield "model.training", fault


@lru_cache(maxsize=8)
def _trained(hands: tuple[str, ...]) -> tuple[frozenset[Hand], str | None]:
    """Declared hands as hands, and what is wrong with them; many submissions declare the same."""
    puzzles: list[Puzzle] = []
    fault = None
    try:
        puzzles = [Puzzle.parse(hand) for hand in hands]
        guard_parts(puzzles, "training.hands")
    except (LeakedHand, InvalidPuzzle) as error:
        fault = str(error)
    return frozenset(puzzle.hand for puzzle in puzzles), fault


def _limit(header: Header) -> tuple[int | None, list[Finding]]:
    """The most tokens that a response could have, and what is wrong with how that is said."""
    said = {name: header.generation[name] for name in LIMITS if name in header.generation}
    if header.search is not None:  # each kind of call has its own
        return None, list(_call_limits(header.generation.get("limits", {}), said))
    limits = set()
    for name, value in said.items():
        if (count := _count(value)) is None:
            return None, [(f"generation.{name}", f"{_short(value)} is no number of tokens")]
        limits.add(count)
    if len(limits) > 1:
        return None, [("generation", f"{' and '.join(said)} say two limits")]
    return next(iter(limits), None), []


def _call_limits(limits: object, said: Mapping[str, object]) -> Iterator[Finding]:
    """What is wrong with the limits of a search's calls; `said` are limits of a response."""
    for name in said:
        yield f"generation.{name}", "a search says the most tokens of each kind of call: limits"
    if not isinstance(limits, Mapping):
        yield "generation.limits", f"{_short(limits)} is no list of kinds of calls"
        return
    for kind, most in limits.items():
        if _count(most) is None:
            yield (
                f"generation.limits.{one_line(kind, 40)}",
                f"{_short(most)} is no number of tokens",
            )


def _count(value: object) -> int | None:
    """A positive number of tokens; None for anything else."""
    written = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    return int(written) if re.fullmatch("[1-9][0-9]{0,11}", written) else None


def _prompt_of(header: Header, puzzle: Puzzle) -> Prompt | None:
    """The prompt of a hand, of a search the first one; None where it is not this benchmark's."""
    if header.obtained != "measured" or header.shots is None:
        return None
    if header.search is not None:
        return None if header.chat else first_prompt(header.search.settings, puzzle, header.shots)
    if OTHER in (header.method, header.variant) or header.chat:
        return None
    return build(header.method, puzzle, shots=header.shots, variant=header.variant)


def _prompt_token_faults(header: Header, sizes: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """A mean that the prompts cannot have; their bytes and characters are known."""
    if (mean := header.mean_prompt_tokens) is None or not sizes:
        return
    most, least = (fmean(size) for size in zip(*sizes, strict=True))
    if not least / LONGEST_TOKEN - 1 <= mean <= most + MORE_TOKENS:
        yield "mean_prompt_tokens", f"{mean:g} tokens, but a prompt has {most:.0f} bytes"


def _hand_faults(header: Header, asked: Sequence[Puzzle]) -> Iterator[Finding]:
    """Hands that were trained on, are missing or dealt otherwise.

    Those that are foreign or asked twice are refused when read.
    """
    if not is_split(header.split):
        return
    training = header.model.training
    if training is not None and header.split not in MAY_BE_TRAINED_ON:
        trained = _trained(training.hands)[0]
        if seen := [puzzle.text for puzzle in asked if puzzle.hand in trained]:
            what = f"{len(seen)} hand(s) of {header.split} were trained on, the first {seen[0]}"
            yield "model.training", what
    if header.obtained != "measured":
        return
    whole, count = load_split(header.split), len(asked)
    hands = {puzzle.hand for puzzle in asked}
    if missing := [puzzle.text for puzzle in whole[:count] if puzzle.hand not in hands]:
        what = f"{count} hands were asked, and they are not the first {count} of {header.split}"
        yield missing[0], f"missing: {what}"
        return
    for given, puzzle in zip(asked, whole, strict=False):
        if given.numbers != puzzle.numbers:
            order = "hands come in the split's order, and numbers as they are dealt"
            yield given.text, f"{header.split} asks {puzzle.text} in its place: {order}"
            return


def _sample_faults(
    header: Header,
    sample: Sample,
    responses: Sequence[str],
    limit: int | None,
    prompt: Prompt | None,
) -> Iterator[Finding]:
    """What is wrong with the prompt, the scores and the tokens of a hand.

    There are no responses where they are withheld and not known, and no prompt that is not ours.
    """
    measured, hand = header.obtained == "measured", sample.puzzle.text
    if prompt is not None and sample.prompt_sha256 != prompt.sha256:
        asked = f"{header.shots}-shot {prompt.method} prompt"
        yield hand, f"prompt_sha256 is not that of this benchmark's {asked}"
    if sample.search is not None:
        rights = zip(sample.search.right, rights_of(sample.puzzle, sample.search), strict=True)
        for place, (said, right) in enumerate(rights):
            if said != right and place:  # the first one is the response, which is scored below
                yield hand, f"search.right[{place}] is {said}, but the answer gives {right}"
        yield from ((hand, what) for what in _search_faults(header, sample, sample.search, prompt))
    each = zip(responses, sample.tokens, sample.scores, strict=False)
    for number, (response, tokens, stored) in enumerate(each, 1):
        where = f"{hand}, response {number}" if len(responses) > 1 else hand
        again = score(sample.puzzle, response, truncated=stored.truncated)
        if again != stored:
            then, now = stored.to_json(), again.to_json()
            field = next(name for name, value in now.items() if value != then.get(name))
            stands, given = _short(then.get(field)), _short(now[field])
            yield where, f"{field} is stored as {stands}, but the response gives {given}"
        if tokens is None or not measured:  # of what others ran the counts are theirs
            continue
        if limit is not None and stored.truncated != (tokens >= limit):
            reach = f"{'' if tokens >= limit else 'do not '}reach the limit of {limit}"
            yield (
                where,
                f"truncated is stored as {stored.truncated}, but its {tokens} tokens {reach}",
            )
        size = len(response.encode("utf-8", "replace"))
        if tokens > size + MORE_TOKENS:
            yield where, f"{tokens} tokens, but the response has {size} bytes"
        most = LONGEST_TOKEN * (tokens + 1)
        if len(response) > most and len(_RUN.sub(r"\1", response[: 8 * most])) > most:
            yield where, f"{tokens} tokens, but the response has {len(response)} characters"


def rights_of(puzzle: Puzzle, search: HandSearch) -> tuple[bool, ...]:
    """Whether each answer that a search ended with is right; equal ones are scored once."""
    right = {text: score(puzzle, text).correct for text in dict.fromkeys(search.finals)}
    return tuple(right[text] for text in search.finals)


def _search_faults(
    header: Header, sample: Sample, search: HandSearch, prompt: Prompt | None
) -> Iterator[str]:
    """Costs and an order of answers that the search of a hand cannot have."""
    settings = header.search.settings if header.search else None
    if settings is None:
        return
    if not search.calls and len(sample.puzzle.numbers) > 1:
        yield "search.calls is 0, but a search asks the model"
    if prompt is not None and search.prompt_tokens is not None:
        length = len(prompt.text)
        if search.prompt_tokens < length / LONGEST_TOKEN - 1:
            yield (
                f"search.prompt_tokens is {search.prompt_tokens}, but its first prompt alone has "
                f"{length} characters"
            )
    if settings.uses_answers and any(search.right) and not search.right[0]:
        yield "search.finals have a right answer behind a wrong one, and right answers chose"
    if settings.method == "self_consistency":
        if by_votes(sample.puzzle, search.finals, settings.votes) != [*search.finals]:
            yield "search.finals are not in the order of their votes"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


class Upgraded(NamedTuple):
    """The path of a submission that was written again, and what is scored otherwise, by line."""

    path: Path
    changes: tuple[str, ...]


def upgrade(results: Path) -> Iterator[Upgraded]:
    """Write every submission below a results folder again, and remove lists that none names.

    An older file is read and written in today's form; responses that are there are scored again,
    and the figures taken anew. What is withheld keeps its scores: `tot24 rescore` has the text.

    Raises:
        BadSubmission: one cannot be read; those before it are written.
        ResultsNotWritable: as `write`.
    """
    named = set()
    for path in store.paths(results):
        submission, changes = _scored_again(store.read(path))
        if (training := submission.model.training) is not None:
            named.add(store.hands_path(results, training.hands_file()[0]))
        yield Upgraded(store.write(submission, results, overwrite=True), tuple(changes))
    for file in {*(results / store.TRAINING).glob("*.txt")} - named:
        file.unlink()


def _scored_again(submission: Submission) -> tuple[Submission, list[str]]:
    changes: list[str] = []
    samples = []
    for sample in submission.samples:
        scores = list(sample.scores)
        for i, (response, stored) in enumerate(zip(sample.responses, sample.scores, strict=False)):
            scores[i] = score(sample.puzzle, response, truncated=stored.truncated)
            if scores[i] != stored:
                now = f"{stored.verdict}, now {scores[i].verdict}"
                changes.append(f"{sample.puzzle.text}: {now}")
        update: dict[str, Any] = {"scores": tuple(scores)}
        if (search := sample.search) is not None:
            right = (scores[0].correct, *rights_of(sample.puzzle, search)[1:])
            if right[1:] != search.right[1:]:
                changes.append(f"{sample.puzzle.text}: other answers of its search")
            update["search"] = search.model_copy(update={"right": right})
        samples.append(sample.model_copy(update=update))
    if changes:
        fields = {**dict(submission), "samples": tuple(samples), "metrics": metrics_of(samples)}
        if (said := submission.search) is not None:
            names = ("oracle_stop", "symbolic_step", "sent")
            own = {name: getattr(said, name) for name in names}
            fields["search"] = report_of(said.settings, samples, **own)
        submission = Submission(**fields)
    return submission, changes
