"""Trainings that are taken up again: only from their own, and killed at random moments a unit ends with the same
bits."""

import math
import multiprocessing
import os
import random
import signal
import time

import numpy as np
import pytest
import torch
from pydantic import Field
from torch import nn

from mmcl_core import catalog, train
from mmcl_core.checkpoint import Checkpoint
from mmcl_core.errors import InputError
from mmcl_core.lab import units as units_module
from mmcl_core.lab.config import Config
from mmcl_core.lab.experiment import experiment
from mmcl_core.lab.run import request
from mmcl_core.runtime import generator


def job(path=None, *, batch=8, rate=0.01, seed=0, epochs=4, poison=None, momentum=None, steps=None):
    torch.manual_seed(seed)
    model = nn.Linear(6, 3)
    data, noise = torch.randn(40, 6, generator=generator("t", seed, "data")), generator("t", seed, "noise")
    rows_seen = []

    def loss(rows):
        rows_seen.append(rows)
        value = model(data[rows] + 0.1 * torch.randn(len(rows), 6, generator=noise)).square().mean()
        return value * (math.nan if poison == len(rows_seen) else 1)

    parameters = model.parameters()
    optimiser = train.adam(parameters, rate) if momentum is None else torch.optim.SGD(parameters, rate, momentum)
    history = train.train(
        model,
        loss,
        40,
        batch=batch,
        epochs=epochs,
        steps=steps,
        optimiser=optimiser,
        order=generator("t", seed, "order"),
        streams=[noise],
        checkpoint=path,
    )
    return model.weight.detach().clone(), history, len(rows_seen)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch": 4}, "batch: 8 there, 4 here"),
        ({"rate": 0.02}, r"lr: \[0.01\] there, \[0.02\] here"),
        ({"seed": 1}, "weights at the start"),
        ({"momentum": 0.9}, "optimiser: AdamW there, SGD here"),
    ],
)
def test_a_training_goes_on_only_from_its_own(tmp_path, change, words):
    job(tmp_path / "c", epochs=2)
    with pytest.raises(InputError, match=words) as error:
        job(tmp_path / "c", **change)
    assert "remove it to start anew" in str(error.value)
    assert job(tmp_path / "c")[2] == 2 * 5  # untouched by the refusals


def test_a_training_that_is_lost_leaves_its_last_good_state(tmp_path):
    with pytest.raises(InputError, match="not finite"):
        job(tmp_path / "c", poison=13)  # in the third epoch; all that follows is lost
    weights, history, steps = job(tmp_path / "c")
    assert steps == 2 * 5 and torch.equal(weights, job()[0]) and torch.equal(history, job()[1])


class TrainedConfig(Config):
    smoke = {"seeds": 2}
    epochs: int = Field(30, ge=1, description="chosen")


@experiment("toy.trained", TrainedConfig, block=1)
def trained(config, seeds, device):
    """Two trainings a seed, with a schedule, a second stream, and what a callback gathers."""
    results = []
    for seed in seeds:
        for rate in (0.05, 0.2):
            torch.manual_seed(seed)
            model = nn.Sequential(nn.Linear(6, 32), nn.BatchNorm1d(32), nn.Linear(32, 3))
            data, noise = torch.randn(64, 6, generator=generator("t", seed, "data")), generator("t", seed, "noise")
            optimiser = train.adam(model.parameters(), rate)
            trace, last = np.zeros(4 * config.epochs), []

            def loss(rows, model=model, data=data, noise=noise):
                return model(data[rows] + torch.randn(len(rows), 6, generator=noise)).square().mean()

            def record(step, model=model, trace=trace, last=last):
                trace[step - 1] = float(model[0].weight.detach().norm())
                last.append({"bias": np.float32(model[2].bias[0].item())})

            history = train.train(
                model,
                loss,
                64,
                batch=16,
                epochs=config.epochs,
                optimiser=optimiser,
                scheduler=train.warm_up_and_cosine(optimiser, 4 * config.epochs),
                order=generator("t", seed, "order"),
                streams=[noise],
                after_step=record,
                gathered=[trace, last],
            )
            results.append(
                [*trace, *history.tolist(), *(row["bias"] for row in last), float(model[2].weight.detach().sum())]
            )
    return {"x": np.array(results).reshape(len(seeds), -1)}


def computed_alone(unit):
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    torch.set_num_threads(1)
    unit.compute()


@pytest.mark.parametrize(
    ("name", "longest"), [("toy.trained", 0.4), ("yaras2024.longrun", 0.8), ("yaras2024.scenes_others", 0.8)]
)
def test_killed_at_random_moments_a_unit_ends_with_the_same_bits(name, longest, tmp_path, monkeypatch, capfd):
    """Ten kills each, thirty in all."""
    chosen = trained if name == "toy.trained" else catalog.find_experiment(name)
    if chosen is trained:
        monkeypatch.setattr(units_module, "closure", lambda module: {module: "1"})
    (unit,) = request(chosen, "smoke", "1,", "cpu").units
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "never killed"))
    expected = unit.compute()
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "killed"))
    monkeypatch.setattr(units_module, "CHECKPOINT_SECONDS", 0.0)
    context, chance, killed = multiprocessing.get_context("fork"), random.Random(name), 0
    while killed < 10:
        process = context.Process(target=computed_alone, args=(unit,))
        process.start()
        process.join(chance.uniform(0, longest))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        if process.exitcode == 0:  # it was through already: what it kept would only be read
            unit.forget()
        killed += 1
    assert killed == 10
    unfinished = list((tmp_path / "killed" / ".checkpoints").rglob("*.checkpoint"))
    start = time.perf_counter()
    entry = unit.compute()
    print(f"{name}: {len(unfinished)} checkpoints, {time.perf_counter() - start:.1f} s for the rest")
    for array in expected.arrays:
        assert entry.arrays[array].tobytes() == expected.arrays[array].tobytes(), array
    assert "cannot be used" not in capfd.readouterr().err
    unit.forget()
    assert not list((tmp_path / "killed").rglob("*.checkpoint"))


RESUMED = [
    "ren2023.runs",
    "ren2023.sgd_floor",
    "ren2023.training_set",
    "ren2023.digit_halves",
    "ren2023.captioned_shapes",
    "ren2023.icons",
    "huang2024.colored_mnist",
    "huang2024.colored_controls",
    "xue2024.bridge",
    "xue2024.digits",
    "xue2024.heads",
    "xue2024.semi",
    "xue2024.robustness_captioned",
    "yaras2024.icons_others",
    "yaras2024.scenes_moving",
    "yaras2024.starts",
    "yaras2024.quasi_static",
    "yaras2024.pretrained_sweep",
]


class Stopped(Exception):
    pass


@pytest.mark.parametrize("name", RESUMED)
def test_every_trained_experiment_can_be_taken_up_again(name, tmp_path, monkeypatch):
    """Stopped after its second checkpoint and begun again, to the same bits: no stream, nothing gathered and no layout
    in memory is forgotten."""
    (unit,) = request(catalog.find_experiment(name), "smoke", "1,", "cpu").units
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "whole"))
    expected = unit.compute()
    monkeypatch.setenv("MMCL_RESULTS", str(tmp_path / "stopped"))
    monkeypatch.setattr(units_module, "CHECKPOINT_SECONDS", 0.0)
    save, count = Checkpoint.save, []

    def stop_after_two(self, state):
        count.append(save(self, state))
        if len(count) == 2:
            raise Stopped

    monkeypatch.setattr(Checkpoint, "save", stop_after_two)
    with pytest.raises(Stopped):
        unit.compute()
    entry = unit.compute()
    assert len(count) >= 2
    for array in expected.arrays:
        assert entry.arrays[array].tobytes() == expected.arrays[array].tobytes(), array
