"""Fields that were constants: at their defaults nothing moves, elsewhere they do what they say, held to literal
computations."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, normalize

from mmcl_core import catalog
from mmcl_core.catalog import find_experiment, find_figure
from mmcl_core.errors import InputError
from mmcl_core.lab.run import run
from mmcl_core.papers.huang2024 import dynamics, encoders, reference, setting
from mmcl_core.papers.huang2024.experiments.figure1 import FigureSetting
from mmcl_core.papers.huang2024.experiments.noises import NoisesSetting
from mmcl_core.papers.ren2023.closure import Closure
from mmcl_core.papers.ren2023.experiments import digit_halves
from tests.tolerances import close

CPU = torch.device("cpu")


def compute(name, seeds=(), **fields):
    e = find_experiment(name)
    return e.compute(e.config.at("smoke", **fields), list(seeds), CPU)


# Huang et al.: noise of the second modality, captions, duplicates.


def test_equal_and_independent_noises_are_figure_1_to_the_last_bit():
    mine, theirs = (run(find_experiment(name), "smoke") for name in ("huang2024.noises", "huang2024.figure1"))
    assert mine.keys() == theirs.keys() and all(np.array_equal(mine[k], theirs[k]) for k in theirs)


SMALL = {"n": 8, "m": 6, "d": 30, "signal": 2.0, "initial_scale": 0.05, "rate": 0.05, "epochs": 15}


@pytest.mark.parametrize(("size", "correlation"), [(2.0, 0.0), (1.0, 0.6), (0.5, -0.8), (3.0, 1.0)])
def test_other_noises_are_those_of_vectors_in_space(size, correlation):
    """Plain autograd on weights in R^d, the second modality's noise drawn as the model says, against the span."""
    c = NoisesSetting.at("paper", second_noise=size, noise_correlation=correlation, **SMALL)
    problem = c.problem([3])
    drawn = setting.drawn_vectors(3, c.n, c.d, c.signal, c.ratio, 1.0, c.augmentation)
    for i in range(1, c.n + 1):
        for k in range(c.d):
            mixed = correlation * drawn["first"][i, k] + np.sqrt(1 - correlation**2) * drawn["second"][i, k]
            drawn["second"][i, k] = size * mixed
    initial = [setting.initial_weights(3, name, c.m, c.d, c.initial_scale) for name in ("first", "second")]
    trained, _ = reference.train(initial, drawn, problem.labels[0], problem.negatives[0], c.rate, c.epochs, 1.0)
    state = dynamics.last(dynamics.trajectory(problem, True, c.rate, c.epochs, 1.0))
    for name, weights, encoder in zip(("first", "second"), trained, (state.first, state.second), strict=True):
        assert close(encoder.preactivations[0], weights @ drawn[name].T)
    assert not close(
        state.first.noise,
        dynamics.last(
            dynamics.trajectory(FigureSetting.at("paper", **SMALL).problem([3]), True, c.rate, c.epochs, 1.0)
        ).first.noise,
    )


@pytest.mark.parametrize("fields", [{"noise_correlation": 1.01}, {"noise_correlation": -2}, {"second_noise": 0}])
def test_noises_that_cannot_be_are_refused(fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        NoisesSetting.at("smoke", **fields)


def test_captions_say_what_their_name_says():
    train_set, _ = encoders.ColoredSetting.at("smoke", train_samples=30).data(0)
    for name, made in encoders.CAPTIONS.items():
        for row, colour, label in zip(made(train_set), train_set.colour, train_set.label, strict=True):
            expected = torch.zeros(20)
            if "colour" in name:
                expected[int(colour)] = 1
            if "label" in name:
                expected[10 + int(label)] = 1
            assert torch.equal(row, expected)


def test_masked_duplicates_are_no_negatives(monkeypatch):
    """The loss of a training step, against one row of logits after another."""
    seen = []
    config = find_experiment("huang2024.colored_mnist").config.at(
        "smoke", mask_duplicates=True, captions="label only", train_samples=40, test_samples=20, clip_batch=40, epochs=1
    )
    original = encoders.clip_loss

    def looked_at(image, text, temperature, ignored=None):
        value = original(image, text, temperature, ignored)
        seen.append((image.detach().double(), text.double(), float(value.detach())))
        return value

    monkeypatch.setattr(encoders, "clip_loss", looked_at)
    encoders.clip(config, 0, CPU, config.captions)
    image, text, value = seen[0]
    logits = normalize(image, dim=1) @ normalize(text, dim=1).T / config.clip_temperature
    losses = []
    for i in range(len(image)):
        kept = [j for j in range(len(image)) if j == i or not torch.equal(text[i], text[j])]
        assert len(kept) < len(image)  # ten labels, forty samples
        for row in (logits[i], logits[:, i]):
            losses.append(float(cross_entropy(row[kept][None], torch.tensor([kept.index(i)]))))
    assert value == pytest.approx(np.mean(losses), rel=1e-5)


# Ren & Li: tau^2 and K.


def test_a_run_s_slots_hold_whatever_temperature_is_asked_for():
    """Two temperatures that have changed places, each with its rate and its time, give each other's arrays."""
    own = compute("ren2023.runs", [0, 1])
    swapped = compute(
        "ren2023.runs",
        [0, 1],
        inverse_temperatures=(1.0, 5.0, 0.3),
        rates=(2.0, 2.0, 0.5, 8.0),
        times=(400.0, 800.0, 100.0, 8000.0),
    )
    for mine, theirs in (("tau2_5", "tau2_1"), ("tau2_1", "tau2_5"), ("noncontrastive", "noncontrastive")):
        for what in ("time", "condition_number", "alignment"):
            assert np.array_equal(swapped[f"{mine}_{what}"], own[f"{theirs}_{what}"])


def test_the_number_of_negatives_is_a_clock_and_the_temperature_is_not():
    """D4(b): the peak of kappa and the alignment there do not depend on K; when they come does."""
    few, many = (
        compute("ren2023.temperatures", inverse_temperatures=(1.0, 4.0), negatives=k, points=2000)["summary"]
        for k in (1, None)
    )
    assert few[:, [0, 2]] == pytest.approx(many[:, [0, 2]], rel=1e-2) and (few[:, 1] > many[:, 1]).all()
    assert abs(few[0, 0] / few[1, 0] - 1) > 0.1
    orbit = compute("ren2023.clock", inverse_temperature=0.5, negatives=(2, 7))["orbit"]
    assert np.abs(orbit / orbit[-1] - 1).max() < 1e-5


def test_an_orbit_has_no_values_where_its_run_does_not_get():
    orbit = compute("ren2023.clock", inverse_temperature=60.0, negatives=(1, 2))["orbit"]
    assert np.isnan(orbit[:, -1]).all() and np.isfinite(orbit[:, 30]).all() and np.nanmin(orbit) >= 1


@pytest.mark.parametrize(
    ("name", "fields", "array", "bound"),
    [
        ("ren2023.rates", {"cases": ((2.0, 3.0), (0.7, None))}, "error", 1e-6),  # against the numerical Jacobian
        ("ren2023.identities", {"losses": ((4.0, 2.0), (0.5, 9.0))}, "error", 1e-9),  # against autograd
    ],
)
def test_predictions_hold_at_other_losses(name, fields, array, bound):
    seeds = () if find_experiment(name).deterministic else (0,)
    assert compute(name, seeds, **fields)[array].max() < bound


def test_no_encoder_lies_below_the_least_loss_at_other_losses():
    found = compute("ren2023.minima", [0, 1], cases=((2.0, 7.0), (0.4, 60.0)))
    assert found["excess"].shape[-1] == 2 and found["excess"].min() > 0 and np.abs(found["at_minimum"]).max() < 1e-12


def test_only_contrastive_runs_follow_the_temperature():
    own, other = (compute("ren2023.variants", [0], inverse_temperature=t)["condition_number"][0] for t in (5.0, 1.0))
    same = own == other
    assert same.tolist() == [False, True] * 3


def test_digit_halves_train_at_the_temperatures_asked_for():
    """Two temperatures that have changed places give each other's linear towers; the other runs know neither."""
    small = {"train": 200, "horizon": 0.005}
    own = compute("ren2023.digit_halves", [0], **small)
    swapped = compute("ren2023.digit_halves", [0], inverse_temperature=1.0, small_inverse_temperature=5.0, **small)
    same = {name: np.array_equal(own[name], swapped[name]) for name in own if name.endswith("alignment")}
    assert same == {f"{run}_alignment": "nc" in run for run in digit_halves.RUNS}
    for what in ("kappa5", "alignment", "probe", "retrieval"):
        assert np.array_equal(own[f"linear_c_{what}"], swapped[f"linear_c_small_{what}"])
        assert np.array_equal(own[f"linear_c_small_{what}"], swapped[f"linear_c_{what}"])


def test_the_width_law_compares_the_negatives_asked_for():
    """K and infinitely many negatives are nearer to each other than K = 1 is to either, and order does not matter."""
    few, many, turned = (
        compute("ren2023.width_law", [0], widths=(6, 8, 10, 12), negatives=k)["clock"]
        for k in ((1.0, 1e9), (100.0, 1e9), (1e9, 1.0))
    )
    assert (many < 0.2 * few).all() and close(few, turned)


RANGES = [  # (experiment, tau^2, K): a range of one number leaves nothing to draw
    ("ren2023.sweep", {"inverse_temperatures": (2.0, 2.0), "negatives": 3.0}),
    ("ren2023.fresh_sweep", {"inverse_temperatures": (2.0, 2.0), "negatives": 3.0}),
    ("ren2023.forces", {"inverse_temperatures": (2.0, 2.0), "negatives": (3.0, 3.0)}),
    ("ren2023.balance_time", {"inverse_temperatures": (2.0, 2.0), "negatives": (3.0, 3.0)}),
    ("ren2023.equilibrium", {"inverse_temperatures": (2.0, 2.0), "negatives": (3.0, 3.0)}),
]


@pytest.mark.parametrize(("name", "fields"), RANGES, ids=[name for name, _ in RANGES])
def test_configurations_are_drawn_from_the_ranges_asked_for(name, fields, monkeypatch):
    """Of every closure that is made, its temperature and its number of negatives."""
    made = []

    def closure(*arguments, **named):
        made.append(Closure(*arguments, **named))
        return made[-1]

    monkeypatch.setattr(import_module(find_experiment(name).function.__module__), "Closure", closure)
    compute(name, [0, 1], **fields)
    assert len(made) == 2 and {(round(c.inverse_temperature, 9), round(c.negatives, 9)) for c in made} == {(2, 3)}
    made.clear()
    compute(name, range(5))
    config = find_experiment(name).config
    low, high = config.model_fields["inverse_temperatures"].default
    assert len({c.inverse_temperature for c in made}) == 5 and all(low <= c.inverse_temperature <= high for c in made)


def test_the_expansion_holds_at_other_losses():
    ratio = compute("ren2023.expansion", cases=((0.5, 2.0), (3.0, None), (1.0, 1.0)))["ratio"]
    assert ratio.shape == (3, 4) and np.abs(ratio[:, 0] - 1).max() < 0.01


def test_every_experiment_of_ren_and_li_with_a_contrastive_loss_has_its_temperature_and_negatives_as_fields():
    """A batch of N has K = N - 1 negatives. Without such a loss: the closed form, its limit, retrieval."""
    words = (
        ("temperature", "relative", "cases", "losses", "lowest"),
        ("negatives", "cases", "losses", "batch", "cold"),
    )
    without = {
        e.name
        for e in catalog.paper("ren2023").experiments
        if not all(any(w in field for field in e.config.model_fields for w in kind) for kind in words)
    }
    assert without == {"ren2023.closed_form", "ren2023.limit_growth", "ren2023.retrieval"}


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ren2023.width_law", {"negatives": (3, 3)}),
        ("ren2023.width_law", {"negatives": (0.5, 3)}),
        ("ren2023.sweep", {"inverse_temperatures": (3, 1)}),
        ("ren2023.forces", {"negatives": (0.5, 3)}),
        ("ren2023.equilibrium", {"inverse_temperature": 0}),
        ("ren2023.expansion", {"cases": ((1.0, 0.5),)}),
        ("ren2023.digit_halves", {"small_inverse_temperature": -1}),
        ("ren2023.temperatures", {"negatives": 0.5}),
        ("ren2023.temperatures", {"inverse_temperatures": (1.0, -1.0)}),
        ("ren2023.clock", {"negatives": (1, 2, 3)}),
        ("ren2023.runs", {"inverse_temperatures": (5.0, 0.0, 1.0)}),
        ("ren2023.phase", {"lowest": 40}),
        ("ren2023.landscape", {"cases": ((1.0, 0.5), (1.0, 5.0), (6.0, 100.0))}),
        ("yaras2024.slow_closing", {"settings": ((1, 1.0, 0.3),)}),
        ("yaras2024.slow_closing", {"settings": ((2, 1.0, 1.0),)}),
        ("yaras2024.slow_closing", {"excess": 0.9}),
    ],
)
def test_settings_out_of_range_are_refused(name, fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        find_experiment(name).config.at("smoke", **fields)


def test_a_figure_s_words_follow_the_temperature():
    results = lambda name: run(find_experiment(name), "smoke", inverse_temperature=2.0)  # noqa: E731
    figure = find_figure("ren2023.fig11").make(results)
    assert "then $\\tau^2=2$" in figure.render("svg").decode()


# Yaras et al.: Theorem 3.2's settings.


def test_a_setting_of_one_s_own_is_computed_as_the_book_s_are():
    own = compute("yaras2024.slow_closing", points=2000)
    one = compute("yaras2024.slow_closing", points=2000, settings=((2, 2.0, 0.1),))
    assert all(np.array_equal(one[k][0], own[k][2], equal_nan=True) for k in own if k != "log_time")
    above = compute("yaras2024.slow_closing", points=2000, settings=((5, 1.0, 0.2),), excess=2.0)
    beta = 2 * np.log(16) / (1 - 0.2**2)  # twice log(4 (n - 1)) / (alpha (1 - gamma^2))
    assert above["c4"][0] == pytest.approx(beta * 0.2**0.5 * (1 - 0.04) * np.exp(-0.01) - 0.1)
    assert above["least_corrected"][0] >= 1 - 1e-9
