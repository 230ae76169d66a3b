"""What this chapter changed, what the paper leaves open, what did not come out, and what was retired."""

from mmcl_core.evidence.paper import Deviation
from mmcl_core.papers.huang2024.errata import WRONG, named

DEVIATIONS = (
    *WRONG,
    Deviation(
        "unstated",
        r"Figure 1: $\tau$, $1/m$, initial scale",
        r"We use $k = 1/(m\tau) = 1$ and $\sigma_0 = 10^{-3}$.",
        "The paper gives neither. The pair was picked after a scan of eleven settings with seven heads, for agreement "
        "with the printed axes: a consistent reading, not a recovered one. The calibration figure repeats the core of "
        "that scan; in it the order of signal and accuracy is the same wherever training converges, that of the noise "
        "is not at the largest initial scale.",
        named("fig1_literal", "fig1_ordering", "fig1_noise_ordering"),
    ),
    Deviation(
        "unstated",
        "Figure 1: training set of the head",
        "The head is fitted on the pre-training embeddings (head B).",
        "The paper does not say; this choice alone gives one half for one modality. The head-size curve shows the "
        "others, and one neuron with a threshold is right on three quarters of the samples, with any encoder.",
        named("thm4_2", "head_size", "head_b_everywhere", "ceiling_single", "useless_is_the_head"),
    ),
    Deviation(
        "unstated",
        "Negatives",
        r"$N_i$ holds all samples of the other label.",
        r"The text says $M$ negatives, the proofs use $M = n/2$. Fewer change little; samples of the same label as "
        "negatives change the result.",
        named("negatives_number", "infonce_accuracy", "infonce_noise"),
    ),
    Deviation(
        "changed",
        "Lemmas: where they are checked",
        r"Lemmas whose point is the overlap of the samples are checked on Gaussian data, $d/n^2$ from 1 to $10^{12}$, "
        r"the others with exactly orthogonal vectors; classes are balanced, and $n$, $\mathrm{SNR}$ and $C_\mu$ meet "
        r"the stated conditions. Theorems and Figure 1 have a setting of their own.",
        r"The literal conditions on $d$ ask for $10^{10}$ to $10^{15}$ dimensions. Training needs inner products only, "
        "and their exact law can be drawn at any $d$. In the limit many lemmas hold by construction.",
        named("c3", "c3_gaussian", "c4", "c6_c7", "c6_c7_rate", "c6_c7_gaussian", "d9_none", "d9_rate", "d9_gaussian"),
    ),
    Deviation(
        "changed",
        "Long runs",
        r"Stage two is run at half of the figure's $\eta k\sigma_\xi^2 d/n$, with 200 neurons, "
        r"$\tau = 1/2$ and 600 steps.",
        r"The same time $\eta t$; steps to a small loss are inversely proportional to $\eta$, and what is learnt "
        r"there hardly depends on it.",
        named("thm4_2_step_size", "thm4_3_step_size", "step_size_noise", "step_size_signal"),
    ),
    Deviation(
        "changed",
        "Theorems 4.2 and 4.3: a second setting",
        r"Beside the figure's setting a sequence with $n\,\mathrm{SNR}^2 = 1.75$, $C_\mu = 3$, $n \ge 204$.",
        r"The figure's own $C_\mu n\,\mathrm{SNR}^2 = 3.75$ and $d = 2000 < n^2$ miss the conditions of the theorem "
        r"that it illustrates.",
        named("thm4_2_order", "thm4_3_loss", "thm4_3_square", "thm4_3_scale", "lemma5_4_signal"),
    ),
    Deviation(
        "not reproduced",
        "Theorem 4.3: dimension",
        r"With $d \ge n/(\sigma_0\sigma_\xi)$, as Assumption 4.1 asks, head B misses a new signal of $2\sigma_\xi$.",
        r"The random start of the weights then answers noise with $\sigma_0\sigma_\xi\sqrt d \ge n/\sqrt d$, more "
        r"than what has been learnt answers the signal. With $d = n^2$ and small $\sigma_0$ head B reads it. Per "
        r"neuron and at a fixed number of neurons; the new signal is stronger than the theorem's condition allows.",
        named("thm4_3_order", "thm4_3_order_few", "thm4_3_dimension", "thm4_3_square", "thm4_3_strong"),
    ),
    Deviation(
        "retired",
        "Our ceiling Phi for all linear heads",
        r"Two claims of ours said that no linear head exceeds $\Phi(\|\nu\|/\sigma_\xi)$. This is false.",
        r"The argument bounded half the gap of the class means over the standard deviation, which is not the "
        r"accuracy. One neuron with a threshold attains $(1 + \Phi)/2$. $\Phi$ is the ceiling of heads whose odd "
        r"noise response is unimodal given the even one; that a head treats both labels alike is not enough.",
        named("ceiling", "odd_ceiling", "balanced_beats_phi"),
    ),
    Deviation(
        "retired",
        "Two claims of ours about the flow",
        "That the distance to the gradient flow is proportional to the step size.",
        "It is the order of Euler's method and could not fail. In its place: the steps to a small loss, and what is "
        "learnt there, at several step sizes.",
        named("thm4_2_step_size", "thm4_3_step_size", "step_size_noise", "step_size_signal"),
    ),
    Deviation(
        "retired",
        "Claim lemma5_4_noise_small",
        r"That the noise is at most 0.09 of the signal at $\sigma_0 = 10^{-5}$.",
        "The bound was ours, set beside a measured .065. The power law in the initial scale says the same with an "
        "exponent.",
        named("power_law_multi", "lemma5_4_noise"),
    ),
    Deviation(
        "changed",
        "Table 1, tolerance",
        "All four numbers are asked for within .10.",
        "Encoder, optimiser, augmentation and probe are not given, and 2,000 digits stand for 60,000. Colour alone "
        "gives 77.5 % on the training labels; we find less than the printed 88.43 %, which the tolerance leaves open.",
        named("table1_single_train", "table1_single_test", "table1_multi_train"),
    ),
    Deviation(
        "changed",
        "Lemmas B.4 and B.5, constants",
        "They are checked with constants that we recall from Cao et al. 2022, as statements of ours.",
        "The constants of the paper's own lemmas were not read.",
        named("b4", "b5"),
    ),
    Deviation(
        "not reproduced",
        "Proofs of Lemmas 5.2 and 5.4: the mean activation of 3",
        r"It stays below 3 at $T_1$.",
        "The softmax moves before the mean is 3. The lemmas need the largest neuron only.",
        named("mean_reaches_3_single", "mean_reaches_3_multi"),
    ),
    Deviation(
        "changed",
        "Table 1, size",
        "At tier book 2,000 digits at 14 x 14 are used for training.",
        "Two CPU cores and a few minutes. Tier paper uses 28 x 28 and 60,000.",
        named("table1_multi_test", "table1_gap"),
    ),
    Deviation(
        "not reproduced",
        "Our own expectation: captions that name only the colour teach no shape",
        "A linear probe on the features reads about twice a guess under reversed colours; on which side is open.",
        "Likely because convolutions carry shape along that nothing asked for.",
        named("table1_colour_captions"),
    ),
    Deviation(
        "retired",
        "Claims table1_colour_train, table1_colour_test, table1_noise_ceiling",
        "Shares of colours and labels among the coloured digits.",
        "They measured our own sampler against the numbers put into it; tests do that.",
    ),
    Deviation(
        "retired",
        "Lemmas C.1, D.2, C.14, D.11: printed inequalities",
        "That drifts and gradients stay below the printed bounds.",
        "The bounds were 75 and 5,000 times off, so that nothing could break them. In their place: the order in $d$ of "
        "the drift, a bound without the factor $n$, and the exponent of the gradient in the loss.",
        named("c1", "c1_sharp", "d2", "c14", "d11"),
    ),
    Deviation(
        "retired",
        "Lemma 5.2 refused, Lemma C.16 (second part) refuted",
        "That some samples are not memorised, and that negatives gain more than 1.",
        r"Both were judged outside the conditions, the first with fewer neurons than $m \ge \tilde\Omega(1)$ asks for, "
        r"the second at $\tau = 1 > \alpha/20$. Where the conditions are met both statements hold.",
        named("lemma5_2_noise", "lemma5_2_noise_order", "lemma5_2_noise_share", "c16_negative"),
    ),
    Deviation(
        "retired",
        "Lemmas C.2 and D.1: steps with activations below 0.1, and refuted up to $T_1$",
        r"That $C_l \le 1.01$ in our window; and that the lemmas are refuted at $T_1$.",
        r"The lemmas are conditional, while $\gamma$ and $\rho$ are $O(1)$. In place of both: the run while no "
        r"coefficient exceeds 1, the coefficient up to which $C_l = 1.01$ does, and by itself the use that the proofs "
        r"make of the lemmas up to $T_1$.",
        named("c2", "c2_reach", "d1", "d1_reach", "c2_up_to_t1", "d1_up_to_t1"),
    ),
)
