"""Our design: icons and their names. Nothing of this is in the paper."""

from __future__ import annotations

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import Positive, Rule
from mmcl_core.evidence.verdicts import Author
from mmcl_core.papers.ren2023.claims.measures import end, growth, rise

ITEM = "Our design: icons with names"


def on_icons(rule: Rule = Positive()):
    """A claim on held-out icons, on average over seeds."""
    return claim(item=ITEM, on="icons", rule=rule, quantifier=Quantifier.mean, author=Author.ours)


@on_icons()
def icons_first_stage(r):
    r"""On genuine icon-name pairs both stages are there: under the contrastive loss $\kappa_{16}$ first rises ...

    Measured: log of $\kappa_{16}$ where the other seeds peak over $\kappa_{16}$ at step 0, contrastive, mean over seeds
    """
    return stats.mean(rise(r["c_kappa16"]))


@on_icons()
def icons_balance(r):
    r"""... and then falls below its initial value.

    Measured: log of $\kappa_{16}$ at step 0 over that at the end, contrastive, mean over seeds
    """
    return stats.mean(-growth(r, "c_kappa16"))


@on_icons()
def icons_noncontrastive(r):
    r"""The non-contrastive loss only makes it worse.

    Measured: log of $\kappa_{16}$ at the end over that at step 0, non-contrastive, mean over seeds
    """
    return stats.mean(growth(r, "nc_kappa16"))


@on_icons()
def icons_gap(r):
    r"""It keeps fewer directions than the contrastive loss.

    Measured: paired difference of effective rank at the end, contrastive minus non-contrastive
    """
    return stats.mean(end(r, "c_rank") - end(r, "nc_rank"))


@on_icons()
def icons_retrieval(r):
    """And its features find the name of a held-out icon less often.

    Measured: paired difference of retrieval at 1 among all held-out names, contrastive minus non-contrastive
    Note: The split is random, so a held-out icon has near twins in training: the number compares two losses and
    measures no open vocabulary.
    """
    return stats.mean(r["c_retrieval_all"] - r["nc_retrieval_all"])
