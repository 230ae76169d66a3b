"""The closed forms of the race against literal recursions, and the estimators that test them against made-up
results."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcl_core import catalog, stats
from mmcl_core.evidence.rules import Outcome
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.papers.huang2024 import bounds, dynamics, setting, theory
from mmcl_core.papers.huang2024.claims import conditions, controls, thresholds
from mmcl_core.papers.huang2024.experiments import races, scaling, stage_two
from mmcl_core.papers.huang2024.experiments.sequence import FIGURE, GENERIC, SMALLEST
from mmcl_core.papers.huang2024.window import Window
from tests.named import run
from tests.tolerances import close

CLAIMS = {c.name: c for c in catalog.paper("huang2024").claims}


def stored(name, **arrays):
    """The smoke result of an experiment with other arrays in it."""
    return replace(run(f"huang2024.{name}", "smoke"), arrays=arrays)


def race(kappa_signal, kappa_noise, signal, noise, level=1.0):
    """Two quantities that grow by their rates each step: the loser's size when the winner first reaches the level."""
    while max(signal, noise) < level:
        signal, noise = signal * (1 + kappa_signal), noise * (1 + kappa_noise)
    return signal, noise


def test_rates_are_those_of_the_paper_in_units_of_each_other():
    """kappa / kappa_n = n SNR^2 / 2, with the numbers of Figure 1."""
    kappa = theory.growth_signal(0.01, 5.0, 1.0, 50)
    kappa_n = theory.growth_noise(0.01, 2000.0, 1.0, 100, 50)
    assert close(kappa, 0.01 * 25 / 2 * 50 / 51)
    assert close(kappa_n, 0.01 * 2000 / 100 * 50 / 51)
    assert close(kappa / kappa_n, theory.signal_to_noise(100, 5.0, 2000.0) / 2)


@pytest.mark.parametrize("n_snr_squared", [1.25, 1.75])
def test_powers_of_the_loser_in_the_initial_scale_by_a_literal_race(n_snr_squared):
    ratio, kappa_n = 3.0, 1e-3
    scales = np.array([1e-3, 1e-5, 1e-7])
    single = [race(kappa_n * n_snr_squared / 2, kappa_n, s, s)[0] for s in scales]
    multi = [race(kappa_n * ratio * n_snr_squared / 2, kappa_n, s, s)[1] for s in scales]
    fitted = [np.polyfit(np.log(scales), np.log(x), 1)[0] for x in (single, multi)]
    assert fitted[0] == pytest.approx(theory.exponent_signal_single(n_snr_squared), abs=2e-3)
    assert fitted[1] == pytest.approx(theory.exponent_noise_multi(n_snr_squared, ratio), abs=2e-3)


def test_power_of_the_noise_in_n_by_a_literal_race():
    """At fixed n SNR^2 and sigma_0 sigma_xi sqrt d the signal starts like n^(-1/2), the noise does not move."""
    snr, ratio, kappa_n = 1.75, 3.0, 1e-3
    n = np.array([100.0, 1e3, 1e4, 1e5])
    noise = [race(kappa_n * ratio * snr / 2, kappa_n, 0.01 * (snr / k) ** 0.5, 0.01)[1] for k in n]
    signal = [race(kappa_n * snr / 2, kappa_n, 0.01 * (snr / k) ** 0.5, 0.01)[0] for k in n]
    fitted = [np.polyfit(np.log(n), np.log(x), 1)[0] for x in (noise, signal)]
    assert fitted[0] == pytest.approx(theory.exponent_noise_in_n(snr, ratio), abs=2e-3) and fitted[0] > 0
    assert fitted[1] == pytest.approx(-0.5, abs=2e-3)


def test_the_exponent_of_the_orthogonal_limit_changes_sign_near_two():
    """At smoke sizes and with two seeds already; the rule of the claim is twenty times tighter."""
    for method in ("single", "multi"):
        assert CLAIMS[f"threshold_limit_{method}"].estimator(run("huang2024.thresholds", "smoke")).value == (
            pytest.approx(2, abs=0.1)
        )


def test_sign_change_interpolates_and_refuses_what_is_not_a_single_fall():
    grid = np.array([1.0, 2.0, 3.0])
    assert close(thresholds.sign_change(grid, np.array([2.0, 1.0, -1.0])), 2.5)
    assert np.isnan(thresholds.sign_change(grid, np.array([2.0, 1.0, 0.5])))
    assert np.isnan(
        thresholds.sign_change(grid, np.array([-1.0, 1.0, -1.0])) - thresholds.sign_change(grid, np.array([1.0, 2, 3]))
    )


def test_crossing_of_a_known_curve():
    control = np.geomspace(0.5, 8, 9)
    accuracy = np.clip(0.5 + 0.25 * np.log2(control), 0.4, 1)  # 0.8 at 2^1.2
    assert thresholds.crossing(control, accuracy) == pytest.approx(2**1.2, rel=0.01)
    assert np.isnan(thresholds.crossing(control, np.full(9, 0.5)))


@pytest.mark.parametrize(("wrong", "verdict"), [(False, Verdict.holds), (True, Verdict.does_not_hold)])
def test_a_single_cell_of_a_single_seed_on_the_wrong_side_is_enough(wrong, verdict):
    control, ratio = np.array([0.5, 2.0, 8.0]), np.array([1.0, 2.0])
    single = np.tile([0.5, 0.6, 0.95], (3, 1))
    multi = np.where(np.outer(control, ratio) > 2, 0.95, 0.5)[None].repeat(3, 0)
    multi[2, 2, 1] = 0.7 if wrong else 0.9
    claim = CLAIMS["threshold"]
    r = stored("phase", n_snr_squared=control, ratio=ratio, single_accuracy=single, multi_accuracy=multi)
    assert claim.judge(claim.estimator(r)) == verdict


@pytest.mark.parametrize(("shift", "outcome"), [(0.0, Outcome.holds), (0.2, Outcome.fails), (-0.2, Outcome.fails)])
def test_what_does_not_matter_is_an_equivalence_test_on_the_farthest_variant(shift, outcome):
    accuracy = np.full((5, len(controls.NAMES)), 0.9) + 0.001 * np.arange(5)[:, None]
    accuracy[:, controls.FEWER[1]] += shift
    r = stored("negatives", multi_accuracy=accuracy)
    claim = CLAIMS["negatives_number"]
    assert claim.rule.judge(claim.estimator(r)) == outcome


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 0.2])
def test_orders_are_fitted_over_all_sizes(exponent):
    size = np.array([204, 288, 408, 576])
    noise = 3 * size**exponent * np.exp(0.01 * np.random.default_rng(0).normal(size=(5, 4)))
    r = stored("races", size=size, multi_rho=noise, multi_typical_loser=noise)
    assert CLAIMS["lemma5_4_rate"].estimator(r).value == pytest.approx(exponent, abs=0.02)
    corrected = CLAIMS["lemma5_4_rate_corrected"].estimator(r).value
    assert corrected == pytest.approx(exponent - 1 / (3 * 1.75), abs=0.02)


def test_races_fall_and_rise_as_derived_already_at_smoke():
    r = run("huang2024.races", "smoke")
    assert stats.power_law(r["size"], r["single_typical_loser"]).value == pytest.approx(-0.5, abs=0.2)
    assert stats.power_law(r["size"], r["multi_typical_loser"]).value == pytest.approx(1 / 5.25, abs=0.15)


def test_the_gradient_along_a_run_is_autograds():
    """max ||grad L||^2/L of `times` on explicit orthogonal vectors, where plain autograd has the gradient."""
    r = run("huang2024.times", "smoke")
    c = r.config
    m, norm = c.neurons[0], c.dimensions[2]
    problem = c.problem([0], m, norm)
    scales = problem.first.squared_norms[0].sqrt()  # |v_q|: the columns of V are these times unit vectors
    labels, n = problem.labels[0], c.n
    weights = (problem.first.initial[0] / scales).clone()  # <w_r, v_q / |v_q|>

    def loss(w):
        a, z = w[:, :1] * scales[0] * labels, w[:, 1:] * scales[1:]
        view = z + (problem.first.initial_augmented[0] - problem.first.initial[0][:, 1:])
        own, seen = (torch.relu(a), torch.relu(z)), (torch.relu(a).detach(), torch.relu(view).detach())
        toward = sum((p * q).sum(0) for p, q in zip(own, seen, strict=True)) / m
        against = sum(p.T @ q.detach() for p, q in zip(own, own, strict=True)) / m
        against = against.masked_fill(labels[:, None] == labels[None], -torch.inf)
        return (torch.logsumexp(torch.cat([toward[:, None], against], 1), 1) - toward).mean()

    largest, step = 0.0, 0
    while True:
        w = weights.clone().requires_grad_()
        value = loss(w)
        (gradient,) = torch.autograd.grad(value, w)
        largest = max(largest, float(gradient.square().sum() / value.detach()))
        if value < c.precision:
            break
        weights, step = weights - c.rate * gradient, step + 1
    assert n == len(labels) and step == r["width_single_steps"][0, 0]
    assert close(r["width_single_gradient"][0, 0], largest)


def test_steps_scale_as_the_theorems_say_already_at_smoke():
    r = run("huang2024.times", "smoke")
    for method in ("single", "multi"):
        assert stats.power_law(r["dimensions"], r[f"dimension_{method}_steps"]).value == pytest.approx(-1, abs=0.15)
    # With 20 neurons and one modality some sample loses all of them, and waits.
    assert stats.power_law(r["neurons"], r["width_multi_steps"]).value == pytest.approx(1, abs=0.15)


def test_races_have_as_many_neurons_as_lemma_c12_asks_for():
    c = catalog.find_experiment("huang2024.races").config.at("book")
    assert [c.neurons(n) for n in (204, 576)] == [193, 219]
    facts = conditions.race_facts(replace(run("huang2024.races", "smoke"), config=c))
    assert all(1 <= f.enough_neurons < 1.01 for f in facts)


def test_conditions_say_where_a_setting_meets_the_assumption():
    r = run("huang2024.sequence", "smoke")
    full = {c.formula: c.measure([r]) for c in conditions.assumption(conditions.sequence_facts("full"), True)}
    square = {c.formula: c.measure([r]) for c in conditions.assumption(conditions.sequence_facts("square"), True)}
    dimension = r"(1) $d\,\sigma_0\sigma_\xi/n$"
    assert full[dimension][0] == pytest.approx(1, rel=1e-3)
    assert close(square[dimension][0], r.config.initial_noise) and not square[dimension][1]
    assert square["(1) $d/n^2$"] == (1.0, True)
    assert full[r"(6) $n\,\mathrm{SNR}^2$"] == (1.75, True) and full[r"(6), (7) $C_\mu n\,\mathrm{SNR}^2$"][1]
    figure = {
        c.formula: c.measure([run("huang2024.figure1", "smoke")])
        for c in conditions.assumption(conditions.figure_facts, True)
    }
    assert figure[r"(6) $n\,\mathrm{SNR}^2$"][0] == pytest.approx(1.25, rel=1e-3)
    assert not figure[r"(6), (7) $C_\mu n\,\mathrm{SNR}^2$"][1]
    # d (sigma_0 ||mu||)^2 = 500 (2e-3 * 3.536)^2 and d = n^2: s^2 n SNR^2 n, at the smallest n, the least favourable.
    third = r"(1) $d\,(\sigma_0\|\mu\|)^2$"
    assert figure[third][0] == pytest.approx(500 * (2e-3 * 3.536) ** 2, rel=1e-3) and not figure[third][1]
    assert square[third][0] == pytest.approx(0.0447**2 * 1.75 * min(r.config.sizes), rel=1e-3)
    assert {formula[:3] for formula in full} == {f"({part})" for part in range(1, 8)}, "Assumption 4.1 has seven parts"


def test_what_is_waived_says_why():
    formulas = [c.formula for claim in CLAIMS.values() for c in claim.conditions if not c.matters]
    assert formulas and all("does not matter, since" in formula for formula in formulas)


def test_a_new_signal_in_a_random_direction_tells_nothing_about_the_label():
    """The law is the same for nu_perp and -nu_perp: in the mean over both the error of each draw is near one half."""
    error = 1 - run("huang2024.sequence", "smoke")["full_multi_accuracy"][..., GENERIC]
    assert np.abs(error - 0.5).max() < 0.05


@pytest.mark.parametrize("multimodal", [False, True])
def test_the_window_is_the_least_factor_of_every_weight(multimodal):
    """C_l, its part while no coefficient exceeds 1, and the coefficients by its end, by loops over all weights."""
    problem = setting.orthogonal([0, 1], 10, 6, 3.0, 2.0, 40.0, 0.002)
    states = list(dynamics.trajectory(problem, multimodal, 0.6, 150, details=True))
    found = Window(2, torch.device("cpu"))
    for state in states:
        found.add(state)
    for s in range(2):
        factors, coefficients = [], []
        for state in states:
            worst = 1.0
            for i in range(10):
                others = [float(w) for w in state.negative_weights[s, i] if w > 0]
                for weight in [float(state.positive_weight[s, i]), *others]:
                    relative = weight * (len(others) + 1)
                    worst = max(worst, relative, 1 / relative)
            encoders = (state.first, state.second) if multimodal else (state.first,)
            factors.append(worst)
            coefficients.append(max(float(c[s].abs().max()) for e in encoders for c in (e.gamma, e.rho)))
        flat = next(k for k, f in enumerate(factors) if f > 1.01)
        assert close(found.deviation[s], max(factors)) and max(factors) > 2
        early = max(f for f, c in zip(factors, coefficients, strict=True) if c <= 1)
        assert close(found.early_deviation[s], early) and early < max(factors)
        assert close(found.reach[s], max(coefficients[:flat])) and found.end[s] == flat


def test_the_sequence_is_at_the_dimensions_it_says():
    r = run("huang2024.sequence", "smoke")
    n, c = r["size"], r.config
    np.testing.assert_array_equal(r["square_dimension"], np.broadcast_to(n**2, (2, 4)))
    np.testing.assert_allclose(r["full_dimension"], np.broadcast_to((n / c.initial_noise) ** 2, (2, 4)), rtol=1e-5)
    assert close(r["full_smallest"][0], (1.75 / n) ** 0.5)
    assert (r["full_multi_loss"] < c.precision).all() and (r["square_single_loss"] < c.precision).all()


def test_lengths_of_stage_one_in_the_races():
    """T1 of the races by hand: s = 0.0447, r = 0.1, n SNR^2 = 1.75, Cmu = 3."""
    assert bounds.stage_one_single(0.0447, 0.1) == round(np.log(20 / 0.0447) / np.log(1.096))
    start = 0.0447 * (1.75 / 204) ** 0.5
    assert bounds.stage_one_multi(start, 3 * 0.1 * 1.75) == round(np.log(20 / start) / np.log(1 + 0.48 * 0.525))


def test_the_dimension_of_the_assumption_hides_the_new_signal_from_head_b():
    """Already at smoke sizes, in every seed: what d = n^2 reads at two sigma, d = n/(sigma_0 sigma_xi) does not."""
    r = run("huang2024.sequence", "smoke")
    assert (r["square_multi_accuracy"][..., FIGURE] - r["full_multi_accuracy"][..., FIGURE]).min() > 0.1
    assert (1 - r["full_multi_accuracy"][..., SMALLEST]).min() > 0.25 - 0.02


@pytest.mark.parametrize(("accuracy", "outcome"), [(0.75, Outcome.holds), (0.9, Outcome.fails)])
def test_a_head_below_the_bound_on_the_error_is_caught(accuracy, outcome):
    """One head of one method in one cell is enough."""
    real = run("huang2024.sequence", "smoke")
    arrays = {k: np.full_like(v, 0.6) if v.dtype == float and "smallest" not in k else v for k, v in real.items()}
    arrays["full_multi_one_neuron"][1, 2] = accuracy
    claim = CLAIMS["thm4_3_scale_corrected"]
    assert claim.rule.judge(claim.estimator(replace(real, arrays=arrays))) == outcome


@pytest.mark.parametrize("experiment", [scaling.thresholds, races.races, stage_two.log_growth], ids=lambda e: e.name)
def test_single_precision_gives_the_numbers_of_double_precision(experiment, monkeypatch):
    """The audit of what is computed in single precision: far within what any claim on these experiments tolerates."""
    config = experiment.config.at("smoke")
    single = experiment.compute(config, (0, 1), torch.device("cpu"))
    original = setting.to
    monkeypatch.setattr(setting, "to", lambda problem, device, dtype: original(problem, device))
    double = experiment.compute(config, (0, 1), torch.device("cpu"))
    for name, exact in double.items():
        np.testing.assert_allclose(single[name], exact, rtol=2e-4, err_msg=name)
    assert any(not np.array_equal(single[name], exact) for name, exact in double.items())
