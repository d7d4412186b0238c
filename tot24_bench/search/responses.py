"""Searches over whole responses: vote among k, choose the best of k, or try again when wrong.

Each works over the IO, the CoT and the One-Step ToT prompt. Self-consistency (Wang et al. 2023)
needs no judge; best of k is chosen by the right answer, which only an oracle knows, or by the
model's own judgement; refining tells the model that its answer is wrong, and no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tot24_bench.game import Puzzle
from tot24_bench.prompts import Prompt, build, question
from tot24_bench.scoring import Score, analyse, form_of, score, thoughts_in
from tot24_bench.search.calls import BudgetSpent, Call, Found, Search
from tot24_bench.search.settings import SearchSettings
from tot24_bench.search.thoughts import Left, Move, Walk
from tot24_bench.search.tree import Node

WRONG = "That is wrong. Try again with the same numbers.\n"
"""All that `refine` says of a wrong answer."""


def self_consistency(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """The answer that most of k responses give; of a tie the one that was given first."""
    texts = yield from _sampled(puzzle, settings, shots)
    return _found(puzzle, by_votes(puzzle, texts, settings.votes))


def by_votes(puzzle: Puzzle, texts: Sequence[str], by: str) -> list[str]:
    """Responses in the order of their votes: of a tie the first one, without a vote at the end."""
    votes = [_vote(puzzle, text, by) for text in texts]
    counts = Counter(vote for vote in votes if vote)
    first = {vote: votes.index(vote) for vote in counts}

    def place(i: int) -> tuple[int, int, int]:
        vote = votes[i]
        return (-counts[vote], first[vote], i) if vote else (0, len(texts), i)

    return [texts[i] for i in sorted(range(len(texts)), key=place)]


def _vote(puzzle: Puzzle, text: str, by: str) -> str:
    """What a response votes for; empty where it does not vote."""
    if by == "text":
        return text.rstrip().rpartition("\n")[2].strip()
    given = score(puzzle, text)
    return form_of(given.answer) if given.answered and given.answer else ""


def best_of_k(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """The best of k responses, by the right answer or by the model's own value.

    Its own value of a response: code works the answer out thought by thought, and the model judges
    every state on the way; the worst of them counts, nothing where the answer uses other numbers.
    """
    texts = yield from _sampled(puzzle, settings, shots)
    scores = [score(puzzle, text) for text in texts]
    walk = Walk(puzzle, settings, shots)
    if settings.choose == "oracle":
        worth = [float(one.correct) for one in scores]
    else:
        try:
            worth = yield from _own_values(walk, scores)
        except BudgetSpent:
            worth = [0.0] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: -worth[i])
    found = _found(puzzle, [texts[i] for i in order], oracle=settings.choose == "oracle")
    found.symbolic = settings.choose == "value"
    if found.symbolic:
        found.unjudged = walk.found([]).unjudged
        found.states = states_of(puzzle, texts, walk)
    return found


def _own_values(walk: Walk, scores: list[Score]) -> Move[list[float]]:
    paths = [thoughts_in(one.answer, walk.puzzle.numbers) if one.answer else None for one in scores]
    places: list[list[int]] = []
    for path in paths:
        places.append([])
        for text, left in path or ():
            places[-1].append(len(walk.tree.nodes))
            walk.tree.nodes.append(Node(len(walk.tree.nodes) - 1, text, left))
    yield from walk.judge(place for each in places for place in each)
    return [min(map(walk.mean_weight, each), default=0.0) for each in places]


def refine(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Search:
    """Ask again after each wrong answer, at most k times; the last answer is the one that counts.

    The prompt shows the last wrong response and says that it is wrong. Knowing so takes an oracle.
    """
    first = build(settings.prompt, puzzle, shots=shots)
    prompt, tries = first, list[str]()
    try:
        for number in range(settings.k):
            (reply,) = yield [_call(settings, prompt, puzzle, number)]
            tries.append(reply.text)
            if score(puzzle, reply.text).correct:
                break
            prompt = _told_wrong(first, reply.text)
    except BudgetSpent:
        pass
    return _found(puzzle, tries[::-1], oracle=True)


def _told_wrong(prompt: Prompt, response: str) -> Prompt:
    turns = (*prompt.turns, f"{response.rstrip()}\n", WRONG + question(prompt.puzzle))
    return replace(prompt, turns=turns)


def _sampled(puzzle: Puzzle, settings: SearchSettings, shots: int) -> Move[list[str]]:
    """The k responses; fewer where the budget allows for no more."""
    prompt = build(settings.prompt, puzzle, shots=shots)
    texts: list[str] = []
    try:
        if settings.max_tokens_per_hand is None:
            calls = [_call(settings, prompt, puzzle, i) for i in range(settings.k)]
            texts += [reply.text for reply in (yield calls)]
        else:  # one by one, so that those that fit are kept
            for i in range(settings.k):
                (reply,) = yield [_call(settings, prompt, puzzle, i)]
                texts.append(reply.text)
    except BudgetSpent:
        pass
    return texts


def _call(settings: SearchSettings, prompt: Prompt, puzzle: Puzzle, draw: int) -> Call:
    heat = settings.temperature
    return Call(prompt, settings.prompt, heat, f"{puzzle.text}:{draw}" if heat else "")


def _found(puzzle: Puzzle, texts: list[str], *, oracle: bool = False) -> Found:
    return Found(texts or [""], states=states_of(puzzle, texts), oracle=oracle)


def states_of(puzzle: Puzzle, texts: Iterable[str], judged: Walk | None = None) -> int:
    """Different states that the valid thoughts of responses come to, the hand among them.

    Those that the model judged for a response count, too.
    """
    seen: set[Left] = {tuple(sorted(puzzle.numbers))}
    seen |= {node.left for node in judged.tree.nodes} if judged else set()
    for text in texts:
        seen |= {thought.left for thought in analyse(puzzle, text).thoughts if thought.exact}
    return len(seen)
