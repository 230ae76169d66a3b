"""Measures and losses of what is no embeddings: one sentence, or NaN; never a number that means nothing."""

import numpy as np
import pytest
import torch
from jaxtyping import config

from mmcl_core import losses, metrics
from mmcl_core.errors import InputError

DRAWN = np.random.default_rng(0).normal(size=(2, 6, 3))
FIRST, SECOND = DRAWN
LABELS = np.arange(6) % 2


@pytest.fixture(autouse=True)
def no_shapes_checked():
    """A user has no shapes checked, as the other tests have."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


NO_EMBEDDINGS = {
    "none": np.zeros((0, 3)),
    "no dimensions": np.zeros((6, 0)),
    "a vector": FIRST[0],
    "a number": np.array(1.0),
    "a stack": FIRST[None],
    "complex": FIRST + 1j,
    "words": np.full((6, 3), "a"),
    "a word": "x",
    "nothing": None,
    "ragged": [[1.0, 2.0], [3.0]],
    "a gradient": torch.ones(6, 3, requires_grad=True),
}
OF_PAIRS = ("modality_gap", "debiased_modality_gap", "uniformity", "retrieval_at_1")
OF_ONE = ("unit", "effective_rank", "centred_singular_values")


@pytest.mark.parametrize("x", NO_EMBEDDINGS.values(), ids=NO_EMBEDDINGS)
def test_no_measure_is_taken_of_what_is_no_embeddings(x):
    for name in OF_ONE:
        with pytest.raises(InputError, match="embeddings must be") as told:
            getattr(metrics, name)(x)
        assert len(str(told.value)) < 300
    for name in OF_PAIRS:
        for pair in ((x, SECOND), (FIRST, x)):
            with pytest.raises(InputError, match="embeddings must be|are no pairs"):
                getattr(metrics, name)(*pair)
    with pytest.raises(InputError, match="embeddings must be"):
        metrics.zero_shot_predictions(x, SECOND)
    with pytest.raises(InputError, match="embeddings must be"):
        metrics.linear_probe_predictions(x, LABELS, SECOND)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_measure_of_broken_embeddings_is_nan(value):
    broken = np.where(FIRST > 1, value, FIRST)
    for name in OF_PAIRS:
        assert np.isnan(getattr(metrics, name)(broken, SECOND)) and np.isnan(getattr(metrics, name)(SECOND, broken))
    assert np.isnan(metrics.effective_rank(broken))


def test_the_forms_in_which_embeddings_come_give_the_same_measures():
    for form in (np.ndarray.tolist, torch.tensor, lambda x: x.astype(object)):
        for name in OF_PAIRS:
            measure = getattr(metrics, name)
            assert measure(form(FIRST), form(SECOND)) == pytest.approx(measure(FIRST, SECOND), rel=1e-12)
        assert metrics.effective_rank(form(FIRST)) == pytest.approx(metrics.effective_rank(FIRST), rel=1e-12)


def test_other_dimensions_are_another_space():
    wide = np.ones((6, 4))
    for call in (
        lambda: metrics.modality_gap(FIRST, wide),
        lambda: metrics.uniformity(wide, FIRST),
        lambda: metrics.zero_shot_predictions(FIRST, wide),
        lambda: metrics.linear_probe_predictions(FIRST, LABELS, wide),
    ):
        with pytest.raises(InputError, match="one space"):
            call()


@pytest.mark.parametrize("labels", [LABELS[:5], LABELS + 0.5, LABELS * np.nan, LABELS[:, None], LABELS[:0]])
def test_a_probe_needs_classes(labels):
    with pytest.raises(InputError, match="one class for each of 6 rows"):
        metrics.linear_probe_predictions(FIRST, labels, SECOND)


@pytest.mark.parametrize("labels", [np.full(6, np.nan), np.array(list("ababab"))])
def test_an_accuracy_is_never_taken_of_what_cannot_be_compared(labels):
    with pytest.raises(InputError, match="both be words"):
        metrics.accuracy(LABELS, labels)
    assert metrics.accuracy(np.array(["a", "b"]), np.array(["a", "a"])) == 0.5


LOSSES = (losses.clip_loss, losses.nt_xent)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("temperature", ["x", None, True, [0.1], float("nan"), 0, -1, torch.tensor(0.0)])
def test_a_temperature_is_a_positive_number(loss, temperature):
    with pytest.raises(InputError, match="temperature"):
        loss(*torch.tensor(DRAWN), temperature)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_takes_real_numbers_of_any_precision(loss):
    first, second = torch.tensor(DRAWN)
    for x in (first + 1j, first > 0, first.int(), FIRST, None):
        with pytest.raises(InputError, match="Losses take"):
            loss(x, second, 0.1)
    exact = float(loss(first, second, 0.1))
    assert float(loss(first.half(), second, 0.1)) == pytest.approx(exact, rel=1e-2)
    assert float(loss(first, second.float(), 0.1)) == pytest.approx(exact, rel=1e-5)
