"""Ren & Li 2023, "On the Importance of Contrastive Loss in Multimodal Learning" (arXiv 2304.03717), in one script.

Two views show the same hidden signs, some louder than others, and two linear towers learn from pairs of views. If they
only pull positive pairs together, the views align but the loud signs take over: the condition number of the
representation grows and stays large. If they also push negative pairs apart, it grows and then falls to 1: aligned AND
balanced. Run `python minimal/ren2023.py [--picture FILE.png]`.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch

D, WIDTH, BATCH = 40, 200, 256  # dimension d of a view, neurons m of a tower, pairs N in a batch
RANK = 5  # r signs are shared by the views, the other d - r are noise
VARIANCES = torch.full((D,), 0.2, dtype=torch.float64)  # sigma_xi^2 of the noise
VARIANCES[:RANK] = torch.tensor([1.0, 0.8, 0.6, 0.4, 0.2])  # sigma_p^2 of the signal: unequal, or nothing to balance
RUNS = {  # inverse temperature tau^2 (None: positive pairs only), step size, steps; time is step size times steps
    "positives only": (None, 2.0, 200),
    "contrastive, tau^2 = 1": (1.0, 2.0, 400),
    "contrastive, tau^2 = 5": (5.0, 0.5, 200),
}


def observation_map(stream):
    """[A, A_xi] (d x d): orthogonal columns of length sigma, turned at random: the views share no coordinates."""
    return torch.linalg.qr(torch.randn(D, D, generator=stream).double())[0] * VARIANCES.sqrt()


def positive_pairs(stream):
    """The sources of N pairs, two N x d matrices of signs: the first r columns are shared, the noise is not."""
    first, second = torch.randint(0, 2, (2, BATCH, D), generator=stream).double() * 2 - 1
    second[:, :RANK] = first[:, :RANK]
    return first, second


def encode(w, observe, sources):
    """f(x) = W^T x / N with N^2 = E||W^T x||^2 over all data, not this sample: it is ||W^T [A, A_xi]||_F^2 / d."""
    x = sources @ observe.T / D**0.5
    return x @ w / ((w.T @ observe).square().sum() / D).sqrt()


def contrastive_loss(f_a, f_b, inverse_temperature):
    """-E log S_A - E log S_B: find the partner of each row, then of each column; the other N - 1 are negatives."""
    scores = inverse_temperature * f_a @ f_b.T
    log_s_a = scores.diagonal() - scores.logsumexp(1)
    log_s_b = scores.diagonal() - scores.logsumexp(0)
    return -log_s_a.mean() - log_s_b.mean()


def measure(w_a, w_b, a, b):
    """The towers' answers to each source, K = W^T [A, A_xi] / sqrt(d), tell all this exactly, without a test sample."""
    k_a, k_b = w_a.T @ a / D**0.5, w_b.T @ b / D**0.5
    products = (k_a * k_b)[:, :RANK].sum(0)  # the noise signs of the two views are independent and drop out
    values = torch.linalg.svdvals(k_a[:, :RANK])
    return {
        "condition_number": values[0] / values[-1],  # of the signal in view A: kappa, a ratio of singular values
        "alignment": products.sum() / (k_a.norm() * k_b.norm()),  # E<f_A, f_B> of a positive pair
        "correlations": products / (k_a.norm(dim=0) * k_b.norm(dim=0))[:RANK],  # the same sign by sign, as cosines
        "noise": (k_a[:, RANK:].norm() / k_a.norm()) ** 2,  # share of the output that is noise
    }


def train(seed, inverse_temperature, rate, steps, maps=None, weights=None, batches=None):
    """Stochastic gradient descent; returns all that `measure` measures, at steps 0, 1, ..., `steps`.

    `maps`, initial `weights` (d x m) of both views and an iterator of `batches` are drawn from `seed` unless given.
    """
    stream = torch.Generator().manual_seed(seed)
    a, b = maps or (observation_map(stream), observation_map(stream))
    drawn = torch.randn(2, D, WIDTH, generator=stream).double() / WIDTH**0.5  # N(0, 1/m)
    w_a, w_b = (w.clone().requires_grad_() for w in (weights or drawn))
    batches = batches or (positive_pairs(stream) for _ in range(steps))
    optimizer = torch.optim.SGD([w_a, w_b], lr=rate)
    seen = [measure(w_a.detach(), w_b.detach(), a, b)]
    for _, (sources_a, sources_b) in zip(range(steps), batches, strict=False):
        f_a, f_b = encode(w_a, a, sources_a), encode(w_b, b, sources_b)
        positives_only = inverse_temperature is None
        loss = -(f_a * f_b).sum(1).mean() if positives_only else contrastive_loss(f_a, f_b, inverse_temperature)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seen.append(measure(w_a.detach(), w_b.detach(), a, b))
    return {name: torch.stack([now[name] for now in seen]).numpy() for name in seen[0]}


def limit_of_positives_only(signal, d):
    """Last kappa at infinite width: kappa^2 = max/min of s_p e^{2 s_p x} where sum_p e^{2 s_p x} = 2d fixes x."""
    signal, low, high = np.asarray(signal), -100.0, 100.0
    for _ in range(100):
        x = (low + high) / 2
        low, high = (x, high) if np.exp(2 * signal * x).sum() < 2 * d else (low, x)
    energies = signal * np.exp(2 * signal * x)
    return (energies.max() / energies.min()) ** 0.5


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="FILE.png")
    picture = parser.parse_args().picture
    torch.set_num_threads(1)
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    print(f"{'mean +- sd of 5 seeds':<24}kappa: start          peak            end             alignment: at peak  end")
    for i, (name, (inverse_temperature, rate, steps)) in enumerate(RUNS.items()):
        runs = [train(seed, inverse_temperature, rate, steps) for seed in range(5)]
        kappa, alignment = (np.stack([run[key] for run in runs]) for key in ("condition_number", "alignment"))
        numbers = kappa[:, 0], kappa.max(1), kappa[:, -1], alignment[range(5), kappa.argmax(1)], alignment[:, -1]
        print(f"{name:<24}", *(f"{x.mean():6.3f} +- {x.std(ddof=1):.3f}" for x in numbers))
        for axis, label, curves in zip(axes, ("condition number", "alignment"), (kappa, alignment), strict=True):
            axis.plot(rate * np.arange(1, steps + 1), curves[:, 1:].T, f"C{i}", label=[name, *[None] * 4], alpha=0.6)
            axis.set(xscale="log", yscale="log" if axis is axes[0] else "linear", xlabel="time", ylabel=label)
    print(f"{'infinite width':<24} positives only: kappa ends at {limit_of_positives_only(VARIANCES[:RANK], D):.3f}")
    if picture:
        axes[0].legend()
        figure.savefig(picture, dpi=150)

# NOT in it: the infinite-width flow, exact population gradients, other widths, small tau^2, unequal or Gaussian views,
# finite training sets, real data. The paper's body was not available: all numbers here (d, m, N, sigma) are our own.
