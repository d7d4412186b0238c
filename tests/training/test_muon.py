"""Muon beside AdamW: every parameter is stepped by one of both, under one schedule."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
import torch

from tests.training.small_runs import losses, run
from training.muon import MuonWithAdamW
from training.student import StudentConfig, make_student


def make() -> tuple[torch.nn.Module, MuonWithAdamW]:
    shape = StudentConfig(hidden=32, intermediate=64, layers=2, heads=2)
    model, _ = make_student(shape, seed=0)
    return model, MuonWithAdamW(model, 1e-3, 3e-3, 0.1, (0.9, 0.95))


def test_every_parameter_is_in_one_group() -> None:
    model, optimizer = make()
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())
    muon, matrices, vectors = optimizer.param_groups
    assert {p.shape for p in muon["params"]} <= {(32, 32), (32, 64), (64, 32)}
    assert [p.shape[1] for p in matrices["params"]] == [32]  # the embeddings, tied to the head
    assert {p.ndim for p in vectors["params"]} == {1} and vectors["weight_decay"] == 0


def test_a_rate_that_a_schedule_sets_is_the_rate_of_the_step() -> None:
    model, optimizer = make()
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0)
    before = [p.clone() for p in model.parameters()]
    ids = torch.randint(0, 100, (2, 8))
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert [rate == 0 for rate in schedule.get_last_lr()] == [True] * 3


def test_states_are_taken_up_again() -> None:
    model, optimizer = make()
    ids = torch.randint(0, 100, (2, 8))
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    other, taken = make()
    other.load_state_dict(model.state_dict())
    taken.load_state_dict(deepcopy(optimizer.state_dict()))
    for one, its in ((model, optimizer), (other, taken)):
        one.zero_grad()
        one(input_ids=ids, labels=ids).loss.backward()
        its.step()
        assert (
            its.param_groups[0]["params"][0] is next(iter(its.parts[0].param_groups))["params"][0]
        )
    assert all(
        torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True)
    )


def test_a_run_with_muon_learns_and_its_record_says_so(tmp_path: Path) -> None:
    record = run(tmp_path, muon_lr=3e-3)
    first, *_, last = losses(record)
    assert last < first
    assert record["muon_lr"] == pytest.approx(3e-3)
