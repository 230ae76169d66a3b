"""The dynamics of huang2024 against plain autograd, literal loops, closed forms and each other."""

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from mmcl_core.catalog import find_experiment
from mmcl_core.errors import InputError
from mmcl_core.flow import integrate
from mmcl_core.papers.huang2024 import dynamics, heads, reference, setting, theory
from mmcl_core.papers.huang2024.descent import Descent
from mmcl_core.papers.huang2024.experiments.calibration import all_others, sampled_negatives
from tests.tolerances import close

N, M, D = 12, 7, 30
SIZES = dict(n=N, m=M, d=D, signal=2.0, ratio=3.0, initial_scale=0.1)


def last(problem, multimodal, rate=0.05, steps=40, scale=1.0):
    *_, state = dynamics.trajectory(problem, multimodal, rate, steps, scale)
    return state


@pytest.mark.parametrize("multimodal", [False, True])
@pytest.mark.parametrize("negatives", ["all opposite", "two opposite", "all others"])
@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_span_coordinates_equal_autograd_in_the_full_space(multimodal, negatives, scale):
    problem = setting.gaussian([3], **SIZES)
    chosen = {"all opposite": lambda p, s: p.negatives, "two opposite": sampled_negatives(2), "all others": all_others}[
        negatives
    ](problem, [3])
    from dataclasses import replace

    problem = replace(problem, negatives=chosen)
    vectors = setting.drawn_vectors(3, N, D, 2.0, 3.0, 1.0, 0.1)
    names = ("first", "second")[: 1 + multimodal]
    weights = [setting.initial_weights(3, name, M, D, 0.1) for name in names]
    trained, loss = reference.train(weights, vectors, problem.labels[0], chosen[0], 0.05, 40, scale)
    state = last(problem, multimodal, scale=scale)
    assert abs(float(loss - state.loss[0])) < 1e-12
    for name, start, end, encoder in zip(names, weights, trained, (state.first, state.second), strict=False):
        assert float((start + encoder.coefficients[0] @ vectors[name] - end).abs().max()) < 1e-12


@pytest.mark.parametrize("multimodal", [False, True])
def test_training_on_vectors_drawn_here_equals_autograd(multimodal):
    """Vectors, weights, labels and negatives come from this test: only inner products reach the dynamics."""
    random = torch.Generator().manual_seed(7)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=random)  # noqa: E731
    y = torch.tensor([1.0, -1, -1, 1, 1, -1, 1, -1, 1, 1, -1, -1], dtype=torch.float64)
    first, second = draw(N + 1, D), draw(N + 1, D)
    augmented, weights = first[1:] + 0.3 * draw(N, D), [0.2 * draw(M, D), 0.2 * draw(M, D)]
    negatives = torch.tensor([[a != b for b in y.tolist()] for a in y.tolist()])

    def modality(w, v, views):
        return setting.Modality((w @ v.T)[None], (v @ v.T)[None], (w @ views.T)[None], (v @ views.T)[None])

    problem = setting.Problem(
        y[None], negatives[None], modality(weights[0], first, augmented), modality(weights[1], second, second[1:])
    )
    vectors = {"first": first, "second": second, "augmented": augmented}
    trained, loss = reference.train(weights[: 1 + multimodal], vectors, y, negatives, 0.02, 30, 0.7)
    state = last(problem, multimodal, 0.02, 30, 0.7)
    assert abs(float(loss - state.loss[0])) < 1e-12
    for start, end, v, encoder in zip(weights, trained, (first, second), (state.first, state.second), strict=False):
        assert float((start + encoder.coefficients[0] @ v - end).abs().max()) < 1e-11


@pytest.mark.parametrize("multimodal", [False, True])
def test_one_update_is_the_printed_rule_as_a_literal_loop(multimodal):
    problem = setting.gaussian([1], **SIZES)
    state = last(problem, multimodal, steps=5)
    k, y = 0.7, problem.labels[0].tolist()
    own, partner = state.first, state.second if multimodal else state.first
    a, z = own.signal[0].tolist(), own.noise[0].tolist()
    b, u = partner.signal[0].tolist(), partner.noise[0].tolist()
    view = u if multimodal else problem.first.augmented(own.coefficients, own.preactivations)[0].tolist()
    relu = lambda x: max(x, 0.0)  # noqa: E731
    expected = torch.zeros(M, N + 1, dtype=torch.float64)
    for i in range(N):
        others = [j for j in range(N) if y[j] != y[i]]
        toward = k * sum(relu(a[r] * y[i]) * relu(b[r] * y[i]) + relu(z[r][i]) * relu(view[r][i]) for r in range(M))
        against = [
            k * sum(relu(a[r] * y[i]) * relu(b[r] * y[j]) + relu(z[r][i]) * relu(u[r][j]) for r in range(M))
            for j in others
        ]
        total = np.exp(toward) + np.exp(against).sum()
        own_weight, weights = np.exp(toward) / total, np.exp(against) / total
        assert close(own_weight + weights.sum(), 1)
        for r in range(M):
            signal = (1 - own_weight) * relu(b[r] * y[i]) - sum(
                w * relu(b[r] * y[j]) for w, j in zip(weights, others, strict=True)
            )
            noise = (1 - own_weight) * relu(view[r][i]) - sum(
                w * relu(u[r][j]) for w, j in zip(weights, others, strict=True)
            )
            expected[r, 0] += k / N * (a[r] * y[i] > 0) * signal * y[i]
            expected[r, 1 + i] += k / N * (z[r][i] > 0) * noise
    coefficients = [e.coefficients for e in (state.first, state.second) if e is not None]
    _, directions = dynamics.evaluate(problem, coefficients, k)
    assert float((directions[0][0] - expected).abs().max()) < 1e-13


def lopsided(problem, seeds):
    """Negatives that are not mutual: some j are a negative of i, but not i of j."""
    drawn = torch.rand(problem.negatives.shape, generator=torch.Generator().manual_seed(5)) < 0.6
    return problem.negatives & drawn


@pytest.mark.parametrize("multimodal", [False, True])
@pytest.mark.parametrize("choice", [None, lopsided, all_others])
@pytest.mark.parametrize("orthogonal", [False, True])
def test_the_arranged_step_is_the_law_as_it_is_written(multimodal, choice, orthogonal):
    """`Descent` against `evaluate`: loss, weights and update, where nothing is learnt yet and where nearly all is."""
    from dataclasses import replace

    problem = (
        setting.orthogonal([0, 1], N, M, 2.0, 3.0, 30.0, 0.05) if orthogonal else setting.gaussian([0, 1], **SIZES)
    )
    if choice is not None:
        problem = replace(problem, negatives=choice(problem, [0, 1]))
    descent, coefficients = Descent(problem, multimodal, 0.7), dynamics.start(problem, multimodal)
    start = dynamics.evaluate(problem, coefficients, 0.7)[0].loss
    for step in range(120):
        state, ascents = dynamics.evaluate(problem, coefficients, 0.7, step)
        loss, preactivations = descent.look(coefficients)
        own, others = descent.weights()
        pairs = [(loss, state.loss), (own, state.positive_weight), (others, state.negative_weights)]
        pairs += zip(descent.ascents(), ascents, strict=True)
        encoders = [e for e in (state.first, state.second) if e is not None]
        pairs += [(z, e.preactivations) for z, e in zip(preactivations, encoders, strict=True)]
        assert max(float((a - b).abs().max()) for a, b in pairs) < 1e-13
        coefficients = [c + 0.2 * ascent for c, ascent in zip(coefficients, ascents, strict=True)]
    assert (state.loss < 0.7 * start).all()


def test_stopping_the_gradient_matters():
    """The reference without `detach` gives other gradients: the agreement above is not vacuous."""
    vectors = setting.drawn_vectors(3, N, D, 2.0, 3.0, 1.0, 0.1)
    problem = setting.gaussian([3], **SIZES)
    w = setting.initial_weights(3, "first", M, D, 0.1).requires_grad_()
    y = problem.labels[0]
    patches = (torch.relu(y[:, None] * (w @ vectors["first"][0])), torch.relu(vectors["first"][1:] @ w.T))
    view = (patches[0], torch.relu(vectors["augmented"] @ w.T))
    stopped = torch.autograd.grad(
        reference.contrastive_loss(patches, view, patches, problem.negatives[0], 1.0), w, retain_graph=True
    )[0]
    toward = sum((h * p).sum(1) for h, p in zip(patches, view, strict=True))
    against = sum(h @ p.T for h, p in zip(patches, patches, strict=True)).masked_fill(~problem.negatives[0], -torch.inf)
    free = torch.autograd.grad(-torch.log_softmax(torch.cat([toward[:, None], against], 1), 1)[:, 0].mean(), w)[0]
    assert float((free - stopped).norm() / stopped.norm()) > 0.1


@pytest.mark.parametrize("multimodal", [False, True])
@pytest.mark.parametrize(
    "make", [lambda s: setting.gaussian(s, **SIZES), lambda s: setting.orthogonal(s, N, M, 2.0, 3.0, 30.0, 0.05)]
)
def test_a_seed_alone_equals_the_same_seed_in_a_batch(multimodal, make):
    together, alone = last(make([0, 5, 2]), multimodal), last(make([5]), multimodal)
    assert float((together.first.coefficients[1] - alone.first.coefficients[0]).abs().max()) < 1e-13


def test_seeds_differ_and_streams_do_not_depend_on_the_batch():
    one, other = setting.gaussian([0], **SIZES), setting.gaussian([1], **SIZES)
    assert float((one.first.initial - other.first.initial).abs().min()) > 0
    stacked = setting.stack([one, other])
    assert torch.equal(stacked.first.gram, setting.gaussian([0, 1], **SIZES).first.gram)


@pytest.mark.parametrize("multimodal", [False, True])
def test_orthogonal_is_gaussian_with_a_diagonal_gram(multimodal):
    from dataclasses import replace

    diagonal = setting.orthogonal([0, 1], N, M, 2.0, 3.0, 30.0, 0.05)
    dense = replace(
        diagonal,
        first=replace(diagonal.first, gram=torch.diag_embed(diagonal.first.gram)),
        second=replace(diagonal.second, gram=torch.diag_embed(diagonal.second.gram)),
    )
    a, b = last(diagonal, multimodal), last(dense, multimodal)
    assert float((a.first.preactivations - b.first.preactivations).abs().max()) < 1e-12


@pytest.mark.parametrize("multimodal", [False, True])
def test_softmax_weights_and_the_loss_of_tiny_weights(multimodal):
    problem = setting.orthogonal([0], 20, M, 2.0, 3.0, 30.0, 1e-9)
    state = next(iter(dynamics.trajectory(problem, multimodal, 0.1, 0, details=True)))
    assert close(float(state.loss[0]), (1 + multimodal) * np.log(11))
    total = state.positive_weight + state.negative_weights.sum(-1)
    assert float((total - 1).abs().max()) < 1e-12


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_linear_stage_is_the_closed_form(ratio):
    n, m, signal = 20, 15, 2.0
    problem = setting.orthogonal([0, 1], n, m, signal, ratio, 30.0, 1e-7)
    kappa = theory.growth_signal(0.5, signal, 1 / m, n // 2)
    first, *_, end = dynamics.trajectory(problem, True, 0.5, 30)
    predicted = theory.linear_stage(30, kappa, ratio, first.first.signal.numpy(), first.second.signal.numpy())
    np.testing.assert_allclose(end.first.signal.numpy(), predicted, rtol=1e-6)
    single = last(problem, False, rate=0.5, steps=30, scale=1 / m)
    np.testing.assert_allclose(single.first.signal.numpy(), first.first.signal.numpy() * (1 + kappa) ** 30, rtol=1e-6)


def test_stopped_runs_are_frozen():
    problem = setting.gaussian([0, 1, 2], **SIZES)
    states = list(dynamics.trajectory(problem, True, 0.2, 3000, 1.0, stop_below=0.05))
    assert (states[-1].loss < 0.05).all() and states[-1].step < 3000
    for run in range(3):
        stop = next(s.step for s in states if s.loss[run] < 0.05)
        assert torch.equal(states[stop].first.coefficients[run], states[-1].first.coefficients[run])


def test_downstream_embeddings_are_those_of_the_trained_weights():
    problem = setting.gaussian([4], **SIZES, downstream=1.5, downstream_samples=9)
    state = last(problem, False)
    weights = heads.trained_weights(state.first.coefficients[0], 4, N, D, 2.0, 3.0, 0.1)
    noise = setting.normal([4], "test noise", 9, D)[0]
    labels = problem.downstream.labels[0]
    expected = torch.relu(labels[:, None] * 1.5 * weights[:, 0]) + torch.relu(noise @ weights.T)
    assert float((problem.downstream.embeddings(state.first.coefficients)[0] - expected).abs().max()) < 1e-12


def test_flow_of_a_linear_field_is_the_exponential():
    start = [torch.tensor([[1.0, 2.0]], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64)]
    one, two = integrate(lambda s: [2 * s[0], -s[1]], start, [0, 0.5, 1.0])
    np.testing.assert_allclose(one[-1].numpy(), start[0].numpy() * np.exp(2), rtol=1e-7)
    np.testing.assert_allclose(two[1].numpy(), start[1].numpy() * np.exp(-0.5), rtol=1e-7)


@pytest.mark.parametrize("times", [[0], [1, 0], [0, 0, 1]])
def test_flow_refuses_times_that_do_not_increase(times):
    with pytest.raises(InputError, match="increasing"):
        integrate(lambda s: s, [torch.ones(1)], times)


@pytest.mark.parametrize(
    ("experiment", "overrides", "words"),
    [
        ("stage_one_single", {"initial_scales": (0, 1e-5)}, "initial_scales"),
        ("stage_one_single", {"initial_scales": (1, 1)}, "stage one would last"),
        ("stage_one_multi", {"rate": 1e-12}, "stage one would last"),
        ("power_law", {"initial_scales": (1e-3, -1e-4)}, "initial_scales"),
        ("step_size", {"rates": (0.2, 0.1, 0.05, 0)}, "rates"),
        ("log_growth", {"temperatures": (1, 0)}, "temperatures"),
        ("phase", {"strengths": (0,)}, "strengths"),
        ("phase", {"ratios": (-1,)}, "ratios"),
        ("crosstalk", {"initial_scales": (0,)}, "initial_scales"),
        ("sample_size", {"sizes": (1, 25)}, "sizes"),
        ("concentration", {"sizes": (0, 25)}, "sizes"),
        ("sample_size", {"rate": 0.1}, "Unknown field"),
        ("phase", {"ratio": 2.0}, "Unknown field"),
        ("downstream", {"test_samples": 50}, "Unknown field"),
        ("step_size", {"rate": 0.1}, "Unknown field"),
        ("sequence", {"sizes": (204, 288)}, "sizes"),
        ("races", {"growth": 0}, "growth"),
        ("thresholds", {"controls": (2,)}, "controls"),
        ("colored_samples", {"epochs": 1}, "Unknown field"),
    ],
)
def test_impossible_settings_get_one_sentence(experiment, overrides, words):
    """Also fields that an experiment would not read: setting one would recompute without effect."""
    with pytest.raises(InputError, match=words) as error:
        find_experiment(f"huang2024.{experiment}").config.at("smoke", **overrides)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("experiment", ["figure1", "stage_two", "downstream"])
def test_a_diverging_run_says_so(experiment, recwarn):
    declared = find_experiment(f"huang2024.{experiment}")
    with pytest.raises(InputError, match="diverged before step"):
        declared.compute(declared.config.at("smoke", rate=1e6), [0], torch.device("cpu"))
    assert not recwarn.list


def test_shapes_are_really_checked():
    problem = setting.gaussian([0], **SIZES)
    with pytest.raises(TypeCheckError):
        problem.first.preactivations(torch.zeros(1, M))
