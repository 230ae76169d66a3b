"""Ren & Li 2023: the towers on real pairs. Which rows train, which rows are measured, and what the measures are."""

import numpy as np
import pytest
import torch

from mmcl_core.papers.ren2023 import two_towers
from mmcl_core.papers.ren2023.experiments import captioned_shapes, digit_halves, icons
from mmcl_core.runtime import generator
from tests.tolerances import close


def test_a_pair_is_never_in_training_and_test():
    """Also no row twice, all rows used, and another split for another seed."""
    data = two_towers.pairs(torch.zeros(50, 2), torch.zeros(50, 3), 30, 20, "test", [0, 1])
    for train, test in zip(data.train.tolist(), data.test.tolist(), strict=True):
        assert sorted(train + test) == list(range(50))
    assert data.test[0].tolist() != data.test[1].tolist()


class Captured(Exception):
    """Carries the data of an experiment out of it."""


@pytest.mark.parametrize(
    ("module", "experiment"),
    [
        (digit_halves, digit_halves.digit_halves),
        (captioned_shapes, captioned_shapes.captioned_shapes_towers),
        (icons, icons.icons),
    ],
    ids=["digits", "shapes", "icons"],
)
def test_no_experiment_trains_on_what_it_tests(module, experiment, monkeypatch):
    """Every training row is unlike every test row as data, too: no picture of a pair appears on both sides."""

    def stop(data, *_, **__):
        raise Captured(data)

    monkeypatch.setattr(module, "fit", stop)
    config = experiment.config.at("smoke")
    with pytest.raises(Captured) as caught:
        experiment.compute(config, (0, 1), torch.device("cpu"))
    data = caught.value.args[0]
    for train, test in zip(data.train, data.test, strict=True):
        assert len(train) == config.train and len(test) == config.test
        assert not set(train.tolist()) & set(test.tolist())


@pytest.mark.parametrize("run", ["linear_c", "linear_nc"])
def test_measures_are_taken_on_the_test_rows_of_the_trained_towers(run):
    """kappa, rank and alignment at the last step, computed here from the weights and the held-out rows."""
    x = torch.randn(300, 6, generator=generator("test", 3, "x"))
    y = x[:, :4] + torch.randn(300, 4, generator=generator("test", 3, "y"))
    data = two_towers.pairs(x, y, 40, 200, "test", [0])
    recipe = two_towers.Recipe(None if run.endswith("nc") else 5.0, width=3, batch=20, steps=60, rate=0.05)
    trained = two_towers.fit(data, recipe, "test", [0], torch.tensor([0, 60]), (2,))

    def measured(rows):
        made = []
        for tower, view in ((trained.first, x), (trained.second, y)):
            f = (view[rows].double() @ tower[0][0][0].double() + tower[0][1][0].double()).detach().numpy()
            f = f - f.mean(0)
            made.append(f / np.sqrt((f**2).sum(1).mean()))
        values = np.linalg.svd(made[0], compute_uv=False)
        return values[0] / values[1], float((made[0] * made[1]).sum(1).mean())

    held, seen = measured(data.test[0]), measured(data.train[0])
    assert trained.condition[0, -1, 0] == pytest.approx(held[0], rel=1e-4)
    assert trained.alignment[0, -1] == pytest.approx(held[1], abs=1e-4)
    assert abs(seen[1] - held[1]) > 0.01  # forty rows are overfitted, so that the two cannot be confused


def test_training_takes_fresh_random_rows_of_the_training_set_only():
    """Rows outside the training set are NaN: one of them in a batch would ruin everything. And steps differ."""
    x = torch.full((60, 3), float("nan"))
    rows = torch.arange(20)
    x[rows] = torch.randn(20, 3, generator=generator("test", 4, "x"))
    data = two_towers.Pairs(x, x.clone(), rows[None], rows[None])
    recipe = two_towers.Recipe(2.0, width=2, batch=5, steps=30)
    trained = two_towers.fit(data, recipe, "test", [0], torch.tensor([0, 30]), (2,))
    assert np.isfinite(trained.condition).all()


def test_batches_of_a_fit_differ_from_step_to_step(monkeypatch):
    seen = []
    original = two_towers.pulls
    monkeypatch.setattr(two_towers, "pulls", lambda a, b, t: seen.append(a.detach().clone()) or original(a, b, t))
    x = torch.randn(200, 4, generator=generator("test", 5, "x"))
    data = two_towers.pairs(x, x, 150, 50, "test", [0])
    recipe = two_towers.Recipe(2.0, width=4, batch=16, steps=6, rate=1e-9)
    two_towers.fit(data, recipe, "test", [0], torch.tensor([0, 6]), (2,))
    for first, second in zip(seen, seen[1:], strict=False):
        assert not torch.allclose(first, second, atol=1e-3)


def test_towers_start_independent_and_both_losses_start_alike():
    """Weights of two seeds, and of two towers, differ; the first recorded measures of both losses are the same."""
    first, second = (two_towers.tower("test", n, [0, 1], [40, 30], "gaussian")[0][0] for n in ("first", "second"))
    flat = [first[0], first[1], second[0], second[1]]
    for i in range(4):
        assert float(flat[i].square().mean()) == pytest.approx(1 / 30, rel=0.15)
        for j in range(i):
            assert abs(np.corrcoef(flat[i].flatten(), flat[j].flatten())[0, 1]) < 0.12
    x = torch.randn(100, 6, generator=generator("test", 6, "x"))
    data = two_towers.pairs(x, x, 60, 40, "test", [0])
    starts = [
        two_towers.fit(data, two_towers.Recipe(t, width=4, batch=20, steps=2), "test", [0], torch.tensor([0, 2]), (2,))
        for t in (None, 5.0)
    ]
    assert starts[0].condition[0, 0, 0] == starts[1].condition[0, 0, 0]


def test_retrieval_is_the_share_of_own_partners_in_disjoint_groups():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(1, 45, 4))
    b = a + 0.6 * rng.normal(size=(1, 45, 4))
    hits = []
    for start in (0, 20):  # the last five are no whole group
        x, y = a[0, start : start + 20], b[0, start : start + 20]
        cosine = [[u @ w / np.linalg.norm(u) / np.linalg.norm(w) for w in y] for u in x]
        hits += [int(np.argmax(row)) == i for i, row in enumerate(cosine)]
    assert close(two_towers.retrieval(a, b, 20)[0], np.mean(hits))


def test_the_halves_of_a_digit_are_disjoint_and_probed_on_held_out_rows(monkeypatch):
    """The probe is fitted on training rows with their labels and scored on test rows with theirs."""
    calls = []
    original = digit_halves.linear_probe_predictions

    def probe(train, labels, *test):
        calls.append((train, labels, test[0]))
        return original(train, labels, *test)

    monkeypatch.setattr(digit_halves, "linear_probe_predictions", probe)
    views = {}
    made = digit_halves.pairs
    monkeypatch.setattr(
        digit_halves, "pairs", lambda a, b, *r: views.update(a=a, b=b, data=made(a, b, *r)) or views["data"]
    )
    config = digit_halves.DigitHalvesSetting.at("smoke", horizon=0.002)
    digit_halves.digit_halves.compute(config, (0,), torch.device("cpu"))
    bunch = digit_halves.load_digits()
    whole = bunch.images / 16
    centred = whole - whole.mean(0)
    np.testing.assert_allclose(views["a"].numpy().reshape(-1, 8, 4), centred[:, :, :4], atol=1e-6)
    np.testing.assert_allclose(views["b"].numpy().reshape(-1, 8, 4), centred[:, :, 4:], atol=1e-6)
    assert len(calls) == len(digit_halves.RUNS)
    train = bunch.target[views["data"].train[0].numpy()]
    for features, labels, held in calls:
        assert (len(features), len(held)) == (config.train, config.test)
        np.testing.assert_array_equal(labels, train)
