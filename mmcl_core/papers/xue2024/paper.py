"""Everything declared for Xue et al. 2024."""

from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.xue2024.claims import bridge, clip, intra_class, limits, real, real_icons, real_robustness
from mmcl_core.papers.xue2024.claims import linear_loss as linear_loss_claims
from mmcl_core.papers.xue2024.claims import richness as richness_claims
from mmcl_core.papers.xue2024.claims import sharing as sharing_claims
from mmcl_core.papers.xue2024.deviations import DEVIATIONS
from mmcl_core.papers.xue2024.experiments import (
    clip_bridge,
    clip_loss,
    clip_sharing,
    digits,
    formula,
    icons,
    linear_loss,
    mscoco,
    pictures,
    richness,
    robustness,
    sharing,
    supervised_limits,
)
from mmcl_core.papers.xue2024.figures import bridge as bridge_figures
from mmcl_core.papers.xue2024.figures import models, phases
from mmcl_core.papers.xue2024.figures import real as real_figures
from mmcl_core.papers.xue2024.figures import real_icons as icon_figures
from mmcl_core.papers.xue2024.figures import real_robustness as robustness_figures

# synthetic half
SYNTHETIC_EXPERIMENTS = (
    pictures.data_models,
    linear_loss.linear_loss,
    formula.formula,
    formula.sample_size,
    formula.wide,
    formula.core_deviation,
    formula.misuse,
    richness.richness,
    richness.negatives,
    supervised_limits.sagawa,
    supervised_limits.finite_dimension,
    supervised_limits.spurious_probability,
    supervised_limits.phase_core,
    sharing.sharing_supervised,
    sharing.sharing_population,
    sharing.sharing_finite,
    sharing.threshold_richness,
    sharing.phase_sharing,
    clip_bridge.regulariser,
    clip_bridge.training_time,
    clip_loss.clip_temperature,
    clip_loss.clip_captions,
    clip_loss.clip_captions_inner,
    clip_loss.clip_captions_learnt,
    clip_loss.clip_precision,
    clip_sharing.clip_sharing,
)
SYNTHETIC_FIGURES = (*models.FIGURES, *phases.FIGURES, *bridge_figures.FIGURES)
SYNTHETIC_CLAIMS = (
    *linear_loss_claims.CLAIMS,
    *intra_class.CLAIMS,
    *limits.CLAIMS,
    *sharing_claims.CLAIMS,
    *richness_claims.CLAIMS,
    *bridge.CLAIMS,
    *clip.CLAIMS,
)

# real half
REAL_EXPERIMENTS = (
    digits.digits,
    digits.digits_controls,
    digits.digit_samples,
    robustness.robustness_supervised,
    robustness.robustness_captioned,
    robustness.robustness_no_intra,
    icons.icons,
    icons.icon_samples,
    mscoco.mscoco,
)
REAL_FIGURES = (*real_figures.FIGURES, *robustness_figures.FIGURES, *icon_figures.FIGURES)
REAL_CLAIMS = (*real.CLAIMS, *real_robustness.CLAIMS, *real_icons.CLAIMS)

PAPER = Paper(
    key="xue2024",
    title="Understanding the Robustness of Multi-modal Contrastive Learning to Distribution Shift",
    authors="Xue et al. 2024",
    reference="Yihao Xue, Siddharth Joshi, Dang Nguyen, Baharan Mirzasoleiman. ICLR 2024. arXiv:2310.04971.",
    experiments=(*SYNTHETIC_EXPERIMENTS, *REAL_EXPERIMENTS),
    figures=(*SYNTHETIC_FIGURES, *REAL_FIGURES),
    claims=(*SYNTHETIC_CLAIMS, *REAL_CLAIMS),
    deviations=DEVIATIONS,
)
