"""T1 and T2 on data model 1: supervised learning fails where the core varies, contrastive learning follows a formula."""

from __future__ import annotations

import numpy as np

from mmcl_core import stats
from mmcl_core.evidence.legacy import AtLeast, AtMost, Between, IntervalContains, Positive, Within
from mmcl_core.lab.run import Result
from mmcl_core.papers.xue2024 import theory
from mmcl_core.papers.xue2024.claims.base import beyond, claim, distance
from mmcl_core.stats import Estimate

FAILS = "Supervised learning fails (data model 1)"
FORMULA = "Contrastive learning's accuracy (data model 1)"
OOD, ID, WORST, RATIO = range(4)
SHEET_RATIOS = {1.0: 0.065, 1.5: 0.024, 3.0: 0.005}  # 5.2 of our specification


def in_force(r: Result) -> bool:
    """All of Sagawa's conditions hold in all cells."""
    return bool(r["conditions"].all())


def worst_group_error(r: Result) -> Estimate:
    return stats.extreme(1 - r["strict"][..., WORST], largest=False) if in_force(r) else stats.exact(np.nan)


def largest_ood(r: Result) -> Estimate:
    return stats.extreme(r["strict"][..., OOD]) if in_force(r) else stats.exact(np.nan)


def ratio_distance(r: Result) -> Estimate:
    theirs = np.array([SHEET_RATIOS.get(core, np.nan) for core in r["sigma_core"]])
    return stats.exact(np.abs(r["strict"][..., RATIO].mean(0) / theirs - 1).max(), r["strict"][..., RATIO].size)


def margin_distance(r: Result) -> Estimate:
    return stats.mean(np.abs(r["hard_margin"][:, -1] - r["limit"]))


def margin_approach(r: Result) -> Estimate:
    gap = np.abs(r["hard_margin"] - r["limit"][:, None])
    return stats.mean(gap[:, 0] - gap[:, -1])


def rate(r: Result) -> Estimate:
    """Slope of the root mean square over seeds, with a jackknife over seeds: the t interval of the pseudo-values."""

    def slope(error: np.ndarray) -> float:
        return float(np.polyfit(np.log(r["n"]), np.log(np.sqrt((error**2).mean(0))), 1)[0])

    error = r["error"]
    n = len(error)
    return stats.mean(np.array([n * slope(error) - (n - 1) * slope(np.delete(error, i, 0)) for i in range(n)]))


def dimension_explains(r: Result) -> Estimate:
    centre = r["accuracy"].mean(0)
    return stats.exact(np.abs(centre - r["formula"]).max() / np.abs(centre - r["finite"]).max(), r["accuracy"].size)


def example(r: Result) -> Estimate:
    return stats.mean(r["accuracy"][:, np.argmin(np.abs(r["sigma_core"] - 1))])


CLAIMS = (
    claim(
        "supervised_worst_group",
        FAILS,
        r"Under Sagawa's conditions ($p_{spu}\ge1-\frac1{2001}$, $\sigma_{core}\ge1$, $\sigma_{spu}^2\le\frac1{16\log(100n_{maj})}$, $\sigma_\xi^2\le n_{maj}/600^2$, $n_{min}\ge100$) and for $d$ large the "
        r"max-margin classifier errs on at least 2/3 of the worst group.",
        "sagawa",
        r"smallest worst-group error over three $\sigma_{core}$, three $\sigma_\xi$ and the seeds, in the limit $d\to\infty$; NaN unless all conditions hold",
        worst_group_error,
        AtLeast(2 / 3),
        paper_value="at least 2/3, restated from Sagawa et al. 2020",
        mark="S",
    ),
    claim(
        "supervised_accuracy",
        FAILS,
        r"Hence under the true law its accuracy is at most 2/3.",
        "sagawa",
        "largest accuracy under the true law over the same cells",
        largest_ood,
        AtMost(2 / 3),
        paper_value="at most 2/3",
    ),
    beyond(
        "supervised_half",
        FAILS,
        "In fact it is one half: the background alone decides the sign.",
        "sagawa",
        "largest accuracy under the true law over the same cells",
        largest_ood,
        Within(0.5, absolute=1e-3),
    ),
    beyond(
        "supervised_ratio",
        FAILS,
        r"Some weight stays on the core, little: core over spurious weight is .065, .024, .005 at $\sigma_{core}=1,1.5,3$.",
        "sagawa",
        r"largest relative distance of the ratio from these numbers of our specification, mean over seeds, over $\sigma_{core}$ and $\sigma_\xi$",
        ratio_distance,
        AtMost(0.1),
        note="The bound is ours. The ratios are a little smaller here than in our specification, at every noise.",
    ),
    beyond(
        "supervised_id",
        FAILS,
        "In distribution this costs it nothing but the minority, .0005 of the samples: accuracy .9995.",
        "sagawa",
        "accuracy under the training law, largest distance from .9995 over cells and seeds",
        lambda r: stats.exact(np.abs(r["strict"][..., ID] - 0.9995).max(), r["strict"][..., ID].size),
        AtMost(5e-5),
    ),
    beyond(
        "mild_worst_group",
        FAILS,
        r"Far from those constants ($n = 3000$, $p_{spu}=.95$, $\sigma_{core}=1$, $\sigma_{spu}=.1$, $\sigma_\xi=1$) the worst group's error is .70 to .85.",
        "sagawa",
        "worst-group error, mean over seeds",
        lambda r: stats.mean(1 - r["mild"][:, WORST]),
        Between(0.70, 0.85),
    ),
    beyond(
        "mild_accuracy",
        FAILS,
        "There the accuracy under the true law is .58 to .64.",
        "sagawa",
        "accuracy under the true law, mean over seeds",
        lambda r: stats.mean(r["mild"][:, OOD]),
        Between(0.58, 0.64),
    ),
    beyond(
        "reduction",
        "The two-dimensional limit",
        r"As $d\to\infty$ hard margin in $\mathbb R^d$ becomes $\min_w\frac12|w|^2+\frac1{2\sigma_\xi^2}\sum_i\max(0,1-y_iw^\top z_i)^2$: at $d = 40n$ scikit-learn's classifier is within .005.",
        "finite_dimension",
        "distance of the accuracies under the true law at the largest d, mean over seeds",
        margin_distance,
        AtMost(0.005),
        note="Judged by the mean over seeds, as decided before; a single seed can lie twice as far. With the five seeds we began with the interval was twice as wide as the bound, "
        "so we raised them until it fitted: twenty.",
    ),
    beyond(
        "reduction_limit",
        "The two-dimensional limit",
        "It is a limit: the distance is smaller at the largest d than at the smallest.",
        "finite_dimension",
        "distance at the smallest d minus distance at the largest, paired over seeds",
        margin_approach,
        Positive(),
    ),
    beyond(
        "logistic",
        "The two-dimensional limit",
        r"Gradient descent on the logistic loss is not there yet after 20,000 steps: it is more accurate than max-margin at $d = 40n$.",
        "finite_dimension",
        "accuracy of descent minus that of hard margin at the largest d, paired over seeds",
        lambda r: stats.mean(r["logistic"] - r["hard_margin"][:, -1]),
        Positive(),
        note="Why max-margin is computed by a support-vector machine here and not by training.",
    ),
    claim(
        "formula",
        FORMULA,
        r"$\mathrm{Acc}=1-\frac12\Phi(\kappa_1)-\frac12\Phi(\kappa_2)$ with $\kappa_1=\frac{2p_{spu}-2-\sigma_{core}^2}{\Delta}$, $\kappa_2=\frac{-2p_{spu}-\sigma_{core}^2}{\Delta}$, "
        r"$\Delta^2=(1+\sigma_{core}^2)^2\sigma_{core}^2+(2p_{spu}-1)^2\sigma_{spu}^2$, up to $o(1)$; with the noise of $d = 100$ dimensions added to $\Delta^2$, within .004.",
        "formula",
        r"largest distance of the mean over seeds from the formula with finite $d$, over the grid of 90 settings",
        distance("accuracy", "finite"),
        AtMost(0.004),
        paper_value=r"the formula, up to $o(1)$",
    ),
    beyond(
        "finite_dimension",
        FORMULA,
        r"Most of that $o(1)$ is the noise $\frac{\sigma_\xi^2}{d}(A^2+B^2)$ in $\Delta^2$: without it the formula is at least three times further off.",
        "formula",
        "largest distance from the formula without the noise over largest distance with it",
        dimension_explains,
        AtLeast(3.0),
    ),
    claim(
        "example",
        FORMULA,
        r"Example: $\sigma_{core}=1$, $\sigma_{spu}=0$, $p_{spu}=1$ gives .8123, where supervised learning is at most 2/3.",
        "core_deviation",
        "accuracy of the learnt direction, mean over seeds",
        example,
        Within(float(theory.contrastive_accuracy(1.0, 0.0, 1.0)), absolute=0.003),
        paper_value="81 %",
    ),
    beyond(
        "rate",
        FORMULA,
        r"The deviation of one sample falls like $n^{-1/2}$.",
        "sample_size",
        r"slope of the root mean square over seeds in $\log n$, with a jackknife over the seeds",
        rate,
        IntervalContains(-0.5),
        note="Our specification's own band is -0.4 to -0.5.",
    ),
    beyond(
        "wide",
        FORMULA,
        r"It also holds with more dimensions than samples, $n = 300$, $d = 3000$, within .003.",
        "wide",
        "distance of the mean accuracy over seeds from the formula, largest over ranks",
        lambda r: stats.exact(
            np.abs(
                r["accuracy"].mean(0)
                - theory.contrastive_accuracy(r.config.sigma_core, r.config.sigma_spu, r.config.p_spu)
            ).max(),
            r["accuracy"].size,
        ),
        AtMost(0.003),
    ),
    beyond(
        "wide_rank",
        FORMULA,
        r"A rank above 2 is harmless there: 2, 10 and 300 give the same.",
        "wide",
        "largest difference between ranks over seeds",
        lambda r: stats.exact(np.ptp(r["accuracy"], axis=1).max(), r["accuracy"].size),
        AtMost(0.001),
    ),
    beyond(
        "wide_loud",
        FORMULA,
        r"With a hundred times the noise variance, $\sigma_\xi=10$, $d > n$ still gives .8126.",
        "wide",
        "accuracy at rank 2, mean over seeds",
        lambda r: stats.mean(r["loud"]),
        Within(0.8126, absolute=0.003),
        note="Our specification's number and its bound for $d > n$.",
    ),
)
