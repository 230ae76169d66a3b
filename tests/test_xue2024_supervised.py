"""Xue et al. 2024: supervised learning. The two-dimensional limit, hard margin, logistic, the exact multi-class
problem."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024 import supervised, theory
from mmcl_core.papers.xue2024.experiments.max_margin import competitor
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, Sharing, observe
from tests.tolerances import close


def observed(n=40, d_image=12, d_text=7, seed=0, sigma_xi=1.0, **changes):
    stream = np.random.default_rng(seed)
    sample = IntraClass(**changes).sample(Draws.of(n, stream))
    return (
        sample,
        observe(sample.image, d_image, sigma_xi, stream),
        observe(sample.text, d_text, sigma_xi, stream),
        stream,
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 100), st.floats(0.05, 5))
def test_the_two_dimensional_limit_is_a_minimum(seed, sigma_xi):
    sample = IntraClass(1.0, 0.1, 0.9).sample(Draws.of(200, np.random.default_rng(seed)))
    margins = sample.image * sample.label[:, None]

    def objective(w):
        return w @ w / 2 + (np.maximum(0, 1 - margins @ w) ** 2).sum() / (2 * sigma_xi**2)

    w = supervised.reduced_max_margin(sample.image, sample.label, sigma_xi)
    gradient = w - np.maximum(0, 1 - margins @ w) @ margins / sigma_xi**2
    np.testing.assert_allclose(gradient, 0, atol=1e-7 * (1 + 200 / sigma_xi**2))
    assert objective(w) <= minimize(objective, np.zeros(2)).fun + 1e-8


def test_hard_margin_has_no_intercept_and_the_least_norm():
    sample, x, _, _ = observed(n=40, d_image=300)
    w = supervised.hard_margin(x, sample.label)
    other = (
        LinearSVC(loss="hinge", C=1e4, fit_intercept=False, max_iter=200_000, tol=1e-8, random_state=0)
        .fit(x, sample.label)
        .coef_[0]
    )
    assert (sample.label * (x @ w)).min() == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(w, other, atol=2e-3 * np.abs(other).max())


def test_logistic_descent_in_the_span_is_plain_descent():
    sample, x, _, _ = observed(n=15, d_image=8)
    signed = torch.as_tensor(x * sample.label[:, None])
    rate = 4 / np.linalg.eigvalsh(signed.numpy() @ signed.numpy().T)[-1]
    w = torch.zeros(8, dtype=torch.float64, requires_grad=True)
    for _ in range(20):
        (step,) = torch.autograd.grad(torch.nn.functional.softplus(-signed @ w).sum(), w)
        w = (w - rate * step).detach().requires_grad_()
    assert close(supervised.logistic_descent(x, sample.label, 20), w.detach().numpy())


@pytest.mark.parametrize("sigma_xi", [1.0, 0.1])
def test_hard_margin_is_hard(sigma_xi):
    """No sample is let inside the margin, however large its weight must be: quiet noise makes memorising costly."""
    sample, x, _, _ = observed(n=40, d_image=300, sigma_xi=sigma_xi, p_spu=0.8)
    margins = sample.label * (x @ supervised.hard_margin(x, sample.label))
    assert margins.min() == pytest.approx(1, abs=2e-3)


def test_separability_is_a_fact_of_the_data():
    x, y = np.array([[1.0, 0.0], [2.0, 0.1], [-1.0, 0.3]]), np.array([1, 1, -1])
    assert supervised.separable(x, y)
    assert not supervised.separable(np.vstack([x, x[:1]]), np.append(y, -1))
    sample, wide, _, _ = observed(n=30, d_image=60)
    assert supervised.separable(wide, sample.label) and not supervised.separable(wide[:, :2], sample.label)


def test_the_probe_is_logistic_regression_and_does_not_see_the_basis():
    sample, *_ = observed(n=2000, p_spu=0.8)
    w = supervised.logistic_direction(sample.image, sample.label)
    theirs = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10).fit(sample.image, sample.label).coef_[0]
    np.testing.assert_allclose(w, theirs, rtol=1e-4)
    mixed = np.array([[2.0, 0.5], [-1.0, 1.5]])
    turned = supervised.logistic_direction(sample.image @ mixed.T, sample.label) @ mixed
    np.testing.assert_allclose(turned, w, rtol=1e-7)


@pytest.mark.parametrize("cell", [(2, 1.3, 0.4), (3, 0.3, 1 / 3), (3, 1.5, 0.5), (2, 0.5, 0.0)])
def test_the_multiclass_programme_is_feasible_and_of_least_norm(cell):
    model = Sharing(*cell)
    vectors = model.every_vector()
    w = supervised.multiclass_max_margin(vectors.image, vectors.label, model.classes)
    scores = vectors.image @ w.T
    rows, own = np.arange(len(scores)), (vectors.label[:, None] == model.classes).argmax(1)
    others = scores.copy()
    others[rows, own] = -np.inf
    assert close((scores[rows, own] - others.max(1)).min(), 1)
    np.testing.assert_allclose(w, competitor(model), atol=1e-9 * np.abs(w).max() + 1e-12)
    assert close((w**2).sum(), 2 * model.m / theory.overlap(model.alpha, model.beta))


def test_the_multiclass_programme_agrees_with_another_solver_on_random_vectors():
    stream = np.random.default_rng(0)
    label = np.repeat([1, 2, 3], 4)
    x = stream.standard_normal((12, 3)) + 4 * np.eye(3)[label - 1]
    w = supervised.multiclass_max_margin(x, label, np.array([1, 2, 3]))
    rows = []
    for v, y in zip(x, label, strict=True):
        for c in {1, 2, 3} - {y}:
            row = np.zeros((3, 3))
            row[y - 1], row[c - 1] = v, -v
            rows.append(row.ravel())
    theirs = minimize(
        lambda u: u @ u / 2,
        w.ravel() + 0.1,
        jac=lambda u: u,
        method="SLSQP",
        constraints=LinearConstraint(np.array(rows), 1),
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert theirs.fun == pytest.approx((w**2).sum() / 2, rel=1e-6)


def test_classes_that_cannot_be_separated_get_one_sentence():
    x = np.array([[1.0, 0.0], [1.0, 0.0]])
    with pytest.raises(InputError, match="separates"):
        supervised.multiclass_max_margin(x, np.array([1, 2]), np.array([1, 2]))


def test_class_accuracy_counts_ties_as_wrong_and_groups_apart():
    model = Sharing(2, 1.5, 0.3)
    patterns = model.every_pattern()
    assert supervised.class_accuracy(competitor(model), patterns.image, patterns, model.classes) == (1.0, 0.0)
    assert supervised.class_accuracy(0 * competitor(model), patterns.image, patterns, model.classes) == (0.0, 0.0)
