"""Xue et al. 2024, the semi-synthetic experiment: captions and colours as drawn, training steps by hand, read-outs."""

import numpy as np
import pytest
import torch
from torch import nn

from mmcl_core import stats
from mmcl_core.data import backgrounds, vector_captions
from mmcl_core.errors import InputError
from mmcl_core.evidence.rules import Outcome
from mmcl_core.models.towers import seeded
from mmcl_core.papers.xue2024 import lenet
from mmcl_core.papers.xue2024.claims import semi as claims
from mmcl_core.papers.xue2024.claims import semi_optimum, semi_published
from mmcl_core.papers.xue2024.experiments import semi
from mmcl_core.runtime import generator
from tests.tolerances import close

CONFIG = semi.CountSetting.at("smoke", train=300, test=100)


def stream(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("digit", "shade", "says", "expected"),
    [
        (0, 1, (True, False), (-4.5, -1.5)),
        (4, 0, (True, False), (-0.5, -1.5)),
        (8, 2, (True, False), (3.5, -1.5)),
        (7, 5, (True, False), (2.5, 1.5)),
        (0, 1, (False, True), (-2.5, -1.5)),
        (4, 0, (False, True), (-2.5, -2.5)),
        (8, 2, (False, True), (2.5, -0.5)),
        (7, 5, (False, True), (2.5, 2.5)),
    ],
)
def test_the_eight_captions_of_figure_1(digit, shade, says, expected):
    flags = (torch.tensor([flag]) for flag in says)
    found = vector_captions.meaning(torch.tensor([digit]), torch.tensor([shade]), *flags)
    assert tuple(found[0].tolist()) == expected


def test_what_the_captions_draw():
    """Noise of variance 1/2000 in all numbers, independent between seeds; masks as often as asked, and nested."""
    digit = torch.tensor([0, 1, 3, 4, 5, 6, 8, 9]).repeat(500)  # a 2 or a 7 is its class's mean
    scenes = backgrounds.paint(torch.zeros(4000, 1, 1), digit, 0.9, stream(0), palette=vector_captions.PALETTE)
    made = vector_captions.vector_captions(scenes, 0.3, 1.0, stream(1), stream(2))
    other = vector_captions.vector_captions(scenes, 0.3, 1.0, stream(1), stream(3))
    full = vector_captions.vector_captions(scenes, 1.0, 1.0, stream(1), stream(2))
    noise, another = made[:, 2:].numpy(), other[:, 2:].numpy()
    assert made.shape == (4000, 200)
    assert noise.var() == pytest.approx(1 / 2000, rel=4 * np.sqrt(2 / noise.size))
    assert abs(np.corrcoef(noise.ravel(), another.ravel())[0, 1]) < 4 / np.sqrt(noise.size)
    exact = scenes.digit - 4.5
    said = (made[:, 0] - exact).abs() < 0.2
    assert float(said.float().mean()) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4000))
    assert (full[:, 0] - exact).std() == pytest.approx(np.sqrt(1 / 2000), rel=0.1)
    more = (vector_captions.vector_captions(scenes, 0.6, 1.0, stream(1), stream(2))[:, 0] - exact).abs() < 0.2
    assert bool((~said | more).all()) and int(more.sum()) > int(said.sum())
    unsaid = made[:, 0][~said]
    assert close(unsaid.sign(), 2.0 * scenes.label[~said] - 1)
    assert float((unsaid.abs() - 2.5).abs().max()) < 0.2


def test_colours_are_the_swatches_and_uniform_out_of_distribution():
    split = CONFIG.split(0)
    random = split.scenes("random")
    swatches = torch.as_tensor(vector_captions.PALETTE.colours).float()
    assert close(random.background, swatches[random.shade])
    digit = torch.arange(12_000) % 10
    many = backgrounds.paint(torch.zeros(12_000, 1, 1), digit, 0.5, stream(0), palette=vector_captions.PALETTE)
    assert torch.bincount(many.shade).sub(2000).abs().max() < 4 * np.sqrt(12_000 * 5 / 36)
    trained = {g.numpy().tobytes() for g in split.train.grey}
    assert not any(g.numpy().tobytes() in trained for g in split.grey)
    assert semi.SemiSetting().p_spu == 0.995 and semi.SemiSetting().steps == 46_900


@pytest.mark.parametrize("size", [24, 28])
def test_lenet_is_the_textbooks(size):
    """Convolution, relu, pooling, twice, then three layers: the same function written out."""
    network, x = lenet.lenet(size, 7), torch.randn(3, 3, size, size)
    c = [m for m in network if isinstance(m, nn.Conv2d | nn.Linear)]
    h = torch.max_pool2d(torch.relu(c[0](x)), 2)
    h = torch.max_pool2d(torch.relu(c[1](h)), 2).flatten(1)
    expected = c[4](torch.relu(c[3](torch.relu(c[2](h)))))
    assert close(network(x), expected)
    assert [tuple(m.weight.shape)[:2] for m in c] == [
        (6, 3),
        (16, 6),
        (120, 16 * ((size - 12) // 4) ** 2),
        (84, 120),
        (7, 84),
    ]


def jobs(count=1, target="captions"):
    made = []
    for seed in range(count):
        split = CONFIG.split(seed)
        said = vector_captions.vector_captions(split.train, 1, 1, stream(seed), stream(seed + 9))
        made.append(lenet.Job(seed, split.train.images, said if target == "captions" else split.train.label))
    return made


def test_two_steps_by_hand():
    """A literal loss over pairs of inner products, and momentum descent with weight decay written out."""
    (job,) = jobs()
    recipe = lenet.Recipe(steps=2, batch=8, width=5, temperature=2.0, decay=0.5)  # large, so that it shows
    (found,) = lenet.fit([job], 0, recipe, "t", by_labels=False)
    with seeded("t", 0, "image"):
        image = lenet.lenet(24, 5)
    with seeded("t", 0, "text"):
        text = nn.Linear(200, 5)
    own = torch.randperm(300, generator=generator("t", 0, "order"))
    rows = own[torch.randperm(300, generator=generator("t", 0, "epochs"))]
    parameters = [*image.parameters(), *text.parameters()]
    velocity = [torch.zeros_like(p) for p in parameters]
    for step in range(2):
        batch = rows[8 * step : 8 * step + 8]
        a, b = image(job.images[batch]), text(job.target[batch])
        loss = 0.0
        for i in range(8):
            by_row = torch.stack([(a[i] * b[j]).sum() / 2 for j in range(8)])
            by_column = torch.stack([(a[j] * b[i]).sum() / 2 for j in range(8)])
            loss = loss - (torch.log_softmax(by_row, 0)[i] + torch.log_softmax(by_column, 0)[i]) / 16
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for p, v, g in zip(parameters, velocity, gradients, strict=True):
                v.mul_(0.9).add_(g + 0.5 * p)
                p.sub_(0.01 * v)
    assert (lenet.Recipe(1).rate, lenet.Recipe(1).momentum, lenet.Recipe(1).decay) == (0.01, 0.9, 1e-3)
    for ours, expected in zip([*found.image.parameters(), *found.text.parameters()], parameters, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("seeds", [1, 2])
def test_models_side_by_side_are_those_alone(seeds):
    """Outputs and gradients of grouped convolutions, one batch of images for all models of a seed."""
    networks = [lenet.lenet(24, 5) for _ in range(2 * seeds)]
    images = torch.rand(seeds, 7, 3, 24, 24)
    together = lenet.LeNets(networks)
    found, weighted = together(images), torch.randn(2 * seeds, 7, 5)
    (found * weighted).sum().backward()
    for g, network in enumerate(networks):
        alone = network(images[g // 2])
        torch.testing.assert_close(found[g], alone, rtol=1e-4, atol=1e-5)
        (alone * weighted[g]).sum().backward()
        layers = [m for m in network if isinstance(m, nn.Conv2d | nn.Linear)]
        for weight, bias, layer in zip(together.weights, together.biases, layers, strict=True):
            torch.testing.assert_close(weight.grad[g], layer.weight.grad, rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(bias.grad[g], layer.bias.grad, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("by_labels", [False, True])
def test_company_changes_nothing(by_labels):
    """Models trained at once, two seeds of one or two kinds, are those trained one by one; seeds differ in start and
    batches."""
    pair = jobs(2, "labels" if by_labels else "captions")
    if not by_labels:
        other = [lenet.Job(j.seed, j.images, -j.target) for j in pair]
        pair = [job for both in zip(pair, other, strict=True) for job in both]
    recipe = lenet.Recipe(steps=3, batch=16, width=4)
    together = lenet.fit(pair, 2, recipe, "t", by_labels)
    for job, model in zip(pair, together, strict=True):
        (alone,) = lenet.fit([job], 2, recipe, "t", by_labels)
        for a, b in zip(alone.image.parameters(), model.image.parameters(), strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
    assert not torch.allclose(together[0].image[0].weight, together[-1].image[0].weight, atol=1e-3)


def test_fresh_masks_say_as_often_as_asked_and_anew_each_time():
    split = CONFIG.split(0)
    fresh = CONFIG.model_copy(update={"masks": "epoch"}).told(split, (0.3, 1), 0)
    once = CONFIG.told(split, (0.3, 1), 0)
    rows = torch.arange(300)
    many = torch.stack([fresh[rows] for _ in range(50)])
    assert close(many[:, :, 1:], once[:, 1:].expand(50, -1, -1))  # shades are always said, noise stays
    exact = vector_captions.digit_value(split.train.digit)
    apart = exact.abs() != 2.5  # a 2 or a 7 is its class's mean
    said = ((many[..., 0] - exact).abs() < 0.2)[:, apart].float()
    assert float(said.mean()) == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / said.numel()))
    assert float(said.mean(0).max()) < 1 and float(said.mean(0).min()) < 0.3 < float(said.mean(0).max())


def test_read_outs_by_literal_loops():
    similarity = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    label = torch.tensor([0, 1, 0, 1, 1, 0, 0, 1, 0])
    for row, guess in zip(similarity.tolist(), semi.by_posterior(similarity, label), strict=True):
        sums = [sum(np.exp(s) for s, c in zip(row, label.tolist(), strict=True) if c == k) for k in (0, 1)]
        assert guess == int(sums[1] > sums[0])
    assert semi.by_prompts(torch.tensor([[1.0, 2.0], [3.0, -1.0]])).tolist() == [1, 0]
    prompts = vector_captions.class_prompts()
    assert prompts[:, 0].tolist() == [-2.5, 2.5] and float(prompts[:, 1:].abs().max()) == 0


def test_accuracies_of_a_reader_of_colours_and_of_one_digit_gone_wrong():
    split = CONFIG.split(0)
    tests = {"id": split.scenes(), "ood": split.scenes("random")}
    colour = {k: backgrounds.class_of_shade(t.shade).numpy() for k, t in tests.items()}
    identity, ood, agree, conflict = semi.measure(colour, tests)["accuracy"]
    assert (agree, conflict) == (1.0, 0.0)
    assert identity == pytest.approx(float(tests["id"].agrees.float().mean()))
    assert ood == pytest.approx(float(tests["ood"].agrees.float().mean()))
    wrong = {k: np.where(t.digit == 3, 1 - t.label, t.label) for k, t in tests.items()}
    assert semi.measure(wrong, tests)["digit_error"].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_planted_errors_are_caught_by_the_claims():
    """Places exchanged, or an equivalence whose interval is not inside: the claims must not hold."""
    jitter = np.array([0.01, -0.01, 0.0, 0.005, -0.005])
    four = np.stack([0.72 + jitter, 0.78 - jitter, 0.74 + jitter, 0.82 - jitter], 1)
    r = {"captions_1_1_accuracy": four, "captions_1_0_accuracy": four, "supervised_2_accuracy": four - 0.1}
    below = claims.semi_id_below_ood_plain
    assert below.rule.judge(below.estimator(r)) == Outcome.holds
    swapped = r | {"captions_1_0_accuracy": four[:, [1, 0, 2, 3]]}
    assert below.rule.judge(below.estimator(swapped)) == Outcome.fails
    errors = np.tile(np.array([0, 0, 0, 0.5, 0.6, 0.6, 0.4, 0, 0, 0]), (5, 1)) + jitter[:, None]
    digits = {f"{n}_digit_error": errors for n in ("captions_1_1", "captions_1_0")}
    assert (
        semi_optimum.semi_errors_3_to_6.rule.judge(semi_optimum.semi_errors_3_to_6.estimator(digits, digits))
        == Outcome.holds
    )
    moved = {k: np.roll(v, 3, 1) for k, v in digits.items()}
    assert (
        semi_optimum.semi_errors_3_to_6.rule.judge(semi_optimum.semi_errors_3_to_6.estimator(moved, moved))
        != Outcome.holds
    )


def test_a_published_number_is_judged_as_one_more_run():
    class Runs(dict):
        seeds = range(5)

    sample = np.array([0.70, 0.71, 0.69, 0.72, 0.705])
    runs = Runs(captions_1_1_accuracy=np.tile(sample[:, None], (1, 4)))
    low, high = stats.prediction(stats.mean(100 * sample))
    for value, holds in ((70.6, True), (low - 0.2, False), (low + 0.05, True), (high + 0.2, False)):
        at = {"data": np.array(["digits"]), "series": np.array(["1 1"]), "figures": np.array(["2 5"])}
        at |= {"id": np.array([value]), "ood": np.array([value])}
        found = semi_published.distance(runs, at, "1 1", 0)
        assert (semi_published.ONE_MORE.judge(found) == Outcome.holds) == holds
    assert len(semi_published.SIXTEEN) == 16


def test_bad_input():
    with pytest.raises(InputError, match="pi_core cannot be 1.5"):
        vector_captions.vector_captions(CONFIG.split(0).train, 1.5, 1, stream(0), stream(1))
