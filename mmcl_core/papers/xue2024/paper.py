"""Everything declared for Xue et al. 2024."""

from mmcl_core.evidence.claim import claims_of
from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.xue2024.claims import (
    appendix_c,
    appendix_e_1,
    corollary_4_5,
    labels_alone,
    negatives,
    prompts,
    section_3,
    theorem_4_3,
    theorem_4_4,
    theorem_4_7,
    theorem_4_8,
    theorem_5_2,
    theorem_5_4,
    theorem_f_1,
    truncation,
)
from mmcl_core.papers.xue2024.claims import clip_bridge as clip_bridge_claims
from mmcl_core.papers.xue2024.claims import clip_loss as clip_claims
from mmcl_core.papers.xue2024.claims import readout as readout_claims
from mmcl_core.papers.xue2024.deviations import DEVIATIONS
from mmcl_core.papers.xue2024.experiments import (
    appendix,
    clip_bridge,
    clip_loss,
    clip_sharing,
    formula,
    limits,
    linear_loss,
    max_margin,
    noise_norm,
    pictures,
    readout,
    richness,
    sharing,
    sharing_maps,
    supervised_limits,
    wide_theorems,
)
from mmcl_core.papers.xue2024.figures import bridge as bridge_figures
from mmcl_core.papers.xue2024.figures import captions, models, phases
from mmcl_core.papers.xue2024.figures import readout as readout_figures
from mmcl_core.papers.xue2024.real import REAL_CLAIMS, REAL_EXPERIMENTS, REAL_FIGURES

# theory
THEORY_EXPERIMENTS = (
    pictures.data_models,
    linear_loss.linear_loss,
    linear_loss.similarity,
    supervised_limits.sagawa,
    supervised_limits.finite_dimension,
    supervised_limits.separability,
    supervised_limits.spurious_probability,
    supervised_limits.phase_core,
    formula.formula,
    formula.sample_size,
    formula.wide,
    wide_theorems.wide_theorems,
    formula.core_deviation,
    richness.richness,
    richness.negatives,
    richness.supcon_intra,
    limits.rank,
    max_margin.max_margin,
    max_margin.labels_alone,
    sharing.sharing_population,
    sharing.sharing_finite,
    sharing_maps.threshold_richness,
    sharing_maps.phase_sharing,
    readout.prompts,
    readout.probe,
    readout.sharing_readout,
    readout.class_prior,
    appendix.coverage,
    noise_norm.noise_norm,
    appendix.latent_rates,
    appendix.noisy_rates,
    appendix.truncation,
    clip_bridge.regulariser,
    clip_bridge.training_time,
    clip_loss.clip_temperature,
    clip_loss.clip_captions,
    clip_loss.clip_captions_inner,
    clip_loss.clip_captions_learnt,
    clip_loss.clip_precision,
    clip_sharing.clip_sharing,
)
THEORY_FIGURES = (
    *models.FIGURES,
    *captions.FIGURES,
    *phases.FIGURES,
    *readout_figures.FIGURES,
    *bridge_figures.FIGURES,
)
THEORY_CLAIMS = claims_of(
    section_3,
    theorem_4_3,
    appendix_e_1,
    theorem_4_4,
    corollary_4_5,
    theorem_5_2,
    negatives,
    theorem_f_1,
    theorem_4_7,
    theorem_4_8,
    theorem_5_4,
    labels_alone,
    readout_claims,
    prompts,
    clip_claims,
    clip_bridge_claims,
    appendix_c,
    truncation,
)

PAPER = Paper(
    key="xue2024",
    title="Understanding the Robustness of Multi-modal Contrastive Learning to Distribution Shift",
    authors="Xue et al. 2024",
    reference="Yihao Xue, Siddharth Joshi, Dang Nguyen, Baharan Mirzasoleiman. ICLR 2024. arXiv:2310.04971.",
    judged="ICLR 2024, arXiv:2310.04971 version 2, whole, with all appendices",
    experiments=(*THEORY_EXPERIMENTS, *REAL_EXPERIMENTS),
    figures=(*THEORY_FIGURES, *REAL_FIGURES),
    claims=(*THEORY_CLAIMS, *REAL_CLAIMS),
    deviations=DEVIATIONS,
)
