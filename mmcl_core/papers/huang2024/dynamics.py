"""Exact full-batch gradient descent on the losses of Huang et al. 2024 (section 3), seed-batched, in span coordinates.

Both losses are softmax cross-entropies over one positive and the negatives N_i, with the patch-wise similarity

    Sim(x, x') = (1/m) sum_r [ h_r(x_1) sg h'_r(x'_1) + h_r(x_2) sg h'_r(x'_2) ],

where sg stops the gradient. Single-modal: h' = h, the positive is the augmented view. Multi-modal: h' = g, the other
encoder, and the loss is the SUM of both directions. Per step the cost is O(m n^2) for each run, whatever d is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.errors import InputError
from mmcl_core.papers.huang2024.descent import Descent
from mmcl_core.papers.huang2024.setting import Modality, Problem


@dataclass(frozen=True)
class Encoder:
    """One encoder at one step. With v = (mu, xi_1..xi_n): `coefficients` c and `preactivations` <w_r, v_q>, both `[S,
    m, p]`."""

    coefficients: Float[Tensor, "S m p"]
    preactivations: Float[Tensor, "S m p"]
    modality: Modality

    @property
    def signal(self) -> Float[Tensor, "S m"]:
        """a_r = <w_r, mu>."""
        return self.preactivations[..., 0]

    @property
    def noise(self) -> Float[Tensor, "S m n"]:
        """z_ri = <w_r, xi_i>."""
        return self.preactivations[..., 1:]

    @property
    def gamma(self) -> Float[Tensor, "S m"]:
        """Signal coefficient of the decomposition w = w(0) + gamma mu/||mu||^2 + sum_i rho_i xi_i/||xi_i||^2 (eq.
        11)."""
        return self.coefficients[..., 0] * self.modality.squared_norms[:, None, 0]

    @property
    def rho(self) -> Float[Tensor, "S m n"]:
        """Noise coefficients of the same decomposition."""
        return self.coefficients[..., 1:] * self.modality.squared_norms[:, None, 1:]

    def patches(self, labels: Float[Tensor, "S n"]) -> tuple[Float[Tensor, "S m n"], Float[Tensor, "S m n"]]:
        """relu activations of the signal patch y_i mu and of the noise patch xi_i."""
        return torch.relu(self.signal[..., None] * labels[:, None]), torch.relu(self.noise)

    def embeddings(self, labels: Float[Tensor, "S n"]) -> Float[Tensor, "S n m"]:
        """hbar(x_i), the sum over both patches, of the training samples."""
        signal, noise = self.patches(labels)
        return (signal + noise).transpose(-1, -2)


@dataclass(frozen=True)
class State:
    """A run at `step`, before that step's update. `second` is None in single-modal training.

    `positive_weight` l'_i `[S, n]` and `negative_weights` l'_ij `[S, n, n]` are the softmax of the first direction;
    `ascents` are minus the gradient by each encoder's coefficients. All three are None where not asked for.
    """

    step: int
    loss: Float[Tensor, S]
    first: Encoder
    second: Encoder | None
    positive_weight: Float[Tensor, "S n"] | None = None
    negative_weights: Float[Tensor, "S n n"] | None = None
    ascents: list[Float[Tensor, "S m p"]] | None = None


Patches = tuple[Float[Tensor, "S m n"], Float[Tensor, "S m n"]]


def softmax_weights(
    anchor: Patches, positive: Patches, negative: Patches, problem: Problem, scale: float
) -> tuple[Float[Tensor, S], Float[Tensor, "S n"], Float[Tensor, "S n n"]]:
    """Loss and softmax weights of one direction; `scale` = k = 1/(m tau)."""
    toward = scale * sum((h * p).sum(1) for h, p in zip(anchor, positive, strict=True))
    against = scale * sum(h.transpose(-1, -2) @ q for h, q in zip(anchor, negative, strict=True))
    against = against.masked_fill(~problem.negatives, -torch.inf)
    log_total = torch.logaddexp(toward, against.logsumexp(-1))
    positive_weight = (toward - log_total).exp()
    return (log_total - toward).mean(-1), positive_weight, (against - log_total[..., None]).exp()


def ascent(
    anchor: Encoder,
    positive: Patches,
    negative: Patches,
    weights: tuple[Tensor, Tensor],
    labels: Float[Tensor, "S n"],
    scale: float,
) -> Float[Tensor, "S m p"]:
    """Minus the gradient of one direction's loss in span coordinates, so that c <- c + rate * ascent (Lemmas 5.1 and
    5.3).

    For each patch the bracket is (1 - l'_i) positive_ri - sum_j l'_ij negative_rj, gated by the anchor's relu.
    """
    own, others = weights
    n = labels.shape[-1]
    brackets = [(1 - own)[:, None] * p - q @ others.transpose(-1, -2) for p, q in zip(positive, negative, strict=True)]
    gated = (anchor.signal[..., None] * labels[:, None] > 0) * brackets[0]
    along_mu = torch.einsum("smi,si->sm", gated, labels)[..., None]
    return scale / n * torch.cat([along_mu, (anchor.noise > 0) * brackets[1]], -1)


def evaluate(
    problem: Problem, coefficients: list[Float[Tensor, "S m p"]], scale: float, step: int = 0
) -> tuple[State, list[Float[Tensor, "S m p"]]]:
    """The state at `coefficients` (one encoder: single-modal, two: multi-modal) and each encoder's ascent direction."""
    labels = problem.labels
    multimodal = len(coefficients) == 2
    modalities = (problem.first, problem.second)[: len(coefficients)]
    encoders = [Encoder(c, v.preactivations(c), v) for c, v in zip(coefficients, modalities, strict=True)]
    patches = [encoder.patches(labels) for encoder in encoders]
    if multimodal:
        partners = [(patches[1], patches[1]), (patches[0], patches[0])]
    else:
        view = problem.first.augmented(coefficients[0], encoders[0].preactivations)
        partners = [((patches[0][0], torch.relu(view)), patches[0])]
    terms = [softmax_weights(own, *other, problem, scale) for own, other in zip(patches, partners, strict=True)]
    state = State(
        step, sum(term[0] for term in terms), encoders[0], encoders[1] if multimodal else None, terms[0][1], terms[0][2]
    )
    directions = [
        ascent(e, *other, term[1:], labels, scale) for e, other, term in zip(encoders, partners, terms, strict=True)
    ]
    return state, directions


def start(problem: Problem, multimodal: bool) -> list[Float[Tensor, "S m p"]]:
    """The coefficients before training: zero, one array per encoder."""
    return [torch.zeros_like(v.initial) for v in (problem.first, problem.second)[: 1 + multimodal]]


DIVERGED = 1e6  # a loss that training never starts from: that is log(M + 1) for each direction


def stop_divergence(state: State) -> None:
    """`InputError` when a run has diverged: its loss is huge or, where a weight is no longer finite, NaN."""
    if not (state.loss < DIVERGED).all():
        raise InputError(f"Training diverged before step {state.step}: take a smaller rate, scale, signal or ratio")


def trajectory(
    problem: Problem,
    multimodal: bool,
    rate: float | Float[Tensor, S],
    steps: int,
    scale: float | None = None,
    stop_below: float | None = None,
    details: bool = False,
) -> Iterator[State]:
    """Every state from step 0 to `steps` of gradient descent, all runs at once.

    Parameters
    ----------
    rate : learning rate eta, one for all runs or `[S]`
    scale : k = 1/(m tau); None means tau = 1
    stop_below : freeze a run once its loss is below this, and end when all are frozen
    details : hand out the softmax weights and the ascents with every state

    Raises
    ------
    InputError
        When a run diverges.
    """
    labels, descent = problem.labels, Descent(problem, multimodal, 1 / problem.neurons if scale is None else scale)
    coefficients = start(problem, multimodal)
    rates = torch.as_tensor(rate, dtype=labels.dtype, device=labels.device).expand(len(labels))[:, None, None]
    for step in range(steps + 1):
        loss, preactivations = descent.look(coefficients)
        encoders = [Encoder(c, u, v) for c, u, v in zip(coefficients, preactivations, descent.modalities, strict=True)]
        more = (*descent.weights(), descent.ascents()) if details else ()
        state = State(step, loss, encoders[0], encoders[1] if multimodal else None, *more)
        stop_divergence(state)
        yield state
        if stop_below is not None:
            rates = torch.where((loss < stop_below)[:, None, None], 0.0, rates)
            if not rates.any():
                return
        ascents = state.ascents or descent.ascents()
        coefficients = [torch.addcmul(c, rates, a) for c, a in zip(coefficients, ascents, strict=True)]


def last(states: Iterable[State]) -> State:
    """The end of a trajectory; the states before it are not kept in memory."""
    return deque(states, maxlen=1).pop()
