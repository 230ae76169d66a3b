"""Yaras et al. 2024, appendix C and slower temperatures: closed solutions, the missing factor 2, planted errors."""

import dataclasses

import numpy as np
import pytest

from mmcl_core.evidence.ledger import evaluate
from mmcl_core.evidence.verdicts import Verdict
from mmcl_core.papers.yaras2024 import dynamics, longtime
from mmcl_core.papers.yaras2024.claims import appendix_c as claims
from mmcl_core.papers.yaras2024.claims import slower
from mmcl_core.papers.yaras2024.experiments import appendix_c
from mmcl_core.papers.yaras2024.schemes import Exponential, Linear
from tests.named import run
from tests.tolerances import close


def result(name="other_schemes"):
    return run(f"yaras2024.{name}", "smoke")


def verdict(claim, r, **arrays):
    return evaluate(claim, "smoke", lambda name: dataclasses.replace(r, arrays=dict(r.arrays) | arrays)).verdict


def test_appendix_c_has_a_factor_two():
    for beta in (0.5, 5.0):
        assert appendix_c.scalar_rate(beta) == pytest.approx(2 * beta * np.exp(-beta), rel=1e-6)
    assert appendix_c.ramp_exponent(1.0, 3.0) == pytest.approx(2, rel=1e-5)
    # A schedule in two halves falls by the sum of both, each at its own fixed rate.
    steps = appendix_c.scheduled_fall(lambda t: 1.0 if t < 0.5 else 5.0)
    assert steps == pytest.approx(np.exp(-1) + 5 * np.exp(-5), rel=1e-4)


def test_the_scalar_rate_is_a_finite_difference_of_the_loss():
    gamma, step = 0.1, 1e-6
    loss = [np.exp(-3.0 * (1 - (gamma + h) ** 2)) for h in (-step, step)]
    assert appendix_c.scalar_rate(3.0, gamma) == pytest.approx((loss[1] - loss[0]) / (2 * step) / gamma, rel=1e-6)


@pytest.mark.parametrize("name", ["appc_schedule", "appc_ramp"])
def test_the_claims_on_prescribed_temperatures_would_see_the_printed_exponent(name):
    """Were the ratios 1 the paper's exponent would be reproduced; were one of them 1 it would not be refuted."""
    r = result()
    printed, corrected = getattr(claims, name), getattr(claims, f"{name}_corrected")
    assert (verdict(printed, r), verdict(corrected, r)) == (Verdict.refuted, Verdict.holds)
    keys = ("rate_over_printed", "schedule_over_printed", "ramp_over_printed")
    halved = {key: r[key] / 2 for key in keys}
    assert (verdict(printed, r, **halved), verdict(corrected, r, **halved)) == (
        Verdict.reproduced,
        Verdict.does_not_hold,
    )
    mixed = {key: np.append(r[key][1:], 1.0) for key in keys}
    assert verdict(printed, r, **mixed) == Verdict.undecided


def test_a_linear_temperature_closes_like_the_solved_model():
    """dbeta/dt = e^{-beta} for a small gap, so beta = log(t + e^{beta_0}) and log gamma falls by beta^2 - beta_0^2."""
    gamma_0, beta_0 = 1e-6, 1.0
    curve = longtime.closing(Linear(), beta_0, gamma_0, log_time=30)
    beta = np.log(np.exp(10.0) + np.exp(beta_0))
    assert curve.at(10.0) == pytest.approx(np.log(gamma_0) - beta**2 + beta_0**2, rel=1e-6)
    half = longtime.closing(Linear(), beta_0, gamma_0, alpha=0.5, log_time=30)
    beta = np.log(0.25 * np.exp(10.0) + np.exp(0.5 * beta_0)) / 0.5
    assert half.at(10.0) == pytest.approx(np.log(gamma_0) - beta**2 + beta_0**2, rel=1e-6)


def test_the_flow_by_autograd_is_the_solved_model_and_the_quadrature():
    gamma_0, times = 1e-6, np.array([0.0, 10.0, np.exp(8.0)])
    nu, log_gamma = appendix_c.scalar_flow(Linear(), 1.0, gamma_0, times).T
    beta = np.log(times + np.e)
    assert close(nu, beta)
    assert close(log_gamma, np.log(gamma_0) - beta**2 + 1)
    assert float(result()["linear_difference"]) < 1e-6


def test_the_linear_claim_catches_a_wrong_power():
    r = result()
    assert verdict(claims.appc_linear, r) == Verdict.reproduced
    log_time = r["linear_early_log_time"]
    slower_way = r["linear_early_excess"] + np.exp(-0.5 * log_time)  # what is left falls more slowly
    assert verdict(claims.appc_linear, r, linear_early_excess=slower_way) == Verdict.not_reproduced
    unbounded = r["linear_early_excess"] + 0.001 * log_time**2  # t^{-1.001 log t}
    assert verdict(claims.appc_linear, r, linear_early_excess=unbounded) == Verdict.not_reproduced
    misread = r["linear_log_time"] + np.log(r["linear_log_time"])
    assert verdict(claims.appc_linear_reading, r, linear_log_gamma=-misread) == Verdict.does_not_hold
    assert verdict(claims.appc_linear_margin, r, linear_margin=r["linear_margin"][::-1]) == Verdict.does_not_hold


def test_exponents_of_slower_temperatures_catch_a_swapped_rate():
    r = result()
    assert verdict(slower.eta_exponent, r) == Verdict.holds and verdict(slower.appc_scale, r) == Verdict.holds
    assert verdict(slower.eta_exponent, r, rate_exponent=r["rate_exponent"][::-1]) == Verdict.does_not_hold
    linear_in_s = r["scale_exponent"] / np.array([[1], [2], [3]])
    assert verdict(slower.appc_scale, r, scale_exponent=linear_in_s) == Verdict.does_not_hold


def test_twins_are_told_from_strangers():
    """SLRT(eta) and exp(nu / s) agree at s = eta^(-1/2) and at no other s."""
    times = np.array([0.0, 10.0, 1000.0])
    one = dynamics.fixed_similarity(10, 1.0, 2.0, 0.3, Exponential(rate=0.25), times)[1]
    np.testing.assert_allclose(
        dynamics.fixed_similarity(10, 1.0, 2.0, 0.3, Exponential(scale=2.0), times)[1], one, rtol=1e-7
    )
    assert np.abs(dynamics.fixed_similarity(10, 1.0, 2.0, 0.3, Exponential(scale=4.0), times)[1] - one).max() > 0.1
