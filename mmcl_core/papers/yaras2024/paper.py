"""Everything declared for Yaras et al. 2024."""

from mmcl_core.evidence.claim import claims_of
from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.yaras2024.claims import appendix_c as appendix_c_claims
from mmcl_core.papers.yaras2024.claims import (
    fig2,
    fig4a,
    lemmas,
    real_icons,
    real_longrun,
    real_moved,
    real_opening,
    real_pretrained,
    real_ranks,
    real_rows,
    real_starts,
    real_table,
    section_3,
    slower,
    theorem_3_2,
    theorem_3_3,
    toys,
)
from mmcl_core.papers.yaras2024.claims import printed as printed_claims
from mmcl_core.papers.yaras2024.deviations import DEVIATIONS
from mmcl_core.papers.yaras2024.experiments import (
    appendix_c,
    closing,
    coupling,
    exact,
    folder,
    icons,
    inits,
    longrun,
    mscoco,
    opening,
    pretrained,
    printed,
    scenes,
    spheres,
    sweep,
)
from mmcl_core.papers.yaras2024.figures import opening as opening_figures
from mmcl_core.papers.yaras2024.figures import printed as printed_figures
from mmcl_core.papers.yaras2024.figures import real_moved as real_moved_figures
from mmcl_core.papers.yaras2024.figures import real_pretrained as real_pretrained_figures
from mmcl_core.papers.yaras2024.figures import real_runs as real_runs_figures
from mmcl_core.papers.yaras2024.figures import real_table as real_table_figures
from mmcl_core.papers.yaras2024.figures import spheres as spheres_figures
from mmcl_core.papers.yaras2024.figures import theory
from mmcl_core.papers.yaras2024.figures import toys as toys_figures

# synthetic half
SYNTHETIC_EXPERIMENTS = (
    coupling.coupling,
    coupling.coupling_rate,
    exact.invariants,
    exact.leaving,
    exact.margins,
    exact.projections,
    closing.slow_closing,
    closing.exponents,
    closing.moving_margin,
    appendix_c.other_schemes,
    appendix_c.offsets,
    opening.random_start,
    opening.many_pairs,
    opening.small_gap,
    opening.finite_bound,
    spheres.fig2,
    spheres.toy_schemes,
    spheres.toy_swaps,
    spheres.phase_pairs,
    spheres.phase_start,
    printed.correlations,
    printed.fig4a_theory,
)
SYNTHETIC_FIGURES = (
    *spheres_figures.FIGURES,
    *toys_figures.FIGURES,
    *theory.FIGURES,
    *opening_figures.FIGURES,
    *printed_figures.FIGURES,
)
SYNTHETIC_CLAIMS = claims_of(
    section_3, lemmas, theorem_3_2, appendix_c_claims, slower, theorem_3_3, fig2, toys, printed_claims, fig4a
)

# real half
REAL_EXPERIMENTS = (
    scenes.fixed,
    scenes.moving,
    scenes.others,
    icons.fixed,
    icons.others,
    inits.first_steps,
    inits.starts,
    longrun.longrun,
    longrun.quasi_static,
    pretrained.clip,
    sweep.pretrained_sweep,
    mscoco.mscoco,
    folder.folder,
)
REAL_FIGURES = (
    *real_runs_figures.FIGURES,
    *real_moved_figures.FIGURES,
    *real_table_figures.FIGURES,
    *real_pretrained_figures.FIGURES,
)
REAL_CLAIMS = claims_of(
    real_starts,
    real_opening,
    real_longrun,
    real_moved,
    real_table,
    real_rows,
    real_ranks,
    real_icons,
    real_pretrained,
)

PAPER = Paper(
    key="yaras2024",
    title="Explaining and Mitigating the Modality Gap in Contrastive Multimodal Learning",
    authors="Yaras et al. 2024",
    reference="Can Yaras, Siyi Chen, Peng Wang, Qing Qu. CPAL 2025, PMLR 280, 1365-1387. arXiv:2412.07909.",
    judged="the published one (PMLR 280, 1365-1387), whole; in arXiv:2412.07909 version 2 Figs. 1 and 2 have "
    "changed places",
    experiments=(*SYNTHETIC_EXPERIMENTS, *REAL_EXPERIMENTS),
    figures=(*SYNTHETIC_FIGURES, *REAL_FIGURES),
    claims=(*SYNTHETIC_CLAIMS, *REAL_CLAIMS),
    deviations=DEVIATIONS,
)
