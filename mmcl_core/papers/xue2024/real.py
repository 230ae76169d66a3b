"""What the experiments half of the chapter declares: the paper's semi-synthetic experiment, its figures, and ours."""

from __future__ import annotations

from mmcl_core.evidence.claim import claims_of
from mmcl_core.papers.xue2024.claims import heads as head_claims
from mmcl_core.papers.xue2024.claims import published as published_claims
from mmcl_core.papers.xue2024.claims import semi as semi_claims
from mmcl_core.papers.xue2024.claims import semi_optimum, semi_published, setting_one
from mmcl_core.papers.xue2024.experiments import (
    digits,
    heads,
    icons,
    loss_optimum,
    mscoco,
    mscoco_heads,
    published,
    robustness,
    semi,
    semi_labels,
    semi_sensitivity,
)
from mmcl_core.papers.xue2024.figures import heads as head_figures
from mmcl_core.papers.xue2024.figures import optimum as optimum_figures
from mmcl_core.papers.xue2024.figures import published as published_figures
from mmcl_core.papers.xue2024.figures import real as real_figures
from mmcl_core.papers.xue2024.figures import real_icons as icon_figures
from mmcl_core.papers.xue2024.figures import real_robustness as robustness_figures
from mmcl_core.papers.xue2024.figures import semi as semi_figures

REAL_EXPERIMENTS = (
    semi.semi_samples,
    semi.semi,
    semi.semi_count,
    semi_labels.semi_labels,
    semi_sensitivity.semi_sensitivity,
    loss_optimum.loss_optimum,
    loss_optimum.loss_descent,
    published.published,
    heads.heads,
    digits.digits,
    digits.digits_controls,
    digits.digit_samples,
    robustness.robustness_supervised,
    robustness.robustness_captioned,
    robustness.robustness_no_intra,
    icons.icons,
    icons.icon_samples,
    mscoco.mscoco,
    mscoco_heads.mscoco_heads,
)
REAL_FIGURES = (
    *semi_figures.FIGURES,
    *optimum_figures.FIGURES,
    *published_figures.FIGURES,
    *head_figures.FIGURES,
    *real_figures.FIGURES,
    *robustness_figures.FIGURES,
    *icon_figures.FIGURES,
)
REAL_CLAIMS = claims_of(semi_claims, semi_optimum, semi_published, published_claims, head_claims, setting_one)
