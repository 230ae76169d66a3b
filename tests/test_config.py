"""Tiers and overrides: what is asked for is what one gets, and typos are caught."""

import pytest
from pydantic import Field

from mmcl_core import catalog
from mmcl_core.errors import InputError
from mmcl_core.lab.config import Config, Tier
from tests.toy import ToyConfig


def test_each_tier_changes_only_what_its_table_says():
    assert ToyConfig.at("paper").size == 10
    assert ToyConfig.at("book").size == 5
    assert (ToyConfig.at("smoke").size, ToyConfig.at("smoke").seeds, ToyConfig.at("smoke").slope) == (3, 2, 2.0)


def test_overrides_win_over_the_tier():
    assert ToyConfig.at("smoke", size=7).size == 7


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"sise": 3}, "size"),
        ({"size": "many"}, "integer"),
        ({"size": 0}, "greater than or equal to 1"),
        ({"size": 2.5}, "integer"),
        ({"slope": -1}, "greater than 0"),
    ],
)
def test_bad_overrides_are_one_sentence_that_names_the_field_and_the_mend(override, words):
    with pytest.raises(InputError) as error:
        ToyConfig.at("book", **override)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_tier_table_may_not_repeat_a_default():
    class Stale(Config):
        book = {"size": 3}
        size: int = Field(3)

    with pytest.raises(InputError, match="its own value"):
        Stale.at("book")


def test_a_tier_table_may_not_name_an_unknown_field():
    class Typo(Config):
        book = {"sizes": 3}
        size: int = Field(1)

    with pytest.raises(InputError, match="sizes"):
        Typo.at("book")


def test_configurations_are_frozen():
    with pytest.raises(Exception, match="frozen"):
        ToyConfig.at("book").size = 4


def test_unknown_tier():
    with pytest.raises(InputError, match="did you mean 'smoke'"):
        Tier.parse("smok")


@pytest.mark.parametrize("experiment", [e for p in catalog.papers() for e in p.experiments], ids=lambda e: e.name)
@pytest.mark.parametrize("tier", list(Tier))
def test_every_declared_configuration_is_valid_and_every_field_is_described(experiment, tier):
    experiment.config.at(tier)
    assert all(field.description for field in experiment.config.model_fields.values())
    assert tier in experiment.seconds
