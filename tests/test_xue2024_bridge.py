"""Xue et al. 2024: from CLIP's loss to the linear loss. Gradients against autograd, training against a literal loop."""

import numpy as np
import pytest
import torch

from mmcl_core.losses import symmetric_cross_entropy
from mmcl_core.papers.xue2024 import bridge, linear
from mmcl_core.papers.xue2024.experiments import clip_bridge, clip_loss
from mmcl_core.papers.xue2024.setting import Draws, IntraClass, observe
from tests.tolerances import close


def observed(n=40, d_image=12, d_text=7, seed=0, sigma_xi=1.0, **changes):
    stream = np.random.default_rng(seed)
    sample = IntraClass(**changes).sample(Draws.of(n, stream))
    return (
        sample,
        observe(sample.image, d_image, sigma_xi, stream),
        observe(sample.text, d_text, sigma_xi, stream),
        stream,
    )


def test_the_bridges_gradient_is_autograds():
    stream = torch.Generator().manual_seed(0)
    w = [torch.randn(2, 3, d, generator=stream, dtype=torch.float64, requires_grad=True) for d in (6, 5)]
    image, text = (
        torch.randn(2, 8, 6, generator=stream, dtype=torch.float64),
        torch.randn(2, 8, 5, generator=stream, dtype=torch.float64),
    )
    rho = torch.tensor([0.3, 2.0], dtype=torch.float64)[:, None, None]
    G = w[0].mT @ w[1]
    logits, target = image @ G @ text.mT, torch.arange(8)
    both = [
        (torch.nn.functional.cross_entropy(x, target) + torch.nn.functional.cross_entropy(x.T, target)) / 2
        for x in logits
    ]
    assert close(symmetric_cross_entropy(logits).detach().numpy(), [x.item() for x in both])
    total = sum(both) + (rho[:, 0, 0] / 2 * G.square().sum((1, 2))).sum()
    for theirs, ours in zip(
        torch.autograd.grad(total, w), bridge.regularised_gradients(*w, image, text, rho), strict=True
    ):
        assert close(theirs.numpy(), ours.detach().numpy())


def test_small_similarities_make_the_softmax_linear():
    """To first order CLIP's gradient at G = 0 is -S of the linear loss, times (n - 1)/n."""
    _, image, text, _ = observed(n=30)
    x, t = torch.as_tensor(image), torch.as_tensor(text)
    M = x.T @ bridge.similarity_gradient(torch.zeros(1, 30, 30, dtype=torch.float64))[0] @ t
    assert close(M.numpy(), -linear.cross_covariance(image, text) * 29 / 30)


@pytest.mark.parametrize(
    "similarity",
    [bridge.Similarity(), bridge.Similarity(cosine=False), bridge.Similarity(temperature=0.3, learns=True)],
)
@pytest.mark.parametrize("classes", [False, True])
def test_training_under_clips_loss_is_adam_on_a_literal_loop(similarity, classes):
    stream, n, batch, steps = torch.Generator().manual_seed(0), 12, 6, 4
    w = [torch.randn(1, 3, d, generator=stream, dtype=torch.float64) for d in (6, 5)]
    x, t = (
        torch.randn(1, n, 6, generator=stream, dtype=torch.float64),
        torch.randn(1, n, 5, generator=stream, dtype=torch.float64),
    )
    label = torch.arange(n)[None] % 2
    ours = bridge.clip_training(
        *w, x, t, similarity, [np.random.default_rng(3)], batch, 0.01, steps, label if classes else None
    )
    theirs, order = [v[0].clone().requires_grad_() for v in w], np.random.default_rng(3)
    scale = torch.tensor(-np.log(similarity.temperature), dtype=torch.float64, requires_grad=similarity.learns)
    optimiser = torch.optim.Adam([*theirs, scale] if similarity.learns else theirs, lr=0.01)
    for _ in range(steps):
        rows, total = order.integers(0, n, batch), 0
        images, captions = [theirs[0] @ x[0, i] for i in rows], [theirs[1] @ t[0, i] for i in rows]
        for anchors, others in ((images, captions), (captions, images)):
            for i in range(batch):
                kept = [j for j in range(batch) if j == i or not classes or label[0, rows[i]] != label[0, rows[j]]]
                norm = [anchors[i].norm() * others[j].norm() if similarity.cosine else 1 for j in kept]
                scores = (
                    torch.stack([anchors[i] @ others[j] / k for j, k in zip(kept, norm, strict=True)]) * scale.exp()
                )
                total = total + torch.nn.functional.cross_entropy(scores[None], torch.tensor([kept.index(i)])) / (
                    2 * batch
                )
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    for a, b in zip(ours, theirs, strict=True):
        assert close(a[0].numpy(), b.detach().numpy())


def test_adam_and_descent_move_as_their_names_say():
    _, image, text, _ = observed(n=20)
    x, t = torch.as_tensor(image)[None], torch.as_tensor(text)[None]
    stream = torch.Generator().manual_seed(0)
    w = [torch.randn(1, 2, v.shape[-1], generator=stream, dtype=torch.float64) for v in (x, t)]
    rho = torch.full((1, 1, 1), 0.5, dtype=torch.float64)
    by = bridge.regularised_gradients(*w, x, t, rho)
    first = bridge.adam_path(*w, x, t, rho, 0.01, 1)
    for a, b, g in zip(first, w, by, strict=True):  # Adam's first step has the size of its rate
        np.testing.assert_allclose((b - a).numpy(), 0.01 * np.sign(g.numpy()), rtol=1e-5)
    plain = list(bridge.descent_path(*w, x, t, 0.05, 2))
    assert [step for step, *_ in plain] == [0, 1, 2]
    free = bridge.regularised_gradients(*w, x, t, 0 * rho)
    assert close(plain[1][1].numpy(), (w[0] - 0.05 * free[0]).numpy())


def test_the_measured_weight_is_the_prompted_direction():
    stream = np.random.default_rng(0)
    a, b = stream.standard_normal((2, 1, 3, 5))
    config = clip_loss.ClipSetting.at("paper", d=5, n=10)
    seen = clip_bridge.weigh(
        torch.as_tensor(a, dtype=torch.float32), torch.as_tensor(b, dtype=torch.float32), IntraClass(), config
    )
    u = (a[0].T @ b[0])[:, 0]
    accuracy = linear.gaussian_accuracy(u, IntraClass(), config.sigma_xi)
    np.testing.assert_allclose(seen[0], (u[1] / u[0], accuracy.ood, accuracy.id, accuracy.conflict), rtol=1e-5)
