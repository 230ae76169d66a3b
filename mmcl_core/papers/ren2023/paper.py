"""Everything declared for Ren & Li 2023."""

from mmcl_core.evidence.claim import claims_of
from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.ren2023.claims import (
    assumptions,
    contrastive,
    digits,
    landscape,
    negative_pairs,
    noncontrastive,
    positive_pairs,
    rates,
    reduction,
    retrieval,
    shapes,
    stage_two,
)
from mmcl_core.papers.ren2023.claims import icons as icon_claims
from mmcl_core.papers.ren2023.deviations import DEVIATIONS
from mmcl_core.papers.ren2023.experiments import (
    beyond,
    captioned_shapes,
    digit_halves,
    equilibrium,
    exact,
    finite,
    floor,
    flows,
    forces,
    icons,
    laws,
    minima,
    runs,
    spectra,
    sweeps,
    widths,
)
from mmcl_core.papers.ren2023.figures import finite as finite_figures
from mmcl_core.papers.ren2023.figures import laws as law_figures
from mmcl_core.papers.ren2023.figures import real as real_figures
from mmcl_core.papers.ren2023.figures import training
from mmcl_core.papers.ren2023.figures import widths as width_figures

PAPER = Paper(
    key="ren2023",
    title="On the Importance of Contrastive Loss in Multimodal Learning",
    authors="Ren & Li 2023",
    reference="Yunwei Ren, Yuanzhi Li. arXiv:2304.03717.",
    judged="two abstracts (arXiv:2304.03717 version 1, April 2023, and the submission to ICLR 2023) and pieces of two "
    "pages; no theorem could be read",
    experiments=(
        runs.runs,
        flows.temperatures,
        flows.small_temperatures,
        flows.clock,
        flows.pushes,
        flows.switching,
        flows.learnt_temperature,
        laws.closed_form,
        laws.limit_growth,
        laws.rates,
        laws.temperature_sweep,
        laws.phase,
        exact.identities,
        exact.population,
        exact.landscape,
        sweeps.sweep,
        sweeps.fresh_sweep,
        sweeps.expansion,
        sweeps.balance_time,
        equilibrium.equilibrium,
        minima.minima,
        forces.forces,
        spectra.spectra,
        widths.width_law,
        finite.finite_width,
        floor.sgd_floor,
        finite.training_set,
        beyond.variant_runs,
        beyond.noise_inside,
        beyond.retrieval,
        digit_halves.digit_halves,
        captioned_shapes.captioned_shapes_towers,
        icons.icons,
    ),
    figures=(
        *training.FIGURES,
        *width_figures.FIGURES,
        *law_figures.FIGURES,
        *finite_figures.FIGURES,
        *real_figures.FIGURES,
    ),
    claims=claims_of(
        positive_pairs,
        negative_pairs,
        reduction,
        noncontrastive,
        contrastive,
        stage_two,
        landscape,
        rates,
        assumptions,
        retrieval,
        digits,
        shapes,
        icon_claims,
    ),
    deviations=DEVIATIONS,
)
