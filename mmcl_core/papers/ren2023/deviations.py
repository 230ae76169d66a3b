"""What this chapter changed and what it could not know."""

from mmcl_core.evidence.paper import Deviation


def _names(*names: str) -> tuple[str, ...]:
    return tuple(f"ren2023.{name}" for name in names)


DEVIATIONS = (
    Deviation(
        "unstated",
        "The paper's body",
        "We state the claims of its abstracts in the paper's model and sharper ones that we derived; no theorem, constant or figure number is quoted.",
        "Only the abstracts and fragments of the first pages were available to us.",
        _names("p1_peak", "p2_warm", "p3_unbalanced"),
    ),
    Deviation(
        "unstated",
        "Sizes and spectra",
        r"$d=40$, $r=5$, $\sigma^2=(1,.8,.6,.4,.2)$, $\sigma_\xi^2=.2$, chosen by us.",
        "No hyper-parameter of the paper was available; this setting shows everything and is cheap.",
        _names("p1_peak", "p1_alignment"),
    ),
    Deviation(
        "changed",
        "Time",
        "Population gradient flow becomes stochastic gradient descent with time = rate x steps, or an ordinary differential equation at infinite width.",
        "The flow cannot be run; the distance between the three is measured.",
        _names("d2b_contrastive", "d2b_noncontrastive", "d9"),
    ),
    Deviation(
        "changed",
        "Width",
        "Encoders are trained in an orthonormal basis of their columns, at most 2d rows.",
        "Exact: every measurement is an inner product of columns. The cost no longer depends on the width.",
        _names("d1"),
    ),
    Deviation(
        "wrong as printed",
        "Our specification: one peak at every temperature",
        r"Few configurations with $\tau^2\gtrsim2r$ rise again slightly.",
        r"The statement is kept for $\tau^2\le1.5\,r$.",
        _names("d4e", "d4e_corrected"),
    ),
    Deviation(
        "not reproduced",
        "Our own expectation: contrastive towers are better at every attribute of the shapes",
        "They are on average; on the brightness of the background the interval of the difference contains zero.",
        "Both losses keep the strongest attribute, so little is left to gain there.",
        _names("shapes_mlp_every_attribute"),
    ),
    Deviation(
        "changed",
        "Real pairs",
        "Halves of digits, rendered shapes with captions and icons with names stand in for natural image-caption pairs.",
        "No photograph-caption data reach a machine through the package registries. The scores are not comparable with MSCOCO.",
        _names("digits_noncontrastive", "digits_no_first_stage", "shapes_linear_first_stage", "icons_first_stage"),
    ),
)
