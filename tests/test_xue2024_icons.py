"""Icons under their names: classes are first words, held-out icons are apart, renderings."""

import torch

from mmcl_core.data import icons as icon_data
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.experiments import icons
from tests.tolerances import close


def test_icon_classes_are_first_words_and_held_out_icons_are_apart():
    config = icons.IconsSetting.at(Tier.smoke)
    data = icons.renderings(config)
    drawn = icon_data.icons("mdi6", config.pixels)
    heads = [name[0] for name in drawn.names]
    named = data.fonts["mdi6"]
    assert len(named.label) == sum(h in data.words[: data.classes] for h in heads)
    assert torch.equal(named.bag[torch.arange(len(named.label)), named.label], torch.ones(len(named.label)))
    seen, held = icons.halves(named, 0.25, 0)
    assert len(seen.label) + len(held.label) == len(named.label)
    for c in range(data.classes):
        n = int((named.label == c).sum())
        assert int((held.label == c).sum()) == round(0.25 * n)
    places = icons.tests(data.fonts, held, 0)
    assert close(places["inverted"][0], 1 - places["id"][0])
    ink = held.ink[:, None]
    empty = (ink == 0).expand(-1, 3, -1, -1)
    assert places["coloured"][0][empty].max() <= icons.BRIGHTEST
    assert close(places["coloured"][0][(ink == 1).expand(-1, 3, -1, -1)], torch.ones(int((ink == 1).sum()) * 3))
