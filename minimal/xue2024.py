"""Xue, Joshi, Nguyen & Mirzasoleiman (ICLR 2024, arXiv 2310.04971): why contrastive image-text training is robust.

A core feature varies inside its class (dogs); a spurious one (grass) agrees with the class in training, not in the true
world. Supervised learning ends up on the spurious one. A linear contrastive learner reads off the cross-covariance of
images and captions: variation told is weight for the core. Run `python minimal/xue2024.py [--picture FILE.png]`.
"""

import argparse
from statistics import NormalDist

import matplotlib.pyplot as plt
import numpy as np
import torch

N, DIM, RANK, RHO = 400, 400, 2, 1.0  # pairs n, dimension d of both modalities, rows p of the encoders, regulariser rho
CORE, SPURIOUS, AGREE, NOISE = 1.0, 0.1, 0.95, 1.0  # data model 1: sigma_core, sigma_spu, p_spu, sigma_xi
normal_cdf = np.vectorize(NormalDist().cdf)


def draw_pairs(seed, pi_core=1.0, pi_spu=1.0):
    """Data model 1: images and captions (n x d), labels y = +-1, and D_I, D_T that map features to observations."""
    rng = np.random.default_rng(seed)
    y = rng.choice([-1.0, 1.0], N)
    means = np.stack([y, np.where(rng.random(N) < AGREE, y, -y)], 1)  # of the core and of the spurious feature
    z = means + rng.normal(size=(N, 2)) * [CORE, SPURIOUS]
    t = np.where(rng.random((N, 2)) < [pi_core, pi_spu], z, means)  # a variation left unsaid becomes its class mean
    map_image, map_text = (np.linalg.qr(rng.normal(size=(DIM, 2)))[0] for _ in "IT")
    noise = rng.normal(size=(2, N, DIM)) * NOISE / DIM**0.5
    return z @ map_image.T + noise[0], t @ map_text.T + noise[1], y, map_image, map_text


def contrastive_loss(w_image, w_text, x_image, x_text):
    """Mean over i != j of [(s_ij - s_ii) + (s_ji - s_ii)] / 2, plus (rho/2) ||W_I^T W_T||_F^2; s_ij: similarities."""
    s = (x_image @ w_image.T) @ (x_text @ w_text.T).T
    n, own = len(s), s.diagonal()[:, None]
    return ((s - own) + (s.T - own)).sum() / (2 * n * (n - 1)) + RHO / 2 * (w_image.T @ w_text).square().sum()


def minimiser(x_image, x_text, rank=RANK):
    """W_I^T W_T of least loss: the truncated SVD of S / rho, S = mean of x x_T^T over positive minus negative pairs."""
    n, positive = len(x_image), x_image.T @ x_text
    negative = np.outer(x_image.sum(0), x_text.sum(0)) - positive
    u, s, v = np.linalg.svd(positive / n - negative / (n * (n - 1)), full_matrices=False)
    return u[:, :rank] * s[:rank] @ v[:rank] / RHO


def train(seed, pairs=None, weights=None, steps=500):
    """Gradient descent of both learners on the same images: the loss and both classifiers' directions, step by step."""
    x_image, x_text, y, _, map_text = (torch.as_tensor(x) for x in pairs or draw_pairs(seed))
    weights = weights or np.random.default_rng(seed).normal(0, 0.01, (2, RANK, DIM))
    w_image, w_text, w = (torch.tensor(x, requires_grad=True) for x in (*weights, np.zeros(x_image.shape[1])))
    rate = 4 * len(y) / torch.linalg.matrix_norm(x_image, 2).item() ** 2  # 1 / smoothness of the supervised loss
    optimizer = torch.optim.SGD([{"params": [w_image, w_text], "lr": 0.1}, {"params": [w], "lr": rate}])
    seen = []
    for _ in range(steps):
        contrastive = contrastive_loss(w_image, w_text, x_image, x_text)
        supervised = torch.log1p(torch.exp(-y * (x_image @ w))).mean()
        optimizer.zero_grad()
        (contrastive + supervised).backward()  # they share no weights: each learner follows its own loss
        optimizer.step()
        zero_shot = w_image.T @ (w_text @ map_text[:, 0])  # prompt D_T E[z | y = 1] of the true world: no spurious part
        seen.append({"loss": contrastive, "contrastive": zero_shot, "supervised": w.clone()})
    return {name: torch.stack([now[name] for now in seen]).detach().numpy() for name in seen[0]}


def accuracy(direction, map_image):
    """Exact accuracies of sign(u.x): in distribution, in the true world, in conflict (grass of the other class)."""
    core, spurious = (direction @ map_image).T
    spread = np.sqrt((core * CORE) ** 2 + (spurious * SPURIOUS) ** 2 + NOISE**2 / DIM * (direction**2).sum(-1))
    agree, conflict = normal_cdf((core + spurious) / spread), normal_cdf((core - spurious) / spread)
    return np.stack([AGREE * agree + (1 - AGREE) * conflict, (agree + conflict) / 2, conflict], -1)


def theorem(pi_core, p=AGREE, c=CORE**2, s=SPURIOUS**2):
    """The same for large n and d: Theorems 4.4 (pi_core = 1) and 5.2, which prints pi_core^2 against its own proof."""
    den = np.sqrt((1 + pi_core * c) ** 2 * c + (2 * p - 1) ** 2 * s)
    conflict, agree = 1 - normal_cdf(np.array([2 * p - 2 - pi_core * c, -2 * p - pi_core * c]) / den)
    return np.array([p * agree + (1 - p) * conflict, (agree + conflict) / 2, conflict])


def sharing_accuracy(seed, pi, m=20, alpha=1.2, beta=0.5, n=40_000):
    """Data model 2: class +-k shows +-1 at k, +-alpha at k + m, and beta times the features of random other classes.
    The same accuracies; captions tell each feature with probability pi, and pi = 0 gives what supervision learns."""
    rng, row = np.random.default_rng(seed), np.arange(n)
    own, sign = rng.integers(m, size=n), rng.choice([-1.0, 1.0], n)
    z = rng.choice([-beta, beta], (2, n, 2 * m)) * np.repeat([1, alpha], m)
    z[:, row, own], z[:, row, m + own] = sign, alpha * sign * [[1], [-1]]  # the training law, and conflict
    told = (np.arange(2 * m) == own[:, None]) | (rng.random((n, 2 * m)) < pi)  # the own core is the label: always told
    scores = z @ minimiser(z[0], z[0] * told, 2 * m)[:, :m]  # class +-k has the score +-scores[k]
    agree, conflict = (scores[:, row, own] * sign >= np.abs(scores).max(2)).mean(1)
    return np.array([agree, (agree + conflict) / 2, conflict])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--picture", metavar="FILE.png")
    picture = parser.parse_args().picture
    torch.set_num_threads(1)
    table, (figure, axis) = {}, plt.subplots(layout="constrained")
    for seed in range(5):
        run, map_image, step = train(seed), draw_pairs(seed)[3], np.arange(1, 501)
        for name, colour in (("supervised", "C0"), ("contrastive", "C1")):
            curve = accuracy(run[name], map_image)
            axis.semilogx(step, curve[:, 0], colour + ":", step, curve[:, 1], colour)
            table.setdefault(f"{name}, by descent", []).append(curve[-1])
        for pi in (1.0, 0.5, 0.0):
            x_image, x_text, _, map_image, map_text = draw_pairs(seed, pi)
            learnt = accuracy(minimiser(x_image, x_text) @ map_text[:, 0], map_image)
            table.setdefault(f"contrastive, pi_core {pi}, by SVD", []).append(learnt)
            table.setdefault(f"    its theorem, pi_core {pi}", []).append(theorem(pi))
            table.setdefault(f"data model 2, captions pi {pi}", []).append(sharing_accuracy(seed, pi))
    print(f"{'mean +- sd of 5 seeds':<35}in distribution  true world      conflict")
    for name, x in table.items():
        print(f"{name:<33}", *(f"{np.mean(v):.3f} +- {np.std(v, ddof=1):.3f}" for v in zip(*x, strict=True)), sep="  ")
    if picture:
        axis.legend([f"{name}: {law} world" for name in ("supervised", "contrastive") for law in ("training", "true")])
        axis.set(xlabel="step of gradient descent", ylabel="accuracy")
        figure.savefig(picture, dpi=150)

# NOT in it: Theorem C.1's constants, rates, other sigma, p and negatives, CLIP's loss, SupCon, probes, real images.
