"""Our variant of the digits: the supervised line and offsets from it."""

import numpy as np
import pytest

from mmcl_core.papers.xue2024 import variants
from tests.tolerances import close


def test_the_supervised_line_and_the_offset_are_found_again():
    """Accuracies made to lie on a logit line, and a method half a logit above it."""
    x = np.array([1.0, 1.5, 2.0, 2.5])

    def made(offset):
        places = np.stack([x] + [1.4 * x - 2 + offset] * 5, -1)
        return np.broadcast_to(1 / (1 + np.exp(-places)), (3, 4, 6))

    a = {"supervised": made(0.0), "rich": made(0.5)}
    assert variants.supervised_line(a, 10**8) == pytest.approx((1.4, -2), abs=1e-4)
    np.testing.assert_allclose(variants.effective_robustness(a, "rich", 10**8), 0.5, atol=1e-4)
    np.testing.assert_allclose(variants.effective_robustness(a, "supervised", 10**8), 0, atol=1e-4)
    on, above = (1 / (1 + np.exp(-(1.4 * x - 2 + offset))) for offset in (0, 0.5))
    np.testing.assert_allclose(
        variants.accuracy_above_line(a, "rich", 10**8), np.broadcast_to(above - on, (3, 4)), atol=1e-4
    )
    np.testing.assert_allclose(variants.accuracy_above_line(a, "supervised", 10**8), 0, atol=1e-4)


def test_the_jackknife_is_the_plain_mean_for_a_plain_mean_and_widens_with_the_line():
    """Pseudo-values of a measure that is each seed's own are the samples; a line fitted to noisy seeds adds its
    noise."""
    stream = np.random.default_rng(0)
    a = {m: stream.uniform(0.5, 0.9, (6, 3, 6)) for m in ("supervised", "rich")}
    own = variants.jackknifed(lambda a, m: a[m][..., 0], a, "rich")
    assert close(own, a["rich"][..., 0])
    fixed = variants.effective_robustness(a, "rich", 1000)
    whole = variants.jackknifed(variants.effective_robustness, a, "rich", 1000)
    assert whole.std(0).mean() > fixed.std(0).mean()
