"""Where a harness is not installed, its module says what to install."""

from __future__ import annotations

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("inspect_scorer", "inspect_ai", "inspect"),
        ("lighteval_metric", "lighteval", "lighteval"),
    ],
)
def test_the_error_names_the_extra(
    module: str, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"tot24_bench.integrations.{module}"
    for loaded in [one for one in sys.modules if one.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ImportError, match=rf"pip install 'tot24-bench\[{extra}\]'"):
        importlib.import_module(name)
