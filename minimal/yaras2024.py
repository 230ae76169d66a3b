"""Yaras et al., Explaining and Mitigating the Modality Gap in Contrastive Multimodal Learning, CPAL 2025: Figure 2.

Unit vectors of two modalities and a learned temperature descend CLIP's loss. While pairs are mismatched, the gap opens
(Theorem 3.3). Once they match it closes, but ever more slowly: the temperature falls as well (Lemma 3.1 ties the two),
and at a low temperature the loss of matched pairs vanishes, and every force with it. So a slow or fixed temperature
closes the gap. Two models: points free on the sphere (Figure 2), and parallel modalities at heights gamma and -gamma.

Run it:  python minimal/yaras2024.py [--seeds 5] [--picture figure2.png]
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
import torch


def random_pairs(n, d, seed):
    """[2, n, d]: n uniform points of the sphere for each modality, independent, so that the pairs are mismatched."""
    points = torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return points / points.norm(dim=2, keepdim=True)


def pentagons(n=5, shift=2, height=np.cos(0.4 * np.pi)):
    """[2, n, 3], the start of Figure 2: polygons at heights +h and -h, partners `shift` corners apart."""
    angle = 2 * np.pi / n * torch.arange(n, dtype=torch.float64)
    corners = torch.stack([angle.cos(), angle.sin()], 1)
    return torch.stack([lift(corners, height), lift(corners.roll(shift, 0), -height)])


def lift(points, height):
    """[sqrt(1 - h^2) points, h]: unit vectors again, moved to height h along a new axis."""
    return torch.cat([(1 - height**2) ** 0.5 * points, height * torch.ones_like(points[:, :1])], 1)


def clip_loss(x, y, temperature):
    """Mean cross-entropy of finding the partner, from x to y and from y to x."""
    logits = x @ y.T / temperature
    return ((logits.logsumexp(0) + logits.logsumexp(1)) / 2 - logits.diagonal()).mean()


def modality_gap(x, y):
    """Distance between the centres of the two modalities."""
    return (x.mean(0) - y.mean(0)).norm()


def margin(x, y):
    """The least by which a pair beats a wrong pair, over all rows and columns; positive when all pairs are matched."""
    wrong = x @ y.T - 3 * torch.eye(len(x))  # a true pair cannot be the best wrong one
    return ((x * y).sum(1) - torch.maximum(wrong.amax(0), wrong.amax(1))).min()


def log_time_steps(end, fraction=0.002):
    """Steps in proportion to the time, as forces fade like 1/t. (At a fixed temperature .005 is unstable near 1e5.)"""
    late = np.exp(np.arange(0, np.log(end), fraction))
    return np.diff([*np.arange(0, 1, fraction), *late, end])


def train(pairs, steps, temperature=0.07, temperature_rate=1.0, height=None):
    """Gradient descent; the state before every step and after the last. With a height: the parallel model."""
    points = pairs.clone().requires_grad_()
    nu = torch.tensor(-np.log(temperature), requires_grad=True)  # CLIP's parameter: 1 / temperature = exp(nu)
    gamma = torch.tensor(height or 0.0, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([{"params": [points, gamma]}, {"params": [nu]}])
    history = []
    for step in [*steps, 0.0]:
        x, y = points / points.norm(dim=2, keepdim=True)  # blind to the length, so gradients are tangent to the sphere
        x, y = (lift(x, gamma), lift(y, -gamma)) if height else (x, y)
        loss, gap, tau = clip_loss(x, y, torch.exp(-nu)), modality_gap(x, y), torch.exp(-nu)
        state = {"loss": loss, "gap": gap, "margin": margin(x, y), "temperature": tau}
        state["height"] = gamma if height else gap / 2  # of free points only the centres have a height
        history.append({key: value.item() for key, value in state.items()})
        optimizer.param_groups[0]["lr"], optimizer.param_groups[1]["lr"] = step, temperature_rate * step
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        points.data /= points.data.norm(dim=2, keepdim=True)  # back to length 1: a longer vector would turn more slowly
    return {key: np.array([state[key] for state in history]) for key in state} | {"time": np.cumsum([0, *steps])}


def picture(models, file):
    """Gap, temperature and height over time, every seed a line."""
    figure, axes = plt.subplots(1, 4, figsize=(14, 3), layout="constrained")
    panels = [("free points", "gap"), ("free points", "temperature"), ("parallel", "gap"), ("parallel", "height")]
    for ax, (model, quantity) in zip(axes, panels, strict=True):
        for color, (name, runs) in enumerate(models[model].items()):
            for run in runs:
                ax.plot(run["time"] + 0.1, run[quantity], f"C{color}", label=name if run is runs[0] else None)
        ax.set(xscale="log", xlabel="time + 0.1", title=f"{quantity}, {model}")
    axes[0].legend(title="temperature")
    figure.savefig(file, dpi=150)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The modality gap of Yaras et al.")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--picture", metavar="FILE.png")
    options = parser.parse_args()
    torch.set_num_threads(1)
    seeds, models = range(options.seeds), {"free points": {}, "parallel": {}}
    for name, rate in {"learned": 1.0, "slow": 0.1, "fixed": 0.0}.items():  # step size of nu over that of the points
        free = [train(pentagons(), log_time_steps(1e5), 0.07, rate)]
        parallel = [train(random_pairs(10, 10, s), log_time_steps(1e4, 0.01), 0.07, rate, height=0.1) for s in seeds]
        for model, runs in {"free points": free, "parallel": parallel}.items():
            models[model][name] = runs
            numbers = {"largest gap": [run["gap"].max() for run in runs]}
            numbers |= {"matched after": [run["time"][run["margin"] <= 0][-1] for run in runs]}
            numbers |= {f"last {key}": [run[key][-1] for run in runs] for key in ("gap", "height", "temperature")}
            print(f"{model}, {name}:", *(f"{key} {np.mean(v):.3g} +- {np.std(v):.2g} " for key, v in numbers.items()))
    learned = models["parallel"]["learned"]
    tied = [np.ptp(np.log(run["height"]) / 2 - run["height"] ** 2 / 4 - np.log(run["temperature"])) for run in learned]
    print(f"Lemma 3.1: log[sqrt(gamma) exp(-gamma^2 / 4) / temperature] is constant up to {np.mean(tied):.3f}")
    speeds = [2e6 * np.diff(train(random_pairs(1000, 3, s), [1e-6], height=0.3)["height"])[0] for s in seeds]
    limit = 4 * 0.3 / 0.07 * (1 / np.tanh(0.91 / 0.07) - 0.07 / 0.91)  # (9): elementary in R^3; .91 = 1 - gamma^2
    print(f"Theorem 3.3: 2 dgamma/dt starts at {np.mean(speeds):.2f} +- {np.std(speeds):.2f}, limit (9) {limit:.2f}")
    if options.picture:
        picture(models, options.picture)

# NOT here: the flow itself (steps are finite), the 1/log^2 law, schedules, swapping, trained encoders. Nothing keeps
# gamma below 1: from height .3 the pairs of seed 5 cross it in the parallel model; the lift ends there, in NaN.
