"""Huang et al., On the Comparison between Multi-modal and Single-modal Contrastive Learning, NeurIPS 2024: Figure 1.

A sample is a signal patch y mu, which carries the label y, and a patch of pure noise xi. Single-modal contrast: the
positive is an augmented view, which repeats the noise as faithfully as the signal, and the filters memorise the noise.
Multi-modal: the positive is a second modality, which shares only the label and has the stronger signal, and the filters
learn the signal. Both losses vanish; only one encoder is of use for another signal vector nu and fresh noise.

Run it:  python minimal/huang2024.py [--seeds 5] [--picture figure1.png]
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch


def draw(seed, n=100, d=2000, m=50, signal=5.0, ratio=3.0, augmentation=0.1, shifted_signal=2.0, tests=200, scale=1e-3):
    """Two modalities, an augmented view of the first, a shifted test set (each: labels, signal, noise), and filters."""
    rng = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=rng, dtype=torch.float64)
    e1, e2 = torch.eye(2, d, dtype=torch.float64)
    y, xi = normal(n).sign(), normal(n, d)
    return {
        "first": (y, signal * e1, xi),
        "second": (y, ratio * signal * e2, normal(n, d)),
        "view": (y, signal * e1, xi + augmentation * normal(n, d)),  # drawn once, for the whole training
        "test": (normal(tests).sign(), shifted_signal * e1, normal(tests, d)),
        "filters": scale * normal(2, m, d),  # one set per modality, so small that what grows faster is what is learned
    }


def encode(w, y, mu, xi):
    """relu(<w_r, y mu>) and relu(<w_r, xi>), each [samples, filters]; the sum of the two is the embedding."""
    return torch.relu(torch.outer(y, w @ mu)), torch.relu(xi @ w.T)


def similarity(h, g):
    """Sim(x_i, x'_j) = 1/m sum_r sum_patches h_r(x_i) sg[g_r(x'_j)]: the stop-gradient sg makes x' a fixed target."""
    return sum(a @ b.detach().T for a, b in zip(h, g, strict=True)) / h[0].shape[1]


def info_nce(anchor, positive, negative, y, temperature):
    """-log of the positive's share. Negatives: the other label only, or else multi-modal memorises noise too."""
    toward = torch.exp(similarity(anchor, positive).diagonal() / temperature)
    against = torch.exp(similarity(anchor, negative) / temperature) * (y[:, None] != y)
    return -torch.log(toward / (toward + against.sum(1))).mean()


def contrastive_loss(w, data, method, temperature):
    """Single-modal: view against samples. Multi-modal: both directions between the modalities, added."""
    y, h = data["first"][0], encode(w[0], *data["first"])
    if method == "single":
        return info_nce(h, encode(w[0], *data["view"]), h, y, temperature)
    g = encode(w[1], *data["second"])
    return info_nce(h, g, g, y, temperature) + info_nce(g, h, h, y, temperature)


def downstream_accuracy(w, data):
    """A logistic head (free intercept, penalty |slope|^2 / 2) on the frozen embeddings, tested on the shifted data."""
    x, test = (torch.nn.functional.pad(sum(encode(w, *data[part])), (1, 0), value=1.0) for part in ("first", "test"))
    head, penalty = torch.zeros_like(x[0]), torch.ones_like(x[0])
    penalty[0] = 0  # the column of ones that pad() put first is the intercept
    for _ in range(30):  # Newton's method: the loss is convex
        p = torch.sigmoid(x @ head)
        gradient = x.T @ (p - (data["first"][0] > 0).double()) + penalty * head
        hessian = x.T @ ((p * (1 - p))[:, None] * x) + torch.diag(penalty)
        head = head - torch.linalg.solve(hessian, gradient)
    return ((test @ head).sign() == data["test"][0]).double().mean().item()


def train(seed=0, method="multi", data=None, epochs=200, rate=0.01, temperature=None, test_every=10):
    """Gradient descent of one seed: Figure 1's four curves at epochs 0..epochs (accuracy: NaN between tests)."""
    data = data or draw(seed)
    w = [start.clone().requires_grad_() for start in data["filters"]]
    temperature = temperature or 1 / len(w[0])  # our choice, the paper has none: at 1 nothing is learned in 200 epochs
    optimizer = torch.optim.SGD(w[: 1 if method == "single" else 2], lr=rate)
    history = []
    for epoch in range(epochs + 1):
        loss, filters = contrastive_loss(w, data, method, temperature), w[0].detach().clone()
        signal, noise = (filters @ data["first"][1]).abs().max().item(), (filters @ data["first"][2].T).max().item()
        accuracy = downstream_accuracy(filters, data) if epoch % test_every == 0 else np.nan
        history.append({"loss": loss.item(), "accuracy": accuracy, "signal": signal, "noise": noise})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {key: np.array([state[key] for state in history]) for key in history[0]} | {"filters": filters.numpy()}


def picture(runs, file):
    """Figure 1: mean over the seeds, in a band of one standard deviation."""
    figure, axes = plt.subplots(1, 4, figsize=(13, 3), layout="constrained")
    for ax, quantity in zip(axes, ("loss", "accuracy", "signal", "noise"), strict=True):
        for method, seeds in runs.items():
            curves = np.stack([run[quantity] for run in seeds])
            epoch = np.flatnonzero(np.isfinite(curves[0]))
            mean, spread = curves[:, epoch].mean(0), curves[:, epoch].std(0)
            ax.plot(epoch, mean, label=f"{method}-modal")
            ax.fill_between(epoch, mean - spread, mean + spread, alpha=0.25)
        ax.set(title=quantity, xlabel="epoch")
    axes[0].legend()
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Figure 1 of Huang et al. 2024")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--picture", metavar="FILE.png")
    options = parser.parse_args()
    torch.set_num_threads(1)
    runs = {method: [train(seed, method) for seed in range(options.seeds)] for method in ("single", "multi")}
    for method, seeds in runs.items():
        ends = {key: [run[key][-1] for run in seeds] for key in ("loss", "accuracy", "signal", "noise")}
        print(method, *(f"{key} {np.mean(end):.4f} +- {np.std(end):.4f}" for key, end in ends.items()), sep="   ")
    if options.picture:
        picture(runs, options.picture)

# NOT here: other heads (fitted on 200 labelled shifted samples, single-modal reaches .8: the head decides its number),
# the coefficients gamma and rho of the lemmas, the orthogonal limit, the phase diagram, ColoredMNIST.
