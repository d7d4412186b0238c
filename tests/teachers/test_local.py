"""Local checkpoints: the same responses whatever the batches, drawn by their probabilities."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tot24_bench.checkpoint import checkpoint_sha256
from tot24_bench.game import Puzzle, load_split
from tot24_bench.prompts import build
from tot24_bench.teachers import Finish, Reply, Request
from tot24_bench.teachers.local.checkpoint import STOP, Checkpoint, LocalSettings
from tot24_bench.teachers.local.hf import Draw, Ended, TransformersTeacher
from tot24_bench.teachers.teacher import TeacherUnavailable

SECONDS = 240
"""How long two processes may take: a guard against hanging, not a timing."""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random student whose tokens are nearly equally likely: any other draw is seen at once."""
    from training.student import StudentConfig, make_student

    folder = tmp_path_factory.mktemp("checkpoints") / "wide"
    config = StudentConfig(hidden=16, intermediate=32, layers=2, heads=2, attention="sdpa")
    model, tokenizer = make_student(config, seed=3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def requests(hands: int = 6, samples: int = 2) -> list[Request]:
    """Prompts of two lengths."""
    return [
        Request(build("io", puzzle, shots=i % 3), sample)
        for i, puzzle in enumerate(load_split("train")[:hands])
        for sample in range(samples)
    ]


def ask(folder: Path, asked: Sequence[Request], **settings: Any) -> dict[tuple[str, int], Reply]:
    teacher = TransformersTeacher(LocalSettings(str(folder), device="cpu", **settings))
    replies = list(teacher.ask(asked))
    assert len(replies) == len(asked)
    assert all(isinstance(reply, Reply) for reply in replies)
    return {(r.request.puzzle.text, r.request.sample): r for r in replies if isinstance(r, Reply)}


def texts(replies: dict[tuple[str, int], Reply]) -> dict[tuple[str, int], str]:
    return {key: reply.text for key, reply in replies.items()}


def test_a_response_does_not_depend_on_batches_order_or_what_else_is_asked(wide: Path) -> None:
    options: dict[str, Any] = {"temperature": 1.0, "max_tokens": 24}
    asked = requests()
    whole = texts(ask(wide, asked, **options))
    assert len(set(whole.values())) == len(asked), "every sample is another"
    shuffled = Random(0).sample(asked, len(asked))
    assert texts(ask(wide, shuffled, batch_size=5, **options)) == whole
    assert texts(ask(wide, asked, batch_size=1, **options)) == whole
    rest = texts(ask(wide, asked[7:], batch_size=3, **options))
    assert rest == {key: text for key, text in whole.items() if key in rest}, "as resumed"
    other = texts(ask(wide, asked, seed=1, **options))
    assert all(other[key] != text for key, text in whole.items())


def test_plain_prompts_to_another_architecture_do_not_depend_on_batches(neox: Path) -> None:
    """No chat template, its end for a pad, a token a byte."""
    asked = requests(4, 1)
    options: dict[str, Any] = {"temperature": 1.0, "top_p": 0.95, "max_tokens": 12}
    whole = texts(ask(neox, asked, **options))
    assert texts(ask(neox, asked, batch_size=1, **options)) == whole
    assert len(set(whole.values())) == len(asked)


def test_temperature_0_is_the_greedy_choice_of_generate(root: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    student = root / "students" / "scout-2m"
    asked = [Request(build("io", puzzle, shots=0), 0) for puzzle in load_split("val")[:3]]
    replies = ask(student, asked, temperature=0, max_tokens=40)
    model = AutoModelForCausalLM.from_pretrained(student)
    tokenizer = AutoTokenizer.from_pretrained(student)
    for request in asked:
        ids = tokenizer(request.prompt.text, return_tensors="pt")
        out = model.generate(**ids, do_sample=False, max_new_tokens=40)[0, ids.input_ids.shape[1] :]
        reply = replies[request.puzzle.text, 0]
        assert reply.text == tokenizer.decode(out, skip_special_tokens=True)
        assert reply.usage.completion_tokens == len(out)
        assert reply.usage.prompt_tokens == ids.input_ids.shape[1]
        assert (reply.finish, reply.usage.cost) == (Finish.STOP, None)


def drawn(logits: list[float], draws: int, **options: Any) -> Counter[int]:
    """How often each token is drawn, each row from a source of its own."""
    import torch

    draw = Draw([Random(f"row {i}") for i in range(draws)], **options)
    scores = draw(None, torch.tensor([logits] * draws))
    assert ((scores == 0).sum(-1) == 1).all()
    return Counter(scores.argmax(-1).tolist())


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_as_often_as_softmax_says(temperature: float) -> None:
    import torch
    from scipy.stats import chisquare

    logits = [1.5, 0.0, -0.5, 2.0, -float("inf"), 1.0]
    found = drawn(logits, 20_000, temperature=temperature)
    assert 4 not in found
    shares = (torch.tensor(logits, dtype=torch.float64) / temperature).softmax(-1).tolist()
    likely = [i for i, share in enumerate(shares) if share]
    expected = [shares[i] * 20_000 for i in likely]
    assert chisquare([found[i] for i in likely], expected).pvalue > 0.001


def test_top_k_and_top_p_leave_the_likeliest() -> None:
    logits = [0.0, 3.0, 1.0, 2.0]  # shares 0.03, 0.64, 0.09, 0.24
    assert set(drawn(logits, 2_000, temperature=1.0, top_k=2)) == {1, 3}
    assert set(drawn(logits, 2_000, temperature=1.0, top_p=0.9)) == {1, 2, 3}
    assert set(drawn(logits, 2_000, temperature=1.0, top_p=0.85)) == {1, 3}
    assert set(drawn(logits, 2_000, temperature=1.0, top_p=0.01)) == {1}
    assert set(drawn(logits, 2_000, temperature=1.0, top_p=1.0, top_k=99)) == {0, 1, 2, 3}
    assert set(drawn(logits, 2_000, temperature=1.0, top_k=3, top_p=0.9)) == {1, 3}


def test_a_response_without_an_end_is_cut_at_the_limit(tiny_checkpoint: Path) -> None:
    (reply,) = ask(tiny_checkpoint, requests(1, 1), temperature=0, max_tokens=7).values()
    assert reply.finish is Finish.LENGTH
    assert reply.usage.completion_tokens == 7
    assert reply.usage.seconds is not None and reply.usage.seconds > 0


def test_a_plain_prompt_ends_where_the_model_runs_on_to_another_hand(root: Path) -> None:
    import torch

    checkpoint = Checkpoint(LocalSettings(str(root / "students" / "scout-2m"), chat=False))
    said = checkpoint.tokenizer("Answer: 1 + 1 = 2\nInput: 1 2", add_special_tokens=False)
    ids = said["input_ids"]
    ended = Ended(checkpoint.tokenizer, 1, 2, set(), checkpoint.stop)
    stops = [bool(ended(torch.tensor([[0, 0, *ids[:n]]]), None)[0]) for n in range(1, len(ids) + 1)]
    length = ended.lengths[0]
    assert STOP in checkpoint.tokenizer.decode(ids[:length])
    assert STOP not in checkpoint.tokenizer.decode(ids[: length - 1])
    assert stops == [n >= length for n in range(1, len(ids) + 1)]
    assert checkpoint.text(ids) == "Answer: 1 + 1 = 2"


def test_plain_prompts_are_sent_as_they_are_and_chats_by_the_template(root: Path) -> None:
    student = str(root / "students" / "scout-2m")
    request = Request(build("io", Puzzle.parse("4 5 6 10"), shots=1), 0)
    for chat in (True, False):
        checkpoint = Checkpoint(LocalSettings(student, chat=chat))
        # This student's template writes the plain prompt.
        assert checkpoint.tokenizer.decode(checkpoint.asked(request).ids) == request.prompt.text
    assert Checkpoint(LocalSettings(student)).chat


def test_records_say_which_weights_and_how_they_are_sampled(root: Path) -> None:
    student = root / "students" / "scout-2m"
    teacher = TransformersTeacher(LocalSettings(str(student), device="cpu", top_p=0.9))
    info = teacher.info
    assert (info.kind, info.model, info.oracle) == ("transformers", "scout-2m", False)
    assert info.settings == {
        "temperature": 0.7,
        "top_p": 0.9,
        "top_k": None,
        "max_tokens": 512,
        "seed": 0,
        "chat": True,
        "dtype": "float32",
        "sha256": checkpoint_sha256(str(student))[:12],
    }
    sha = checkpoint_sha256(str(student))
    assert sha is not None and sha in (student / "README.md").read_text(encoding="utf-8")


def test_what_does_not_fit_the_context_is_named_before_anything_is_written(wide: Path) -> None:
    teacher = TransformersTeacher(LocalSettings(str(wide), device="cpu", max_tokens=2040))
    with pytest.raises(TeacherUnavailable, match=r"max_tokens=2040 .* context of 2048: use max_t"):
        next(teacher.ask(requests(1, 1)))


def damaged(folder: Path, to: Path, *gone: str, **config: Any) -> Path:
    """A copy without some files, its config changed."""
    copy = Path(shutil.copytree(folder, to))
    for name in gone:
        (copy / name).unlink()
    if config:
        file = copy / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), **config}))
    return copy


def test_broken_checkpoints_are_named_with_the_fix(tiny_checkpoint: Path, tmp_path: Path) -> None:
    def says(folder: Path | str, **settings: Any) -> str:
        with pytest.raises(TeacherUnavailable) as error:
            ask(Path(folder), requests(1, 1), max_tokens=4, **settings)
        assert "\n" not in str(error.value)
        return str(error.value)

    assert "give an existing folder or a hub name" in says(tmp_path / "nowhere")
    tokenizers = ("tokenizer.json", "tokenizer_config.json")
    assert "save_pretrained" in says(damaged(tiny_checkpoint, tmp_path / "a", *tokenizers))
    assert "no config.json" in says(damaged(tiny_checkpoint, tmp_path / "b", "config.json"))
    assert "cannot be loaded" in says(
        damaged(tiny_checkpoint, tmp_path / "c", model_type="no_such_model")
    )
    no_weights = damaged(tiny_checkpoint, tmp_path / "d", "model.safetensors")
    assert "weights of" in says(no_weights)
    (no_weights / "model.safetensors").write_bytes(b"garbage")
    assert "weights of" in says(no_weights)
    no_template = damaged(tiny_checkpoint, tmp_path / "e", "chat_template.jinja")
    assert "chat=false" in says(no_template, chat=True)
    assert "the hub" in says("nobody/has-this-one-offline")


def test_a_tokenizer_without_a_pad_token_pads_with_its_end(
    tiny_checkpoint: Path, tmp_path: Path
) -> None:
    copy = damaged(tiny_checkpoint, tmp_path / "copy")
    file = copy / "tokenizer_config.json"
    config = json.loads(file.read_text())
    del config["pad_token"]
    file.write_text(json.dumps(config))
    asked = requests(3, 1)
    assert texts(ask(copy, asked, max_tokens=5, temperature=0)) == texts(
        ask(tiny_checkpoint, asked, max_tokens=5, temperature=0)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_k": 0},
        {"max_tokens": 0},
        {"batch_size": 0},
        {"dtype": "int3"},
        {"device": "abacus"},
        {"model": " "},
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(TeacherUnavailable):
        LocalSettings(**{"model": "x", **wrong})


def test_a_batch_that_does_not_fit_the_memory_is_halved(
    wide: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory that holds two rows, in place of a GPU's."""
    import torch

    from tot24_bench.teachers.local import hf

    whole = texts(ask(wide, requests(), temperature=1.0, max_tokens=8))
    sizes: list[int] = []
    generate = hf._generate

    def small(model: Any, checkpoint: Any, batch: Any) -> Any:
        sizes.append(len(batch))
        if len(batch) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(model, checkpoint, batch)

    monkeypatch.setattr(hf, "_generate", small)
    room = 2
    assert texts(ask(wide, requests(), temperature=1.0, max_tokens=8)) == whole
    assert sizes == [12, 6, 3, 2, 2, 2, 2, 2, 2]
    room = 0
    with pytest.raises(TeacherUnavailable, match="smaller max_tokens"):
        ask(wide, requests(), max_tokens=8)


SCRIPT = """
import json, os, sys
from tests.teachers.test_local import requests
from tot24_bench.teachers.local import LocalSettings, TransformersTeacher
from tot24_bench.teachers.teacher import TeacherUnavailable


def failing():
    yield from requests()[:3]
    raise OSError("the disk is full")


def run(folder, out, how):
    settings = LocalSettings(folder, device="cpu", temperature=1.0, max_tokens=24, batch_size=2)
    teacher = TransformersTeacher(settings)
    assert teacher._processes.count == 2
    if not teacher.first:
        wrote = []
        write = teacher._write
        def counted(batch):
            if how == "other fails":
                raise OSError("no room")
            wrote.append(len(batch))
            return write(batch)
        teacher._write = counted
        teacher.serve()
        told = {"served": sum(wrote)}
    elif how == "all":
        replies = teacher.ask(requests())
        told = [[r.request.puzzle.text, r.request.sample, r.text] for r in replies]
    elif how == "close":
        replies = teacher.ask(requests())
        next(replies)
        replies.close()
        told = "closed"
    else:
        try:
            list(teacher.ask(failing() if how == "fail" else requests()))
        except (OSError, TeacherUnavailable) as error:
            told = str(error)
    json.dump(told, open(f"{out}.{how}.{os.environ['RANK']}", "w"))


folder, out, *hows = sys.argv[1:]
# What takes long to import, before the forks.
import torch.distributed
from transformers import AutoModelForCausalLM, AutoTokenizer

AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
for how in hows:
    how, _, port = how.partition(":")
    if port:  # one import for all: each in a process group of its own
        child = os.fork()
        if child:
            assert os.waitpid(child, 0)[1] == 0, how
            continue
        os.environ["MASTER_PORT"] = port
        os.environ.pop("TORCHELASTIC_USE_AGENT_STORE", None)  # torchrun's is at its own port
    run(folder, out, how)
    os._exit(0)
"""


def told(out: Path, how: str, rank: int) -> Any:
    return json.loads(Path(f"{out}.{how}.{rank}").read_text())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_processes_write_what_one_writes_and_are_released_when_the_first_stops(
    root: Path, wide: Path, tmp_path: Path
) -> None:
    script, out = tmp_path / "script.py", tmp_path / "out"
    script.write_text(SCRIPT)
    hows = [f"{how}:{free_port()}" for how in ("close", "fail", "other fails")]
    torchrun = [str(Path(sys.executable).parent / "torchrun"), "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc_per_node", "2", str(script), str(wide), str(out), *hows, "all"],
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = {(hand, sample): text for hand, sample, text in told(out, "all", 0)}
    assert found == texts(ask(wide, requests(), temperature=1.0, max_tokens=24))
    assert told(out, "all", 1) == {"served": 6}, "half of twelve"
    assert told(out, "close", 0) == "closed"
    assert told(out, "fail", 0) == "the disk is full"
    assert told(out, "other fails", 0) == "process 1 failed: OSError: no room"
    assert all("served" in told(out, how, 1) for how in ("close", "fail", "other fails"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
