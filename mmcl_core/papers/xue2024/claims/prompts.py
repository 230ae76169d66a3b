"""Prompts and class priors: what the read-out can do without new training (beyond the paper)."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.claim import Quantifier, claim
from mmcl_core.evidence.rules import AtLeast, AtMost, Positive, derived, standard
from mmcl_core.evidence.verdicts import Author
from mmcl_core.lab.config import Tier
from mmcl_core.papers.xue2024 import spread, theory
from mmcl_core.papers.xue2024.claims.shared import CONFLICT, OOD, SPREAD, furthest, nearest

M, ALPHA, BETA, PI, BY_PROMPT, BY_PROBE, BY_COUNTER = range(7)


@claim(
    item="Prompts",
    on="prompts",
    author=Author.ours,
    rule=SPREAD,
    quantifier=Quantifier.every,
)
def prompt_family(r):
    r"""The prompt $(1,b)$ has the weights $(A+(2p_{spu}-1)b,\ (2p_{spu}-1)+(1+\pi_{spu}\sigma_{spu}^2)b)$, and the
    formula holds with these.

    Measured: largest distance of a mean OOD accuracy from the formula, in tolerances, three settings, six prompts.
    """
    c = r.config
    predictions = [
        spread.predict(model, c.observation, "ood", (1.0, float(b)))
        for model, row in zip(c.models(), r["b"], strict=True)
        for b in row
    ]
    return furthest(r["accuracy"][..., OOD], predictions)


@claim(
    item="Prompts",
    on="prompts",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def training_prompt(r):
    """Prompts that are class means of the training law carry the background themselves and cost robustness.

    Measured: OOD accuracy with b = 0 minus with b = 2p - 1, paired over seeds, over settings the one that reaches
    lowest.
    """
    zero = list(r.config.shares).index(0.0)
    difference = r["accuracy"][:, :, zero, OOD] - r["accuracy"][:, :, -1, OOD]
    return stats.reaching_lowest(*(stats.mean(x) for x in difference.T))


@claim(
    item="Prompts",
    on="prompts",
    author=Author.ours,
    rule=AtMost(
        1.0, basis=derived("the accuracy lost when the weight is four standard deviations off, plus 1/n"), ideal=0.0
    ),
    quantifier=Quantifier.every,
)
def counter_prompt(r):
    r"""At $b^*=-\frac{2p_{spu}-1}{1+\pi_{spu}\sigma_{spu}^2}$ the background's weight is zero and accuracy is that
    of the core alone, $\Phi(1/\sigma_{core})$, the best there is, for every $p_{spu}$ and $\pi_{core}$.

    Measured: largest distance of an OOD accuracy from the core's own (with the noise of finite d), in tolerances, over
    settings and seeds.
    """
    c, found = r.config, []
    column = list(c.shares).index(-1.0)
    for i, model in enumerate(c.models()):
        noise = c.observation.image
        best = theory.core_only_accuracy(model.sigma_core, noise)
        off = 4 * spread.predict(model, c.observation, "ood", (1.0, float(r["b"][i, column]))).weight / np.sqrt(c.n)
        lost = best - np.mean(theory.group_accuracies(1.0, off, model.sigma_core, model.sigma_spu, noise))
        found.append(np.abs(r["accuracy"][:, i, column, OOD] - best) / (lost + 1 / c.n))
    return stats.worst(np.array(found))


@claim(
    item="Prompts",
    on="sharing_readout",
    author=Author.ours,
    rule=AtLeast(1.0, basis=standard("every pattern")),
    quantifier=Quantifier.every,
    minimum_tier=Tier.smoke,
)
def counter_prompt_dm2(r):
    r"""On data model 2 the prompt $e_k-\kappa^*e_{k+m}$, $\kappa^*=\frac1{G\pi\alpha}$, reads the core alone with
    weight $A-\frac1G>0$: 100 % for every $\alpha$, $m\ge2$, $\beta>0$, $\pi>0$. Theorem 4.8's threshold vanishes.

    Measured: smallest accuracy on a = -c over the grid of $m$, $\alpha$, $\beta$, $\pi$, all sign patterns.
    """
    return stats.worst(r["grid"][:, BY_COUNTER], largest=False)


@claim(
    item="Prompts",
    on="sharing_readout",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.exists,
    minimum_tier=Tier.smoke,
)
def counter_prompt_needed(r):
    """Where the plain prompt has nothing right.

    Measured: number of the grid's settings in which zero-shot with the plain prompt misses every a = -c and the
    counter- prompt none.
    """
    t = r["grid"]
    return stats.exact(float(((t[:, BY_PROMPT] == 0) & (t[:, BY_COUNTER] == 1)).sum()), len(t))


@claim(
    item="Class priors",
    on="class_prior",
    author=Author.ours,
    rule=SPREAD,
    quantifier=Quantifier.every,
)
def class_prior(r):
    r"""With a class prior $P$ the weights are $(v+\pi_{core}\sigma_{core}^2,\ v(2p_{spu}-1))$, $v=4P(1-P)$, because
    the loss takes out the means.

    Measured: largest distance of a mean OOD accuracy from the formula, in tolerances, over the priors; tested on
    equally common classes.
    """
    c = r.config
    predictions = [spread.predict(c.model(prior=p), c.observation, "ood", c.prompt) for p in r["prior"]]
    return furthest(r["accuracy"][..., OOD], predictions)


@claim(
    item="Class priors",
    on="class_prior",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def rarer_is_more_robust(r):
    """The rarer one class, the more robust the model.

    Measured: rise of the OOD accuracy from one prior to the next more unequal one, paired over seeds, the one that
    reaches lowest.
    """
    return stats.reaching_lowest(*(stats.mean(x) for x in np.diff(r["accuracy"][..., OOD], axis=1).T))


@claim(
    item="Prompts",
    on="prompts",
    author=Author.ours,
    rule=Positive(),
    quantifier=Quantifier.mean,
)
def beyond_counter_prompt(r):
    """Beyond it the prompt counts the background against the class: the samples with the wrong background are then the
    easier ones.

    Measured: accuracy on conflict minus on agree at 1.2 times the counter-prompt, paired over seeds, over settings the
    one that reaches lowest.
    """
    column = nearest(np.array(r.config.shares), -1.2)
    seen = r["accuracy"][:, :, column]
    return stats.reaching_lowest(*(stats.mean(x) for x in (2 * (seen[..., CONFLICT] - seen[..., OOD])).T))
