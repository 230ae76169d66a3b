"""Ren & Li 2023: settings that cannot be, what experiments record, and claims that must fall when results are false."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.lab.config import Tier
from mmcl_core.lab.store import Store
from mmcl_core.papers.ren2023 import dynamics, setting, theory
from mmcl_core.papers.ren2023.claims.measures import rise
from mmcl_core.papers.ren2023.experiments import beyond, finite, floor, sweeps
from mmcl_core.papers.ren2023.experiments.runs import RunSetting
from mmcl_core.runtime import generator
from tests.named import run
from tests.tolerances import close

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"signal": (1.0, -0.5)}, "signal"),
        ({"rates": (0, 1, 1, 1)}, "rates"),
        ({"times": (1, 1, 1, -1)}, "times"),
        ({"d": 3}, "do not fit"),
        ({"batch": 1}, "batch"),
        ({"width": 10**6, "d": 20_000}, "GiB"),
    ],
)
def test_impossible_settings_get_one_sentence(overrides, words):
    with pytest.raises(InputError, match=words) as error:
        RunSetting.at("book", **overrides)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("experiment", "overrides", "words"),
    [
        ("sgd_floor", {"cold": ((0, 2.0), (32, 1.0), (32, 1.0), (32, 1.0))}, "cold"),
        ("sgd_floor", {"warm": ((32, 0.0),) * 4}, "warm"),
        ("sgd_floor", {"warm": ((2**16, 1.0),) * 4}, "GiB"),
        ("finite_width", {"widths": (0, 50)}, "widths"),
        ("training_set", {"pairs": (0,)}, "pairs"),
        ("population", {"widths": (-3,)}, "widths"),
        ("width_law", {"widths": (6, 50)}, "widths"),
        ("noise_inside", {"strengths": (-0.1,)}, "strengths"),
        ("digit_halves", {"steps": (0, 10, 10)}, "steps"),
        ("identities", {"signal_b": (1.0,)}, "as many"),
        ("retrieval", {"signal": (1.0, 0.5)}, "fewer codes"),
        ("landscape", {"negatives": 3.0}, "Unknown field"),
        ("finite_width", {"width": 100}, "Unknown field"),
        ("sgd_floor", {"batch": 64}, "Unknown field"),
    ],
)
def test_impossible_settings_of_every_experiment_get_one_sentence(experiment, overrides, words):
    with pytest.raises(InputError, match=words) as error:
        catalog.find_experiment(f"ren2023.{experiment}").config.at("smoke", **overrides)
    assert "\n" not in str(error.value)


def test_the_floor_starts_near_balance_and_averages_late_steps():
    """Without a rate nothing moves; `train` returns the mean of kappa over the last two thirds of its steps."""
    v = setting.views(8, (1.0, 0.5), 0.2)
    start = setting.initial_encoders(v, 20, [0, 1])
    still, kappa = floor.train(start, v, dynamics.Batches(v, 16, [0, 1], CPU), 2.0, 0.0, 9)
    assert close(still.a, start.a)
    assert close(kappa, dynamics.observe(start, v).condition_number.numpy())
    batches = dynamics.Batches(v, 16, [0, 1], CPU)
    seen = [
        dynamics.observe(e, v).condition_number.numpy()
        for _, e in dynamics.descend(start, v, lambda _: batches.law(2.0), 0.5, 9)
    ]
    _, late = floor.train(start, v, dynamics.Batches(v, 16, [0, 1], CPU), 2.0, 0.5, 9)
    assert close(late, np.mean(seen[3:], 0))


def test_a_finite_training_set_is_measured_on_its_own_pairs_and_on_the_population():
    """The alignment on two pairs is fitted far beyond that on the population; with very many they agree."""
    config = finite.SampleSetting.at("smoke", pairs=(4, 20_000), horizon=0.2, width=20, batch=64)
    r = finite.training_set.compute(config, (0, 1), CPU)
    gap = r["contrastive_trained_alignment"] - r["contrastive_alignment"]
    assert (gap[:, 0] > 0.5).all()
    assert np.abs(gap[:, 1]).max() < 0.05
    assert ((r["noncontrastive_top"] > 0.2) & (r["noncontrastive_top"] <= 1)).all()


@pytest.mark.parametrize("kind", ["feature", "input"])
def test_retrieval_under_noise_equals_the_model_written_out(kind):
    """Observations x = A z + level * noise with A = diag(sigma), encoders as matrices; noise on x or on W^T x."""
    config = beyond.RetrievalSetting.at("smoke", queries=400, codes=64)
    found = beyond.retrieval.compute(config, (0,), CPU)[kind][0]
    signal = np.array(config.signal)
    a = theory.NonContrastive(config.d, signal, config.noise).at(200.0)[0]
    stream = generator("ren2023", 0, "retrieval")
    chosen = torch.randperm(2**10, generator=stream)[:64].numpy()
    codes = np.array([[2.0 * ((c >> j) & 1) - 1 for j in range(10)] for c in chosen])
    noise = torch.randn(400, 10, generator=stream, dtype=torch.float64).numpy()
    for row, energies in enumerate((np.ones(10), signal, a)):
        w = np.diag(np.sqrt(energies / energies.sum()) / np.sqrt(signal))  # features W^T x, of mean square norm 1
        gallery = codes * np.sqrt(signal) @ w
        for column, level in enumerate(getattr(config, f"{kind}_noise")):
            x = codes[np.arange(400) % 64] * np.sqrt(signal)
            queries = x @ w + level * noise if kind == "feature" else (x + level * noise) @ w
            cosines = (queries @ gallery.T) / np.linalg.norm(gallery, axis=1)
            assert close(found[row, column], np.mean(cosines.argmax(1) == np.arange(400) % 64))


def shrunk(original):
    """Moments one per cent too small."""

    def law(points, positive, inverse_temperature, negatives):
        return lambda form: (
            original(points, positive, inverse_temperature, negatives)(form)[0] * 0.99,
            inverse_temperature,
        )

    return law


def named(name):
    return next(c for c in catalog.paper("ren2023").claims if c.id == f"ren2023.{name}")


@pytest.mark.parametrize("claim", ["d1", "d2a"])
def test_planted_errors_in_the_moments_are_caught(claim, monkeypatch, tmp_path):
    """On results computed afresh: a planted error must not be hidden by the store."""
    monkeypatch.setattr(dynamics, "population_contrastive", shrunk(dynamics.population_contrastive))
    row = evaluate(named(claim), Tier.smoke, lambda e: run(e, Tier.smoke, store=Store(tmp_path)))
    assert row.verdict == Verdict.does_not_hold


def judged(name, experiment, **arrays):
    claim = named(name)
    estimate = claim.estimator(replace(run(f"ren2023.{experiment}", Tier.smoke), arrays=arrays))
    return estimate, claim.judge(estimate)


@pytest.mark.parametrize(
    ("power", "verdict"),
    [(-0.5, Verdict.holds), (-1.0, Verdict.does_not_hold), (-0.1, Verdict.does_not_hold), (-0.76, Verdict.undecided)],
)
def test_the_exponent_in_the_width_has_an_interval_over_seeds(power, verdict):
    width = np.array([25, 100, 400, 1600])
    deviation = np.stack([width ** (power + x) for x in (-0.02, -0.01, 0, 0.01, 0.02)])
    estimate, found = judged("d2b_slope_contrastive", "width_law", width=width, contrastive=deviation)
    assert found == verdict
    assert estimate.n == 5
    assert estimate.low < power < estimate.high


def test_the_clock_is_no_law_when_the_orbits_do_not_come_together():
    width = np.array([6, 25, 100, 400])
    for power, verdict in ((-1.0, Verdict.holds), (0.0, Verdict.does_not_hold), (-0.5, Verdict.does_not_hold)):
        clock = np.stack([0.1 * width ** (power + x) for x in (-0.02, -0.01, 0, 0.01, 0.02)])
        assert judged("d4b", "width_law", width=width, clock=clock)[1] == verdict


def test_the_floor_has_an_interval_over_seeds():
    """Constants that are equal hold; constants twice as large in one setting do not, whatever the seeds' own noise."""
    noise = np.array([0.1, 0.2, 0.3, 0.4])
    rng = np.random.default_rng(0)
    flat = (1 + 0.02 * rng.normal(size=(5, 4))) * noise
    arrays = {"cold_noise": noise, "warm_noise": noise, "cold_excess": flat}
    assert judged("d9", "sgd_floor", **arrays, warm_excess=flat)[1] == Verdict.holds
    uneven = flat * np.array([1, 1, 2, 1])
    estimate, found = judged("d9", "sgd_floor", **arrays, warm_excess=uneven)
    assert found == Verdict.does_not_hold
    assert estimate.value == pytest.approx(2.0, abs=0.1)


def runs_result(kappa, alignment):
    """Results of `runs` in which the contrastive runs are given by hand, all alike, five seeds alike."""
    time = np.geomspace(1, 8000, 80)
    jitter = 1 + 1e-3 * np.arange(5)[:, None]
    values = {
        "time": time,
        "condition_number": kappa(time)[None] * jitter,
        "alignment": np.tile(alignment(time), (5, 1)),
    }
    return {f"{run}_{name}": x for run in ("tau2_0.3", "tau2_1", "tau2_5") for name, x in values.items()}


def test_the_first_stage_falls_with_a_run_that_never_rises_explodes_or_balances_first():
    """How high it rises is a statement of its own: a kappa of 197,232 rises, and is not as high as the flow says."""

    def aligned(t):
        return 1 - np.exp(-t / 100)

    def bump(top):
        return lambda t: 1.1 + 1.1 * np.exp(-t / 2000) + (top - 2.2) * np.exp(-((np.log(t / 200)) ** 2) / 2)

    for top, verdict in ((7.0, Verdict.reproduced), (2.0, Verdict.not_reproduced)):
        assert judged("p1_peak", "runs", **runs_result(bump(top), aligned))[1] == verdict
    assert judged("p1_height", "runs", **runs_result(bump(197_232), aligned))[1] == Verdict.does_not_hold
    late = runs_result(bump(7.0), lambda t: 1 - np.exp(-t / 3000))
    never = runs_result(lambda t: 2 + t / 1000, lambda t: 0.8 * aligned(t))
    assert judged("p1_peak", "runs", **never)[1] == Verdict.not_reproduced
    for arrays, of_paper, ours in (
        (runs_result(bump(7.0), aligned), Verdict.reproduced, Verdict.does_not_hold),
        (late, Verdict.not_reproduced, Verdict.holds),
    ):
        assert judged("p1_order", "runs", **arrays)[1] == of_paper
        assert judged("order_reverses", "runs", **arrays)[1] == ours


def test_the_rise_of_a_run_is_taken_where_others_peak():
    """Noise alone makes every run's own maximum a rise; taken at the others' peak it is none on average."""
    rng = np.random.default_rng(1)
    noise = np.exp(0.3 * rng.normal(size=(400, 20)))
    assert np.log(noise.max(1) / noise[:, 0]).mean() > 0.3
    assert abs(rise(noise).mean()) < 0.1
    true = noise * np.exp(2 * np.exp(-((np.arange(20) - 7) ** 2)))
    assert rise(true).mean() == pytest.approx(2, abs=0.1)


def test_fresh_configurations_are_none_of_the_sweep():
    """The range of d4e_corrected was chosen on the sweep's configurations, so that it is judged on others."""
    old, new = run("ren2023.sweep", Tier.smoke), run("ren2023.fresh_sweep", Tier.smoke)
    assert not set(old["relative_temperature"]) & set(new["relative_temperature"])
    path = sweeps.path(sweeps.random_closure(sweeps.SweepSetting(), 3))
    kappa = path.condition_number
    later = [k / kappa[path.peak() : i + 1].min() - 1 for i, k in enumerate(kappa) if i >= path.peak()]
    assert close(sweeps.rerise(path), max(later))
