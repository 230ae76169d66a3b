"""The step of `dynamics.evaluate`, arranged so that nearly all of its time goes into matrix products.

What makes it short, all of it exact:

* the similarity of i with j in one direction is that of j with i in the other: one product and one exponential serve
  both directions of the multi-modal loss;
* a signal patch is one of two vectors, +mu or -mu: its part of all similarities is a 2 x 2 matrix between the classes,
  and travels through the products in two rows more;
* with E_ij = exp(k Sim_ij) over the negatives and r_i = sum_j E_ij, the bracket (1 - l'_i) p_i - sum_j l'_ij q_j is
  (r_i p_i - sum_j E_ij q_j) / total_i: no n x n array is divided, and nothing cancels where l'_i nears 1;
* no maximum is taken out of the exponentials: a similarity is a sum of products of relus, never negative, and beyond
  700 (88 in single precision) only where a run has diverged; its loss is then not a number, which `trajectory` refuses.

Arrays are kept from step to step; the pre-activations and gradients that are handed out are new every time.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mmcl_core.papers.huang2024.setting import Problem

gated = torch.ops.aten.threshold_backward.grad_input  # a relu's backward pass: one pass over the array, in place


class Descent:
    """The loss of `problem` at k = `scale` and its gradient: `look` at coefficients, then ask for `ascents`."""

    def __init__(self, problem: Problem, multimodal: bool, scale: float) -> None:
        labels, m = problem.labels, problem.neurons
        runs, n = labels.shape
        self.problem, self.scale = problem, scale
        self.modalities = (problem.first, problem.second)[: 1 + multimodal]
        self.classes = torch.stack([labels > 0, labels < 0], 1).to(labels)  # L, `[S, 2, n]`
        self.signs = labels.new_tensor([1.0, -1.0])
        self.negatives = problem.negatives.to(labels)
        self.symmetric = torch.equal(problem.negatives, problem.negatives.mT)

        def rows(over_classes: bool = True) -> Tensor:
            array = labels.new_empty(runs, m + 2, n)
            if over_classes:
                array[:, m:] = self.classes
            return array

        self.anchor = rows(False)  # relu(z_1), and the signal's similarities with both classes
        self.noise = [rows() for _ in self.modalities]  # relu(z) and L of each encoder
        self.positive = self.noise[::-1] if multimodal else [rows()]  # ... of the positive: the partner, or the view
        self.brackets = rows(False)
        self.products = labels.new_empty(runs, n, n)

    def look(self, coefficients: list[Float[Tensor, "S m p"]]) -> tuple[Float[Tensor, S], list[Float[Tensor, "S m p"]]]:
        """The loss and the pre-activations at `coefficients`."""
        m = self.problem.neurons
        z = [v.preactivations(c) for c, v in zip(coefficients, self.modalities, strict=True)]
        for rows, u in zip(self.noise, z, strict=True):
            torch.clamp_min(u[..., 1:], 0, out=rows[:, :m])
        # relu(a_r) and relu(-a_r), `[S, m, 2]`: a neuron's answers to the signals of the two classes.
        self.signal = [torch.relu(u[..., :1] * self.signs) for u in z]
        between = self.signal[0].mT @ self.signal[-1]
        self.anchor[:, :m] = self.noise[0][:, :m]
        torch.bmm(between.mT, self.classes, out=self.anchor[:, m:])
        products = torch.baddbmm(
            self.products, self.anchor.mT, self.noise[-1], beta=0, alpha=self.scale, out=self.products
        )
        if len(z) == 2:
            toward = products.diagonal(0, -2, -1).clone()
        else:
            view = self.problem.first.augmented(coefficients[0], z[0])
            torch.clamp_min(view, 0, out=self.positive[0][:, :m])
            toward = self.scale * (self.anchor * self.positive[0]).sum(1)
        products.exp_()
        backward = None if self.symmetric or len(z) == 1 else products.mT * self.negatives
        products *= self.negatives
        self.exponentials = [products, products.mT if backward is None else backward][: len(z)]
        self.sums = [e.sum(-1) for e in self.exponentials]
        self.own = toward.exp()
        self.totals = [self.own + s for s in self.sums]
        return sum((total.log() - toward).mean(-1) for total in self.totals), z

    def weights(self) -> tuple[Float[Tensor, "S n"], Float[Tensor, "S n n"]]:
        """l'_i and l'_ij of the first direction, where `look` was called last."""
        return self.own / self.totals[0], self.exponentials[0] / self.totals[0][..., None]

    def ascents(self) -> list[Float[Tensor, "S m p"]]:
        """Minus the gradient by each encoder's coefficients, where `look` was called last (Lemmas 5.1 and 5.3)."""
        m, n, brackets, found = self.problem.neurons, self.problem.labels.shape[1], self.brackets, []
        for k, exponentials in enumerate(self.exponentials):
            other = len(self.exponentials) - 1 - k
            # Minus the bracket times total_i; the last two rows are its sums over the partner's classes.
            torch.bmm(self.noise[other], exponentials.mT, out=brackets)
            brackets.addcmul_(self.positive[k], self.sums[k][:, None], value=-1)
            share = (-self.scale / n / self.totals[k])[:, None]
            along_mu = (brackets[:, m:] * share) @ self.classes.mT  # `[S, class of partner, class of anchor]`
            ascent = brackets.new_empty(*brackets[:, :m, 0].shape, n + 1)
            ascent[..., 0] = ((self.signal[k] > 0) * self.signs * (self.signal[other] @ along_mu)).sum(-1)
            gated(brackets[:, :m], self.noise[k][:, :m], 0, grad_input=brackets[:, :m])
            torch.mul(brackets[:, :m], share, out=ascent[..., 1:])
            found.append(ascent)
        return found
