"""Fields of data models 1 and 2 that the command line reaches: where they say the default in other words nothing moves,
elsewhere they do what an independent computation says."""

import numpy as np
import pytest
import torch

from mmcl_core.catalog import find_experiment
from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024 import linear
from mmcl_core.papers.xue2024.setting import Sharing
from tests.tolerances import close


def compute(name, **fields):
    e = find_experiment(f"xue2024.{name}")
    return e.compute(e.config.at("smoke", **fields), [0, 1], torch.device("cpu"))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("phase_sharing", {"alpha": 1.2, "alphas": (1.2,), "betas": (0.5,), "classes": (5, 20)}),
        ("threshold_richness", {"alpha": 1.2, "beta": 0.5, "low_alphas": (1.2,), "low_betas": (0.5,)}),
        ("sharing_population", {"alpha": 1.2, "alphas": (1.2,), "betas": (0.5,), "classes": (2, 14)}),
    ],
)
def test_foreign_backgrounds_of_the_papers_strength_are_the_default(name, fields):
    default, named, weak = (compute(name, **fields, beta_spu=b) for b in (None, 0.6, 0.1))
    same = default.keys() - {"found"}  # its variants have other strengths of their own
    assert all(np.array_equal(default[k], named[k]) for k in same)
    assert any(not np.array_equal(default[k], weak[k]) for k in same)


@pytest.mark.parametrize("beta_spu", [0.0, 0.2, 0.9])
def test_weak_and_strong_foreign_backgrounds_as_all_vectors_have_it(beta_spu):
    found = compute("sharing_population", alphas=(1.5,), betas=(0.4,), classes=(3,), patterns=(3,), beta_spu=beta_spu)
    model = Sharing(3, 1.5, 0.4, beta_spu)
    vectors = model.every_vector()
    mean = np.mean([np.outer(x, t) for x, t in zip(vectors.image, vectors.text, strict=True)], 0)
    literal = linear.sharing_accuracy(mean, model.every_pattern())
    assert close(found["grid"][0, 3:], literal) and close(found["listed"][0, 3:], literal)


def test_the_opposite_prompt_is_wrong_where_the_prompt_is_right():
    plain, turned = compute("wide"), compute("wide", prompt=(-1.0, 0.0))
    assert close(plain["accuracy"] + turned["accuracy"], 1) and close(plain["loud"] + turned["loud"], 1)


def test_captions_can_leave_the_variant_of_the_background_out_only_where_it_has_one():
    small = {"richness": (0.0, 1.0), "steps": 20}
    none = [compute("clip_captions", **small, sigma_spu=0.0, pi_spu=p)["trained"] for p in (1.0, 0.0)]
    some = [compute("clip_captions", **small, sigma_spu=0.5, pi_spu=p)["trained"] for p in (1.0, 0.0)]
    assert np.array_equal(*none) and not np.array_equal(*some)


@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("wide", {"prompt": (0.0, 0.0)}, "names no class"),
        ("formula", {"prompt": (0.0, 0.0)}, "names no class"),
        ("wide", {"prompt": (1e308, 1e308)}, "names no class"),
        ("phase_sharing", {"beta_spu": 1e308}, "less than or equal to 1000000"),
        ("sharing_population", {"alpha": 1e308}, "less than or equal to 1000000"),
        ("formula", {"sigma_xi": 1e200}, "less than or equal to 1000000"),
    ],
)
def test_what_names_nothing_or_overflows_is_one_sentence(name, fields, words):
    with pytest.raises(InputError, match=words):
        compute(name, **fields)
