"""Beyond the paper: from CLIP's loss to the linear one, by a strong regulariser or an early stop."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import Positive, Within, after
from mmcl_core.evidence.verdicts import Author
from mmcl_core.papers.xue2024.claims.shared import nearest
from mmcl_core.stats import Estimate

BRIDGE = "From CLIP's loss to the linear loss"


WEIGHT, OOD, ID, CONFLICT = range(4)


TENTH = "a tenth of the linear loss's weight, set after a pilot"


@claim(
    item=BRIDGE,
    on="bridge",
    author=Author.ours,
    rule=Within(1.0, absolute=0.1, basis=after(TENTH)),
    quantifier=Quantifier.mean,
)
def strong_regulariser(r):
    r"""A strong regulariser $\frac\rho2\lVert W_I^\top W_T\rVert_F^2$ keeps similarities small, where the softmax is
    nearly linear: at $\rho=100$ CLIP's loss on inner products is within a tenth of the direction of the linear loss.

    Measured: spurious over core weight, divided by that of the linear loss on the same data, mean over seeds.
    Note: Two hundredths are missing still; that the rest falls like $1/\rho$ is not claimed.
    """
    return stats.mean(r["trained"][:, r["rho"].argmax(), WEIGHT] / r["linear"][:, WEIGHT])


@claim(item=BRIDGE, on="bridge", author=Author.ours, rule=Positive(), quantifier=Quantifier.every)
def no_regulariser(r):
    r"""Without a regulariser the spurious weight ends negative.

    Measured: minus the largest spurious over core weight at $\rho=0$, over seeds.
    """
    return stats.worst(-r["trained"][:, r["rho"].argmin(), WEIGHT], largest=False)


def _at_one(r, other: int) -> Estimate:
    ood = r["trained"][..., OOD]
    return stats.mean(ood[:, nearest(r["rho"], 1.0)] - ood[:, other])


@claim(item=BRIDGE, on="bridge", author=Author.ours, rule=Positive(), quantifier=Quantifier.mean)
def middle_above_strong(r):
    r"""In between the model is more robust: $\rho=1$, fixed before the run, is more robust than the strongest.

    Measured: OOD accuracy at $\rho=1$ minus at $\rho=100$, paired over seeds.
    """
    return _at_one(r, r["rho"].argmax())


@claim(item=BRIDGE, on="bridge", author=Author.ours, rule=Positive(), quantifier=Quantifier.mean)
def middle_above_none(r):
    r"""And more robust than none.

    Measured: OOD accuracy at $\rho=1$ minus at $\rho=0$, paired over seeds.
    """
    return _at_one(r, r["rho"].argmin())


@claim(item=BRIDGE, on="bridge", author=Author.ours, rule=Positive(), quantifier=Quantifier.every)
def regulariser_sign(r):
    r"""On the way the spurious weight passes through zero.

    Measured: smaller of the weight at the largest $\rho$ and of minus the weight at none, over seeds.
    """
    weight = r["trained"][..., WEIGHT]
    return stats.worst(np.minimum(weight[:, r["rho"].argmax()], -weight[:, r["rho"].argmin()]), largest=False)


@claim(item=BRIDGE, on="training_time", author=Author.ours, rule=Positive(), quantifier=Quantifier.every)
def late_training(r):
    """Late in training the weight ends negative.

    Measured: minus the largest spurious over core weight at the end, over seeds.
    """
    return stats.worst(-r["trained"][:, -1, WEIGHT], largest=False)
