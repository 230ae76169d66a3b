"""The signal-noise patch model of Huang et al. 2024 (section 3), held in the coordinates that training can reach.

A sample is a pair of patches (y mu, xi): signal and noise. Gradient descent moves every weight vector inside the span
of v = (mu, xi_1, ..., xi_n) only, because the second argument of each similarity is behind a stop-gradient. So a
run needs the inner products of those p = n + 1 vectors and of the initial weights with them, and never the dimension d
again. Two sources of inner products serve one training loop:

* `gaussian`: drawn vectors in R^d, the paper's own setting;
* `orthogonal`: mu and all xi_i exactly orthogonal with ||xi_i||^2 = sigma_xi^2 d, what the paper's lemmas idealise.

Letters in shapes: S runs (seeds, or seeds times grid cells), m neurons, n samples, p = n + 1, k test vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mmcl_core.runtime import generator

STREAM = "huang2024"  # one stream name for the whole paper: the same seed means the same data in every experiment


@dataclass(frozen=True)
class Modality:
    """Inner products of one modality.

    initial : `[S, m, p]` pre-activations <w_r(0), v_q>
    gram : `[S, p, p]` inner products <v_q, v_q'>, or `[S, p]` squared norms when the vectors are orthogonal
    initial_augmented : `[S, m, n]` <w_r(0), xi_i + eps_i>, for the modality that has an augmented view
    cross_augmented : `[S, p, n]` <v_q, xi_i + eps_i>; None when eps is orthogonal to the span
    """

    initial: Float[Tensor, "S m p"]
    gram: Float[Tensor, "S p p"] | Float[Tensor, "S p"]
    initial_augmented: Float[Tensor, "S m n"] | None = None
    cross_augmented: Float[Tensor, "S p n"] | None = None

    def preactivations(self, coefficients: Float[Tensor, "S m p"]) -> Float[Tensor, "S m p"]:
        """<w_r, v_q> for w_r = w_r(0) + sum_q c_rq v_q."""
        moved = coefficients * self.gram[:, None] if self.gram.ndim == 2 else coefficients @ self.gram
        return self.initial + moved

    def augmented(
        self, coefficients: Float[Tensor, "S m p"], preactivations: Float[Tensor, "S m p"]
    ) -> Float[Tensor, "S m n"]:
        """<w_r, xi_i + eps_i>, given <w_r, v_q>."""
        if self.cross_augmented is None:
            return self.initial_augmented + (preactivations - self.initial)[..., 1:]
        return self.initial_augmented + coefficients @ self.cross_augmented

    @property
    def squared_norms(self) -> Float[Tensor, "S p"]:
        """||mu||^2, ||xi_1||^2, ..., ||xi_n||^2."""
        return self.gram if self.gram.ndim == 2 else self.gram.diagonal(dim1=-2, dim2=-1)


@dataclass(frozen=True)
class Problem:
    """Everything a run needs: labels, who is a negative of whom, and the two modalities."""

    labels: Float[Tensor, "S n"]
    negatives: Bool[Tensor, "S n n"]
    first: Modality
    second: Modality
    downstream: Downstream | None = None

    @property
    def neurons(self) -> int:
        return self.first.initial.shape[1]


@dataclass(frozen=True)
class Downstream:
    """Out-of-distribution samples (y nu, zeta) of the first modality, as inner products with the first encoder.

    initial : `[S, m, k+1]` <w_r(0), (nu, zeta_1..zeta_k)>;  cross : `[S, p, k+1]`;  labels : `[S, k]`
    """

    labels: Float[Tensor, "S k"]
    initial: Float[Tensor, "S m q"]
    cross: Float[Tensor, "S p q"]

    def embeddings(self, coefficients: Float[Tensor, "S m p"]) -> Float[Tensor, "S k m"]:
        """hbar(x) = relu(<w, y nu>) + relu(<w, zeta>) of every test sample."""
        u = self.initial + coefficients @ self.cross
        signal = torch.relu(u[..., :1] * self.labels[:, None])
        return (signal + torch.relu(u[..., 1:])).transpose(-1, -2)


def opposite_labels(labels: Float[Tensor, "S n"]) -> Bool[Tensor, "S n n"]:
    """N_i = {j : y_j != y_i}, the label-aware negatives of the paper's proofs."""
    return labels[:, :, None] != labels[:, None, :]


def draw_labels(seeds: Sequence[int], n: int, purpose: str = "labels") -> Float[Tensor, "S n"]:
    """Uniform signs, one stream per seed."""
    return torch.stack(
        [2.0 * torch.randint(0, 2, (n,), generator=generator(STREAM, s, purpose)).double() - 1 for s in seeds]
    )


def normal(seeds: Sequence[int], purpose: str, *shape: int) -> Float[Tensor, "S ..."]:
    """Standard normal float64 draws `[S, *shape]`, one stream per (seed, purpose), always on the CPU."""
    drawn = [torch.randn(*shape, dtype=torch.float64, generator=generator(STREAM, s, purpose)) for s in seeds]
    return drawn[0][None] if len(drawn) == 1 else torch.stack(drawn)


def orthogonal(
    seeds: Sequence[int],
    n: int,
    m: int,
    signal: float,
    ratio: float,
    noise_norm_squared: float,
    initial_scale: float,
    augmentation: float = 0.1,
) -> Problem:
    """The orthogonal limit: ||mu|| = `signal`, ||mu~|| = `ratio` * `signal`, ||xi_i||^2 = `noise_norm_squared` =
    sigma_xi^2 d.

    The initial pre-activations are independent Gaussians with the variances that w(0) ~ N(0, initial_scale^2 I) gives
    them, and <w_r, eps_i> is a constant of the motion with relative scale `augmentation` = sigma_eps / sigma_xi.
    The classes are exactly balanced, as in the lemmas: with random labels the larger class grows faster by its excess.
    """
    labels = torch.ones(len(seeds), n, dtype=torch.float64)
    labels[:, n // 2 :] = -1
    norms = torch.full((n + 1,), noise_norm_squared, dtype=torch.float64)

    def modality(name: str, strength: float, augmented: bool) -> Modality:
        squares = norms.clone()
        squares[0] = strength**2
        initial = initial_scale * squares.sqrt() * normal(seeds, f"orthogonal weights {name}", m, n + 1)
        eps = augmentation * initial_scale * noise_norm_squared**0.5 * normal(seeds, "orthogonal augmentation", m, n)
        view = initial[..., 1:] + eps if augmented else None
        return Modality(initial, squares.expand(len(seeds), -1).clone(), view)

    return Problem(
        labels, opposite_labels(labels), modality("first", signal, True), modality("second", ratio * signal, False)
    )


def gaussian(
    seeds: Sequence[int],
    n: int,
    m: int,
    d: int,
    signal: float,
    ratio: float,
    initial_scale: float,
    noise: float = 1.0,
    augmentation: float = 0.1,
    downstream: float | None = None,
    downstream_samples: int = 200,
) -> Problem:
    """The paper's own setting: mu = `signal` e_1, mu~ = `ratio` * `signal` e_2, xi ~ N(0, `noise`^2 I_d), eps ~ N(0,
    `augmentation`^2 I_d).

    With `downstream` = ||nu|| given, `downstream_samples` test vectors (y nu, zeta), nu = `downstream` e_1, are
    attached. Seeds are reduced to inner products one by one, so at most one seed's vectors are in memory.
    """
    runs = [
        _gaussian_run(s, n, m, d, signal, ratio, initial_scale, noise, augmentation, downstream, downstream_samples)
        for s in seeds
    ]
    return stack(runs)


def _gaussian_run(
    seed: int,
    n: int,
    m: int,
    d: int,
    signal: float,
    ratio: float,
    s0: float,
    noise: float,
    augmentation: float,
    nu: float | None,
    k: int,
) -> Problem:
    labels = draw_labels([seed], n)
    vectors = drawn_vectors(seed, n, d, signal, ratio, noise, augmentation)
    weights = {name: initial_weights(seed, name, m, d, s0) for name in ("first", "second")}

    def modality(name: str, view: Float[Tensor, "n d"] | None) -> Modality:
        v, w = vectors[name], weights[name]
        extra = () if view is None else ((w @ view.T)[None], (v @ view.T)[None])
        return Modality((w @ v.T)[None], (v @ v.T)[None], *extra)

    test = None
    if nu is not None:
        patches = torch.zeros(k + 1, d, dtype=torch.float64)
        patches[0, 0] = nu
        patches[1:] = noise * normal([seed], "test noise", k, d)[0]
        v, w = vectors["first"], weights["first"]
        test = Downstream(draw_labels([seed], k, "test labels"), (w @ patches.T)[None], (v @ patches.T)[None])
    return Problem(
        labels, opposite_labels(labels), modality("first", vectors["augmented"]), modality("second", None), test
    )


def initial_weights(seed: int, name: str, m: int, d: int, initial_scale: float) -> Float[Tensor, "m d"]:
    """w_r(0) ~ N(0, initial_scale^2 I) of the encoder of modality `name`, "first" or "second"."""
    return normal([seed], f"weights {name}", m, d)[0].mul_(initial_scale)


def drawn_vectors(
    seed: int, n: int, d: int, signal: float, ratio: float, noise: float, augmentation: float
) -> dict[str, Float[Tensor, "rows d"]]:
    """The vectors in R^d of one seed: `first` and `second` are `[n+1, d]` (signal, then noise), `augmented` is `[n, d]`
    (xi + eps)."""

    def with_signal(strength: float, axis: int, name: str) -> Float[Tensor, "p d"]:
        v = torch.empty(n + 1, d, dtype=torch.float64)
        v[0] = 0
        v[0, axis] = strength
        # In place: at d = 2000 a copy costs as much as the drawing.
        torch.randn(n, d, dtype=torch.float64, generator=generator(STREAM, seed, f"noise {name}"), out=v[1:])
        v[1:] *= noise
        return v

    first, second = with_signal(signal, 0, "first"), with_signal(ratio * signal, 1, "second")
    return {
        "first": first,
        "second": second,
        "augmented": normal([seed], "augmentation", n, d)[0].mul_(augmentation).add_(first[1:]),
    }


def stack(problems: Sequence[Problem]) -> Problem:
    """Several problems of equal sizes as one, their runs one after another along `S`."""

    def cat(parts: list) -> object:
        if parts[0] is None:
            return None
        if isinstance(parts[0], Tensor):
            return torch.cat(parts)
        return replace(
            parts[0], **{name: cat([getattr(part, name) for part in parts]) for name in parts[0].__dataclass_fields__}
        )

    return cat(list(problems))


def with_signals(problem: Problem, first: float, second: float) -> Problem:
    """The same draws with signals `first` and `second` times as long: nothing but the products with mu changes."""

    def longer(modality: Modality, factor: float) -> Modality:
        scales = torch.ones_like(modality.initial[0, 0])
        scales[0] = factor
        gram = modality.gram * (scales**2 if modality.gram.ndim == 2 else scales[:, None] * scales)
        cross = modality.cross_augmented
        return replace(
            modality,
            initial=modality.initial * scales,
            gram=gram,
            cross_augmented=None if cross is None else cross * scales[:, None],
        )

    test = problem.downstream
    if test is not None:
        scales = torch.ones_like(test.cross[0, :, :1])
        scales[0] = first
        test = replace(test, cross=test.cross * scales)
    return replace(problem, first=longer(problem.first, first), second=longer(problem.second, second), downstream=test)


def to(problem: Problem, device: torch.device, dtype: torch.dtype | None = None) -> Problem:
    """`problem` on `device`; its numbers in `dtype` if one is given."""

    def move(part: object) -> object:
        if part is None:
            return None
        if isinstance(part, Tensor):
            return part.to(device, dtype if part.is_floating_point() else None)
        return replace(part, **{name: move(getattr(part, name)) for name in part.__dataclass_fields__})

    return move(problem)
