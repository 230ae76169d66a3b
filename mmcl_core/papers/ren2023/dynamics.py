"""Training both encoders exactly: every loss of this chapter moves them through one matrix Q of second moments (D1).

    dK_A/dt = s [ K_B Q^T / (N_A N_B) - Q_0 K_A M_A / N_A^2 ] Delta_A ,        Q_0 = <Q, K_A^T K_B> / (N_A N_B)

and the same with A and B exchanged. Q = H_A^T C H_B, where C holds minus the derivative of the loss by every inner
product between a point of view A and one of view B. Only C knows which loss it is; M is diag(E h^2), the identity for
signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.papers.ren2023.setting import Encoders, Views, draw_pairs
from mmcl_core.runtime import generator

Moments = tuple[Float[Tensor, "S d d"], float]  # Q, and the factor s in front of the flow
Law = Callable[[Float[Tensor, "S d d"]], Moments]  # from K_A^T K_B / (N_A N_B) to Q


def norms(e: Encoders, v: Views) -> tuple[Float[Tensor, "S"], Float[Tensor, "S"]]:
    """N_A and N_B: the root of the population second moment of the encoders' outputs."""
    return (e.a.square().sum(1) @ v.second_moment_a).sqrt(), (e.b.square().sum(1) @ v.second_moment_b).sqrt()


def similarity(e: Encoders, v: Views) -> Float[Tensor, "S d d"]:
    """K_A^T K_B / (N_A N_B): the inner product <f_A, f_B> as a bilinear form of the sources."""
    n_a, n_b = norms(e, v)
    return e.a.mT @ e.b / (n_a * n_b)[:, None, None]


def velocity(e: Encoders, v: Views, law: Law) -> Encoders:
    """Minus the gradient of the loss, in the coordinates of `setting` (D1)."""
    n_a, n_b = (n[:, None, None] for n in norms(e, v))
    form = similarity(e, v)
    q, s = law(form)
    q_0 = (q * form).sum((1, 2), keepdim=True)
    d = v.dimension
    return Encoders(
        s * (e.b @ q.mT / (n_a * n_b) - q_0 * e.a * v.second_moment_a / n_a**2) * v.variance_a / d,
        s * (e.a @ q / (n_a * n_b) - q_0 * e.b * v.second_moment_b / n_b**2) * v.variance_b / d,
    )


LARGEST = 75.0  # logits between its negative and it may be exponentiated and summed in single precision as they are


def batch_contrastive(h_a: Float[Tensor, "S N d"], h_b: Float[Tensor, "S N d"], inverse_temperature: float) -> Law:
    """Sum of both cross-entropies over the batch; the other N - 1 pairs are the negatives, so K = N - 1."""
    positive = 2 * h_a.mT @ h_b

    def law(form: Tensor) -> Moments:
        logits = inverse_temperature * (h_a @ form.to(h_a.dtype)) @ h_b.mT
        # On a GPU the question would be answered by waiting for it; there the safe way is always taken.
        low, high = logits.aminmax()
        safe = logits.is_cuda or not max(-low, high) < LARGEST
        negative = (_shifted_pull if safe else _plain_pull)(logits, h_a, h_b)
        return ((positive - negative) / h_a.shape[1]).to(form.dtype), inverse_temperature

    return law


def _plain_pull(logits: Tensor, h_a: Tensor, h_b: Tensor) -> Float[Tensor, "S d d"]:
    """H_A^T (softmax over rows + softmax over columns) H_B: one exponential serves both, and one product. The logits
    are overwritten."""
    exponentials = logits.exp_()
    rows, columns = exponentials.sum(-1, keepdim=True), exponentials.sum(-2, keepdim=True)
    return h_a.mT @ (exponentials.mul_(1 / rows + 1 / columns) @ h_b)


def _shifted_pull(logits: Tensor, h_a: Tensor, h_b: Tensor) -> Float[Tensor, "S d d"]:
    """The same for logits of any size: each softmax takes its own maxima out."""
    return h_a.mT @ torch.softmax(logits, -1).add_(torch.softmax(logits, -2)) @ h_b


def batch_noncontrastive(h_a: Float[Tensor, "S N d"], h_b: Float[Tensor, "S N d"]) -> Law:
    """Positive pairs only: minus the mean inner product over the batch."""
    return lambda form: ((h_a.mT @ h_b / h_a.shape[1]).to(form.dtype), 1.0)


def population_contrastive(
    points: Float[Tensor, "P d"], positive: Float[Tensor, "P P"], inverse_temperature: float, negatives: float
) -> Law:
    """The loss with K = `negatives` in the population: `points` are all 2^d sign vectors, `positive` is the law of
    pairs.

    Positive pairs are enumerated. Negatives are not: of independent signs b the mean of e^{<g, b>} is
    prod_k cosh(g_k), and that of e^{<g, b>} b is tanh(g) times it.
    """
    pairs = row, column = positive.nonzero(as_tuple=True)
    probability = positive[row, column]
    together = (points[row, :, None] * points[column, None, :]).flatten(1)  # h_A h_B^T of each positive pair
    d = points.shape[1]

    def law(form: Tensor) -> Moments:
        push, pulls = 0, []
        for anchor, g, odds in _against_negatives(points, form, pairs, inverse_temperature, negatives):
            missing = probability * torch.sigmoid(odds)
            push = push + missing
            weight = missing.new_zeros(len(form), len(points)).index_add_(1, anchor, missing)
            pulls.append(points.T @ (weight[..., None] * g.tanh()))
        return (push @ together).unflatten(1, (d, d)) - pulls[0] - pulls[1].mT, inverse_temperature

    return law


def population_noncontrastive(points: Float[Tensor, "P d"], positive: Float[Tensor, "P P"]) -> Law:
    """Positive pairs only, in the population."""
    q = points.mT @ positive @ points
    return lambda form: (q.expand_as(form), 1.0)


def population_loss(
    e: Encoders,
    v: Views,
    points: Float[Tensor, "P d"],
    positive: Float[Tensor, "P P"],
    inverse_temperature: float,
    negatives: float,
) -> Float[Tensor, "S"]:
    """L_C by enumeration; infinite for infinitely many negatives."""
    row, column = positive.nonzero(as_tuple=True)
    form = similarity(e, v)
    return sum(
        torch.logaddexp(odds, torch.zeros_like(odds)) @ positive[row, column]
        for _, _, odds in _against_negatives(points, form, (row, column), inverse_temperature, negatives)
    )


def _against_negatives(
    points: Tensor, form: Tensor, pairs: tuple[Tensor, Tensor], inverse_temperature: float, negatives: float
) -> Iterator[tuple[Tensor, Float[Tensor, "S P d"], Float[Tensor, "S pairs"]]]:
    """With anchors in view A, then in view B: each positive pair's anchor, the anchors' logits g as linear forms of
    their negative, and log(K mean e^{<g, b>} / e^logit) of each pair."""
    row, column = pairs
    along_a, along_b = (inverse_temperature * points @ f for f in (form, form.mT))
    logits = (along_a @ points.T)[:, row, column]
    for anchor, g in ((row, along_a), (column, along_b)):
        mean = (torch.logaddexp(g, -g) - math.log(2)).sum(-1)
        yield anchor, g, math.log(negatives) + mean[:, anchor] - logits


@dataclass(frozen=True)
class Observation:
    """What is measured along a run, for each seed."""

    condition_number: Float[Tensor, "S"]  # of the answers to the signal in view A, a ratio of singular values
    alignment: Float[Tensor, "S"]  # E <f_A, f_B> of a positive pair
    correlations: Float[Tensor, "S r"]  # rho_p, the cosine of column p of K_A and of K_B
    energies: Float[Tensor, "S r"]  # ||K_A,p||^2 / N_A^2
    noise: Float[Tensor, "S"]  # the noise's share of N_A^2
    weight_norm: Float[Tensor, "S"]  # ||W_A||_F^2


def observe(e: Encoders, v: Views) -> Observation:
    """All measurements of one moment."""
    signal_a, signal_b = e.a[..., : v.rank], e.b[..., : v.rank]
    n_a, n_b = norms(e, v)
    products = (signal_a * signal_b).sum(1)
    squares_a, squares_b = signal_a.square().sum(1), signal_b.square().sum(1)
    return Observation(
        condition_number(signal_a),
        products.sum(1) / (n_a * n_b),
        products / (squares_a * squares_b).sqrt(),
        squares_a / n_a[:, None] ** 2,
        e.a[..., v.rank :].square().sum((1, 2)) / n_a**2,
        (e.a.square() / v.variance_a * v.dimension).sum((1, 2)),
    )


def condition_number(signal: Float[Tensor, "S w r"]) -> Float[Tensor, "S"]:
    """Largest over smallest of the min(w, r) singular values. Below r neurons some directions are not represented at
    all and are left out."""
    values = torch.linalg.svdvals(signal)
    return values[:, 0] / values[:, -1]


def descend(
    e: Encoders, v: Views, law: Callable[[int], Law], rate: float, steps: int, begun: int = 0
) -> Iterator[tuple[int, Encoders]]:
    """Gradient descent from `e` at step `begun`: yields (step, encoders) up to step `steps`; `law(step)` is the loss of
    that step's batch. `InputError` when it diverges."""
    yield begun, e
    for step in range(begun, steps):
        change = velocity(e, v, law(step))
        e = Encoders(e.a + rate * change.a, e.b + rate * change.b)
        if not torch.isfinite(e.a.sum() + e.b.sum()):
            raise InputError(
                f"Training diverged at step {step + 1}: take a rate below {rate:g}, or signal and noise variances "
                f"nearer to 1"
            )
        yield step + 1, e


class Batches:
    """Fresh minibatches `[S, N, d]` of each seed's own stream, or batches from a fixed set of `pairs` pairs."""

    def __init__(
        self,
        v: Views,
        size: int,
        seeds: Sequence[int],
        device: torch.device,
        pairs: int | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self.views, self.device, self.dtype = v, device, dtype
        self.size = size if pairs is None else min(size, pairs)
        self.streams = [generator("ren2023", s, "batches") for s in seeds]
        self.fixed = None if pairs is None else [draw_pairs(v, pairs, stream, dtype) for stream in self.streams]

    def draw(self) -> tuple[Float[Tensor, "S N d"], Float[Tensor, "S N d"]]:
        """The next batch of every seed, on the device."""
        if self.fixed is None:
            drawn = [draw_pairs(self.views, self.size, stream, self.dtype) for stream in self.streams]
        else:
            rows = [
                torch.randperm(len(h_a), generator=stream)[: self.size]
                for stream, (h_a, _) in zip(self.streams, self.fixed, strict=True)
            ]
            drawn = [(h_a[i], h_b[i]) for i, (h_a, h_b) in zip(rows, self.fixed, strict=True)]
        return torch.stack([a for a, _ in drawn]).to(self.device), torch.stack([b for _, b in drawn]).to(self.device)

    def law(self, inverse_temperature: float | None) -> Law:
        """The loss on the next batch: contrastive at `inverse_temperature` (tau^2), non-contrastive for None."""
        h_a, h_b = self.draw()
        return (
            batch_noncontrastive(h_a, h_b)
            if inverse_temperature is None
            else batch_contrastive(h_a, h_b, inverse_temperature)
        )
