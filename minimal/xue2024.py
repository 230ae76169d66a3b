"""Xue, Joshi, Nguyen & Mirzasoleiman (ICLR 2024, arXiv 2310.04971): why contrastive image-text training is robust.

Core (dogs) against spurious feature (grass): supervision, contrast by a linear loss, a perfect reader under CLIP's.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
import torch

N, DIM, RANK, RHO = 400, 400, 2, 1.0  # pairs n, dimension d of both modalities, rows p of the encoders, regulariser rho
CORE, SPURIOUS, AGREE, NOISE = 1.0, 0.1, 0.95, 1.0  # data model 1: sigma_core, sigma_spu, p_spu, sigma_xi


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


def minimiser(x_image, x_text, rank=RANK):
    """W_I^T W_T of least loss: the truncated SVD of S / rho, S = mean of x x_T^T over positive minus negative pairs."""
    n, positive, every = len(x_image), x_image.T @ x_text, np.outer(x_image.sum(0), x_text.sum(0))
    u, s, v = np.linalg.svd(positive / n - (every - positive) / (n * (n - 1)), full_matrices=False)
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
        s = (x_image @ w_image.T) @ (w_text @ x_text.T)  # loss: mean over i != j of [(s_ij - s_ii) + (s_ji - s_ii)] / 2
        own, size = s.diagonal()[:, None], (w_image.T @ w_text).square().sum()
        contrastive = (s + s.T - 2 * own).sum() / (2 * N * (N - 1)) + RHO / 2 * size
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
    agree, conflict = torch.special.ndtr(torch.tensor(np.stack([core + spurious, core - spurious]) / spread)).numpy()
    return np.stack([AGREE * agree + (1 - AGREE) * conflict, (agree + conflict) / 2, conflict], -1)


def sharing_accuracy(seed, pi, m=20, alpha=1.2, beta=0.5, n=40_000):
    """The same for data model 2: class +-k shows +-1 at k, +-alpha at k + m, and beta times features of all others."""
    rng, row = np.random.default_rng(seed), np.arange(n)
    own, sign = rng.integers(m, size=n), rng.choice([-1.0, 1.0], n)
    z = rng.choice([-beta, beta], (2, n, 2 * m)) * np.repeat([1, alpha], m)
    z[:, row, own], z[:, row, m + own] = sign, alpha * sign * [[1], [-1]]  # the training law, and conflict
    told = (np.arange(2 * m) == own[:, None]) | (rng.random((n, 2 * m)) < pi)  # pi = 0: labels
    scores = z @ minimiser(z[0], z[0] * told, 2 * m)[:, :m]  # class +-k has the score +-scores[k]
    agree, conflict = (scores[:, row, own] * sign >= np.abs(scores).max(2)).mean(1)
    return np.array([agree, (agree + conflict) / 2, conflict])


def perfect_reader(says_digit, says_shade, p=0.995, ridge=0.01):
    """CLIP's loss on inner products, least for a tower that reads digits (class: from 5 on) on three blues, three reds:
    any similarity u(x) a + v(x) b + w(x) with the caption (a, b). The same accuracies of its prompts, the sign of u."""
    digit, shade = np.divmod(np.arange(60), 6)
    y, family = np.where(digit < 5, -1, 1), np.where(shade < 3, -1, 1)
    a, b = digit - 4.5 if says_digit else 2.5 * y, shade - 2.5 if says_shade else 1.5 * family  # unsaid: the mean
    told, law = torch.tensor(np.stack([a, b, np.ones(60)], 1)), torch.tensor(np.where(y == family, p, 1 - p) / 30)
    u_v_w = torch.zeros(3, 60, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([u_v_w], max_iter=3000, tolerance_change=0, line_search_fn="strong_wolfe")

    def loss():
        solver.zero_grad()
        s = told @ u_v_w  # caption by image
        guesses = ((s + law.log()[:, None]).logsumexp(0) + (s + law.log()).logsumexp(1)) / 2
        (value := (guesses - s.diagonal() + ridge / 2 * u_v_w[:2].square().sum(0)) @ law).backward()
        return value

    solver.step(loss)
    right = np.sign(u_v_w[0].detach().numpy()) == y
    return np.array([law.numpy() @ right, right.mean(), right[y != family].mean()])


if __name__ == "__main__":
    table = {}
    for seed in range(5):
        run, map_image = train(seed), draw_pairs(seed)[3]
        for name, colour in (("supervised", "C0"), ("contrastive", "C1")):
            plt.semilogx(curve := accuracy(run[name], map_image), colour)
            table.setdefault(f"{name}, by descent", []).append(curve[-1])
        for pi in (1.0, 0.5, 0.0):
            x_image, x_text, _, map_image, map_text = draw_pairs(seed, pi)
            for name, b in (("by SVD", 0.0), ("'not on grass'", (1 - 2 * AGREE) / (1 + SPURIOUS**2))):
                learnt = minimiser(x_image, x_text) @ map_text @ [1, b]  # prompts (1, b), b = 0 in the true world
                table.setdefault(f"contrastive, pi_core {pi}, {name}", []).append(accuracy(learnt, map_image))
            limit = np.array([1 + pi * CORE**2, 2 * AGREE - 1])  # of large n; Theorem 5.2 prints the square of pi
            table.setdefault(f"    its theorem, pi_core {pi}", []).append(accuracy(limit, np.eye(2)))
            table.setdefault(f"data model 2, captions pi {pi}", []).append(sharing_accuracy(seed, pi))
    table |= {f"perfect reader, CLIP's loss, {pis}": [perfect_reader(*pis)] * 2 for pis in ((0, 1), (1, 1), (1, 0))}
    print(f"{'mean +- sd of 5 seeds':<39}in distribution  true world      conflict")
    for name, x in table.items():
        print(f"{name:<37}", *(f"{np.mean(v):.3f} +- {np.std(v, ddof=1):.3f}" for v in zip(*x, strict=True)), sep="  ")
    if "--picture" in sys.argv:
        plt.xlabel("step of gradient descent: accuracies, blue supervised, orange contrastive")
        plt.savefig(sys.argv[sys.argv.index("--picture") + 1], dpi=150)
# NOT in it: LeNets on digits, heads on photographs, Theorem C.1's constants, rates, ranks, negatives, SupCon, probes.
