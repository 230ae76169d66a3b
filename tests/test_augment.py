"""Views: what they keep, their ranges, and that each is drawn by itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mmcl_core.data.augment import MILD, STRONG, Augmentation, recolour
from mmcl_core.runtime import generator
from tests.tolerances import close


def share(condition):
    return float(condition.float().mean())


def test_augmentation_without_ranges_is_the_identity():
    images = torch.rand(4, 3, 14, 14)
    still = Augmentation(rotation=0, scale=(1.0, 1.0), shift=0, noise=0)
    assert torch.allclose(still(images, generator("t", 0, "a")), images, atol=1e-5)
    for moving in (MILD, STRONG):
        assert not torch.allclose(moving(images, generator("t", 0, "a")), images, atol=0.05)


def test_augmentation_keeps_the_colour_and_recolouring_does_not():
    red = torch.zeros(50, 3, 14, 14)
    red[:, 0, 3:11, 3:11] = 1
    quiet = Augmentation(STRONG.rotation, STRONG.scale, STRONG.shift, 0.0, STRONG.flip)
    assert float(quiet(red, generator("t", 0, "a"))[:, 1:].abs().max()) == 0
    painted = recolour(red, 0.8, generator("t", 0, "r"))
    changed = (painted[:, 1:].amax((1, 2, 3)) > 0).float().mean()
    assert 0.6 < float(changed) < 0.95
    assert close(painted.amax(1), red.amax(1))  # brightness stays


def blob(copies):
    """The same image many times: a bright square off the centre, red."""
    images = torch.zeros(copies, 3, 28, 28)
    images[:, 0, 4:10, 15:25] = 1
    return images


def test_every_image_and_every_call_has_a_view_of_its_own():
    images, stream = blob(40), generator("t", 0, "views")
    for augmentation in (MILD, STRONG):
        still = replace(augmentation, noise=0.0)  # noise alone would tell any two images apart
        one, other = still(images, stream), still(images, stream)
        between = (one[:, None] - one[None]).abs().amax((2, 3, 4)) + torch.eye(40)
        assert float(between.min()) > 1e-3 and float((one - other).abs().amax((1, 2, 3)).min()) > 1e-3
        assert torch.equal(augmentation(images, generator("t", 0, "a")), augmentation(images, generator("t", 0, "a")))


def centres(images):
    """The centre of brightness of each image, in units of half its side, (x, y)."""
    grid = (torch.arange(28) + 0.5) / 14 - 1
    mass = images[:, 0].clamp(min=0)
    total = mass.sum((1, 2))
    return (mass.sum(1) * grid).sum(1) / total, (mass.sum(2) * grid).sum(1) / total


def test_the_ranges_of_the_views_are_those_that_were_named():
    """Each range alone, measured on the image: flips, shifts, the size of the window, angles, noise."""
    images, n = blob(2000), 2000
    x0, y0 = (float(c[0]) for c in centres(images))
    nothing = dict(rotation=0, scale=(1.0, 1.0), shift=0, noise=0)

    def views(**changes):
        return Augmentation(**(nothing | changes))(images, generator("t", 0, "ranges"))

    x, y = centres(views(flip=True))
    flipped = x < 0
    assert abs(share(flipped) - 0.5) < 4 * 0.5 / np.sqrt(n) and torch.allclose(
        x.abs(), torch.tensor(abs(x0)), atol=0.01
    )
    assert torch.allclose(y, torch.tensor(y0), atol=0.01)

    for moved, start in zip(centres(views(shift=0.1)), (x0, y0), strict=True):
        offset = moved - start
        assert 0.095 < float(offset.max()) < 0.105 and -0.105 < float(offset.min()) < -0.095
        assert float(offset.std()) == pytest.approx(0.2 / np.sqrt(12), rel=0.05)

    area = views(scale=(0.8, 1.0))[:, 0].sum((1, 2)) / images[0, 0].sum()  # a window of side s enlarges by 1/s^2
    side = area**-0.5
    assert float(side.min()) == pytest.approx(0.8, abs=0.02) and float(side.max()) == pytest.approx(1.0, abs=0.02)
    assert float(side.mean()) == pytest.approx(0.9, abs=0.01)

    x, y = centres(views(rotation=30))
    angle = (torch.atan2(y, x) - np.arctan2(y0, x0)) * 180 / np.pi
    assert (
        29 < float(angle.max()) < 31 and -31 < float(angle.min()) < -29 and abs(float(angle.mean())) < 4 * 17.3 / 44.7
    )

    noise = views(noise=0.1) - images
    assert float(noise.std()) == pytest.approx(0.1, rel=0.01)


def test_recolouring_is_bright_uniform_and_as_frequent_as_asked():
    images = blob(3000)
    painted = recolour(images, 0.6, generator("t", 0, "r"))
    colours = painted[:, :, 5, 20]
    changed = colours[:, 1:].amax(1) > 0
    assert abs(share(changed) - 0.6) < 4 * np.sqrt(0.24 / 3000)
    assert close(colours[changed].amax(1), torch.ones(int(changed.sum())))
    first = torch.bincount(colours[changed].argmax(1), minlength=3).double()
    expected = first.sum() / 3
    assert float(((first - expected) ** 2 / expected).sum()) < 13.8  # 0.1 % point with 2 degrees of freedom
    assert torch.equal(painted[~changed], images[~changed])
