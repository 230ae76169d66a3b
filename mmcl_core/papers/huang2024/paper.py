"""Everything declared for Huang et al. 2024."""

from mmcl_core.evidence.claim import claims_of
from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.huang2024.claims import (
    appendix_b,
    appendix_c,
    appendix_c_noise,
    appendix_d,
    appendix_d_descent,
    ceilings,
    controls,
    descent,
    figure1,
    laws,
    lemmas,
    table1,
    theorems,
)
from mmcl_core.papers.huang2024.deviations import DEVIATIONS
from mmcl_core.papers.huang2024.experiments import (
    arrival,
    calibration,
    ceiling,
    colored_mnist,
    concentration,
    crosstalk,
    dimension,
    downstream,
    frozen,
    identities,
    neurons,
    phase,
    races,
    scaling,
    sequence,
    stage_one,
    stage_two,
)
from mmcl_core.papers.huang2024.experiments.figure1 import figure1 as figure1_runs
from mmcl_core.papers.huang2024.figures import ceilings as ceiling_figures
from mmcl_core.papers.huang2024.figures import digits, proofs
from mmcl_core.papers.huang2024.figures import laws as law_figures
from mmcl_core.papers.huang2024.figures import training as training_figures

PAPER = Paper(
    key="huang2024",
    title="On the Comparison between Multi-modal and Single-modal Contrastive Learning",
    authors="Huang et al. 2024",
    reference="Wei Huang, Andi Han, Yongqiang Chen, Yuan Cao, Zhiqiang Xu, Taiji Suzuki. NeurIPS 2024, "
    "arXiv:2411.02837.",
    experiments=(
        identities.identities,
        figure1_runs,
        sequence.sequence,
        calibration.calibration,
        calibration.negatives,
        downstream.downstream,
        ceiling.ceiling,
        races.races,
        concentration.concentration,
        crosstalk.crosstalk,
        crosstalk.sample_size,
        stage_one.stage_one_single,
        stage_one.stage_one_multi,
        stage_one.conditions_single,
        stage_one.conditions_multi,
        dimension.dimension,
        frozen.frozen,
        stage_two.stage_two,
        stage_two.log_growth,
        arrival.arrival,
        phase.phase,
        scaling.power_law,
        scaling.thresholds,
        scaling.collapse,
        scaling.step_size,
        neurons.neurons,
        colored_mnist.colored_samples,
        colored_mnist.colored_mnist,
        colored_mnist.colored_controls,
    ),
    figures=(
        *training_figures.FIGURES,
        *ceiling_figures.FIGURES,
        *proofs.FIGURES,
        *law_figures.FIGURES,
        *digits.FIGURES,
    ),
    claims=claims_of(
        theorems,
        figure1,
        ceilings,
        lemmas,
        appendix_b,
        appendix_c,
        appendix_c_noise,
        descent,
        appendix_d,
        appendix_d_descent,
        laws,
        controls,
        table1,
    ),
    deviations=DEVIATIONS,
)
