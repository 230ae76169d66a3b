"""What is wrong in the paper as printed, with the claims that measure it."""

from mmcl_core.evidence.paper import Deviation


def named(*names: str) -> tuple[str, ...]:
    """Names of this chapter's claims, in full."""
    return tuple(f"huang2024.{name}" for name in names)


WRONG = (
    Deviation(
        "wrong as printed",
        "Theorem 4.3: scale of the new signal",
        r"For $\nu$ along $\mu$ the printed condition allows at most $\|\mu\|/\sqrt d$, where every linear head errs "
        r"on nearly a quarter of the samples. For $\|\nu\| = \|\mu\|$ in a random direction head B errs on half of "
        r"them.",
        r"No linear head on any encoder is more accurate than $(1 + \Phi(\|\nu\|/\sigma_\xi))/2$, and head B on the "
        r"multi-modal encoder lies near $\Phi(\|\nu\|/\sigma_\xi)$. A part of $\nu$ across $\mu$ would lift the "
        r"ceiling, but has not been learnt. Whether the condition was meant so is open. Figure 1 uses a far stronger "
        r"new signal, $\|\nu\| = 2\sigma_\xi$.",
        named(
            "thm4_3_scale",
            "thm4_3_scale_corrected",
            "thm4_3_generic",
            "thm4_3_generic_half",
            "thm4_3_across",
            "ceiling",
            "ceiling_attained",
        ),
    ),
    Deviation(
        "wrong as printed",
        "Lemma B.1",
        "With the usual error function a factor 2 too many, twice.",
        r"The probability is $\mathrm{erf}(c/\sqrt2 s)$; with an error function that ends at 1/2 the line is right. "
        r"The bound drawn from it holds either way.",
        named("b1", "b1_bound_printed", "b1_corrected", "b1_bound"),
    ),
    Deviation(
        "wrong as printed",
        "Lemmas C.9, C.10, C.11",
        r"The class sum is of order $n$, not $\sqrt n$; no pair dominates it; most active pairs die.",
        "A sum of positive terms has a mean. The conclusion of Lemma 5.2 survives through the largest pairs, but for a "
        "sample that has lost all its neurons.",
        named("c9", "c9_corrected", "c10", "c11", "c11_window", "c11_dies", "c11_silenced", "c11_exponent"),
    ),
    Deviation(
        "wrong as printed",
        r"Lemma D.4, and the use of Lemmas C.2 and D.1 up to $T_1$",
        r"The softmax is frozen while activations are small, as the lemmas say, and not up to $T_1$, as the proofs use "
        r"them: there the least $C_l$ that would do is near $M$. Nor does Lemma D.4 hold so long.",
        r"The largest coefficient is of order one at a fraction of $T_1$. What is claimed holds in that fraction, "
        r"which grows as $\sigma_0$ falls.",
        named("c2_up_to_t1", "c2_window", "d1_up_to_t1", "d1_window", "d4", "d4_halved", "d4_window", "d4_corrected"),
    ),
    Deviation(
        "wrong as printed",
        "Lemma C.5",
        r"$C_\xi > 200$ for every pair needs $\sigma_\xi/\sigma_\epsilon$ of the order of $mn/\delta$, not of a "
        "logarithm.",
        "The ratio of two Gaussians has no mean. Harmless: an augmentation up to the "
        "noise's own strength leaves head-B accuracy within .1.",
        named("c5", "c5_corrected"),
    ),
    Deviation(
        "wrong as printed",
        "Lemma C.13",
        r"$\max\rho$ exceeds $\log(3MT^*)$ at $\tau = 0.5$ for moderate $T^*$.",
        r"It grows like $\sqrt\tau$ in the temperature and slower than $\sqrt{\log t}$ in time, so that the bound "
        "holds eventually.",
        named("c13", "c13_small_temperature", "c13_corrected", "c13_temperature"),
    ),
    Deviation(
        "wrong as printed",
        "Lemma C.16",
        r"Its first part asks every sample for a mean activation of 1, which none has; the proof of the second drops a "
        r"positive term.",
        r"The averaged gap gives the descent, and with a reference point $W^*$ twice as far from the start it is large "
        r"enough for every sample. The second part holds at the temperature that the proofs allow.",
        named("c16_positive", "c16_negative", "c16_corrected"),
    ),
    Deviation(
        "wrong as printed",
        "Lemma 5.4, rate",
        r"The noise does not fall like $n^{-1/2}$.",
        r"At fixed $\sigma_0\sigma_\xi\sqrt d$ it rises like $n^{1/P}$, $P = C_\mu n\,\mathrm{SNR}^2$, while growth is "
        r"exponential. The last step of the proof needs $\sigma_0\|\mu\| \le n^{-2}$.",
        named("lemma5_4_rate", "lemma5_4_rate_corrected", "power_law_multi"),
    ),
    Deviation(
        "wrong as printed",
        "Lemmas D.5 to D.8",
        r"The growth rate lacks $\sigma_\xi^2 d$.",
        "With it the bounds hold.",
        named("d5_d8", "d5_d8_corrected"),
    ),
    Deviation(
        "wrong as printed",
        "Equations (9), (15), (17)",
        r"We use $\mathrm{Sim}_{gh}(\tilde x_i, x_j)$ for the negatives of the second direction and "
        r"$g_r(y_i\tilde\mu)$ in the positive term.",
        r"The text prints $\mathrm{Sim}(x_i,\tilde x_j)$, $g_r(y_j\tilde\mu)$ and $h'_r$; only the corrected update "
        r"is the gradient of the loss.",
        named("lemma5_1", "lemma5_3"),
    ),
)
