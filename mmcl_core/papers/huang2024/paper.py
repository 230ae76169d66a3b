"""Everything declared for Huang et al. 2024."""

from mmcl_core.evidence.paper import Paper
from mmcl_core.papers.huang2024.claims import appendix_b, appendix_c, appendix_d, beyond, descent, lemmas, main, table1
from mmcl_core.papers.huang2024.deviations import DEVIATIONS
from mmcl_core.papers.huang2024.experiments import (
    calibration,
    colored_mnist,
    concentration,
    crosstalk,
    downstream,
    figure1,
    identities,
    neurons,
    phase,
    scaling,
    stage_one,
    stage_two,
)
from mmcl_core.papers.huang2024.figures import digits, laws, proofs, training

PAPER = Paper(
    key="huang2024",
    title="On the Comparison between Multi-modal and Single-modal Contrastive Learning",
    authors="Huang et al. 2024",
    reference="Wei Huang, Andi Han, Yongqiang Chen, Yuan Cao, Zhiqiang Xu, Taiji Suzuki. NeurIPS 2024, arXiv:2411.02837.",
    experiments=(
        identities.identities,
        figure1.figure1,
        calibration.calibration,
        calibration.negatives,
        downstream.downstream,
        concentration.concentration,
        crosstalk.crosstalk,
        crosstalk.sample_size,
        stage_one.stage_one_single,
        stage_one.stage_one_multi,
        stage_two.stage_two,
        stage_two.log_growth,
        phase.phase,
        scaling.power_law,
        scaling.collapse,
        scaling.flow_limit,
        neurons.neurons,
        colored_mnist.colored_samples,
        colored_mnist.colored_mnist,
        colored_mnist.colored_controls,
    ),
    figures=(*training.FIGURES, *proofs.FIGURES, *laws.FIGURES, *digits.FIGURES),
    claims=(
        *main.CLAIMS,
        *lemmas.CLAIMS,
        *appendix_b.CLAIMS,
        *appendix_c.CLAIMS,
        *descent.CLAIMS,
        *appendix_d.CLAIMS,
        *beyond.CLAIMS,
        *table1.CLAIMS,
    ),
    deviations=DEVIATIONS,
)
