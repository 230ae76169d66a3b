"""Our variant of the digits: the supervised line, offsets from it, and statements for every training size."""

import numpy as np
import pytest
import scipy.stats

from mmcl_core.evidence.claim import claims_of
from mmcl_core.evidence.rules import Outcome
from mmcl_core.papers.xue2024.claims import robustness as robustness_claims


def test_the_supervised_line_and_the_offset_are_found_again():
    """Accuracies made to lie on a logit line, and a method half a logit above it."""
    x = np.array([1.0, 1.5, 2.0, 2.5])

    def made(offset):
        places = np.stack([x] + [1.4 * x - 2 + offset] * 5, -1)
        return np.broadcast_to(1 / (1 + np.exp(-places)), (3, 4, 6))

    a = {"supervised": made(0.0), "rich": made(0.5)}
    assert robustness_claims.supervised_line(a, 10**8) == pytest.approx((1.4, -2), abs=1e-4)
    np.testing.assert_allclose(robustness_claims.effective_robustness(a, "rich", 10**8), 0.5, atol=1e-4)
    np.testing.assert_allclose(robustness_claims.effective_robustness(a, "supervised", 10**8), 0, atol=1e-4)
    on, above = (1 / (1 + np.exp(-(1.4 * x - 2 + offset))) for offset in (0, 0.5))
    np.testing.assert_allclose(
        robustness_claims.accuracy_above_line(a, "rich", 10**8), np.broadcast_to(above - on, (3, 4)), atol=1e-4
    )
    np.testing.assert_allclose(robustness_claims.accuracy_above_line(a, "supervised", 10**8), 0, atol=1e-4)


def test_a_statement_for_every_size_takes_the_least_certain_one():
    samples = np.array([[0.1, 0.3], [0.2, -0.1], [0.15, 0.4], [0.12, 0.2], [0.18, 0.1]])
    e = robustness_claims.at_each(samples)
    lows = [scipy.stats.t.interval(0.95, 4, loc=c.mean(), scale=c.std(ddof=1) / np.sqrt(5))[0] for c in samples.T]
    assert (e.low, e.n) == (pytest.approx(min(lows)), 5)
    rule = next(c for c in claims_of(robustness_claims) if c.name == "robustness_rich_above_line").rule
    assert [rule.judge(robustness_claims.at_each(s)) for s in (samples, samples[:, :1], -samples)] == [
        Outcome.undecided,
        Outcome.holds,
        Outcome.fails if max(lows) > 0 and min(lows) > 0 else Outcome.undecided,
    ]


def test_the_jackknife_is_the_plain_mean_for_a_plain_mean_and_widens_with_the_line():
    """Pseudo-values of a measure that is each seed's own are the samples; a line fitted to noisy seeds adds its noise."""
    stream = np.random.default_rng(0)
    a = {m: stream.uniform(0.5, 0.9, (6, 3, 6)) for m in ("supervised", "rich")}
    own = robustness_claims.jackknifed(lambda a, m: a[m][..., 0], a, "rich")
    np.testing.assert_allclose(own, a["rich"][..., 0], atol=1e-12)
    fixed = robustness_claims.effective_robustness(a, "rich", 1000)
    whole = robustness_claims.jackknifed(robustness_claims.effective_robustness, a, "rich", 1000)
    assert whole.std(0).mean() > fixed.std(0).mean()
