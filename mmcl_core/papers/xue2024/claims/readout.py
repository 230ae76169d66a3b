"""Read-out: linear probes, prompts and class priors (Sections 3.2, F.1 and beyond the paper)."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Match, Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Identity, Positive, before, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024.claims.shared import OOD

ZERO_SHOT, PROBE = range(2)


M, ALPHA, BETA, PI, BY_PROMPT, BY_PROBE, BY_COUNTER = range(7)


@claim(
    item="Section 3.2",
    paper="less robust",
    on="probe",
    rule=Positive(),
    quantifier=Quantifier.mean,
    match=Match.scaled,
)
def probe_loses(r):
    """A linear classifier trained on the features of contrastive learning loses the robustness of zero-shot.

    Measured: OOD accuracy of zero-shot minus that of logistic regression on the same features, paired over seeds, over
    p the one that reaches lowest. Data model 1, complete captions.
    """
    difference = r["accuracy"][:, :, ZERO_SHOT, OOD] - r["accuracy"][:, :, PROBE, OOD]
    return stats.reaching_lowest(*(stats.mean(x) for x in difference.T))


@claim(
    item="Section 3.2",
    on="probe",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def probe_dm1(r):
    """It forgets the more, the more often the background agrees; zero-shot hardly notices.

    Measured: fall of the probe's OOD accuracy from one $p_{spu}$ to the next minus that of zero-shot, paired over
    seeds, the one that reaches lowest.
    """
    fall = -np.diff(r["accuracy"][..., OOD], axis=1)
    return stats.reaching_lowest(*(stats.mean(x) for x in (fall[..., PROBE] - fall[..., ZERO_SHOT]).T))


@claim(
    item="Section 3.2",
    on="sharing_readout",
    author=Author.ours,
    rule=Identity(1e-6, basis=before("the quadratic programme's tolerance")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def probe_dm2(r):
    r"""On data model 2 the max-margin probe on balanced features has the weights
    $\frac{g_{spu}}{g_{core}}=\alpha\,\frac{1+G\alpha^2}{G+\alpha^2}$, $G=1+(m-1)\beta^2$.

    Measured: largest distance of the quadratic programme's ratio from the formula over the cells.
    """
    return stats.worst(np.abs(r["probe"][:, 0] - r["probe"][:, 1]))


@claim(
    item="Section 3.2",
    on="sharing_readout",
    author=Author.ours,
    rule=AtMost(0.0, basis=standard("none, counted")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def probe_dm2_forgets(r):
    r"""So for $\alpha>1$ it misses every sample with the wrong background, for every $m$ and $\beta$: its own score
    there is proportional to $G(1-\alpha^4)$.

    Measured: largest accuracy of the probe on a = -c over $\alpha>1$, $m$ up to 40, all sign patterns.
    """
    t = r["grid"]
    return stats.worst(t[t[:, ALPHA] > 1, BY_PROBE])


@claim(
    item="Section 3.2",
    on="sharing_readout",
    author=Author.ours,
    rule=AtLeast(1.0, basis=standard("every pattern")),
    quantifier=Quantifier.exists,
    minimum_tier=Tier.smoke,
)
def probe_dm2_had(r):
    r"""Also where zero-shot misses none: $m=20$, $\alpha=1.2$, $\beta=.5$, complete captions.

    Measured: accuracy of zero-shot there on a = -c minus that of the probe.
    """
    t = r["grid"]
    row = t[(t[:, M] == 20) & (t[:, ALPHA] == 1.2) & (t[:, BETA] == 0.5) & (t[:, PI] == 1)][0]
    return stats.exact(float(row[BY_PROMPT] - row[BY_PROBE]))
