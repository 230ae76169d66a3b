// The two pushes of Ren & Li 2023: the infinite-width flow of 3 r + 2 numbers (energies a, b of both views, their inner
// products g, and the noise of both), and what positive and negative pairs contribute to the growth of each direction.
"use strict";
{
  const TIMES = [0, ...MMCL.grid(0.1, 1e6, 71, true)];

  const spectrum = (setting, letter) => Array.from({ length: setting.rank }, (_, p) => setting[`${letter}${p + 1}`]);

  // 1 - S, in the log domain: K enters through this clock alone.
  const missing = (beta, negatives) => {
    if (negatives === Infinity) return 1;
    let odds = Math.log(negatives);
    for (const b of beta) odds += Math.log1p(Math.exp(-2 * Math.abs(b))) - Math.log(2) + Math.abs(b) - b;
    return odds > 0 ? 1 / (1 + Math.exp(-odds)) : Math.exp(odds) / (1 + Math.exp(odds));
  };

  const flow = (setting) => {
    const { rank: r, d, noise, tau2, negatives } = setting,
      contrastive = setting.loss === "contrastive";
    const cA = spectrum(setting, "v").map((v) => v / d);
    const cB = setting.views === "equal" ? cA : spectrum(setting, "w").map((v) => v / d);
    const s = contrastive ? tau2 : 1,
      x = noise / d;

    // N_A^2, N_B^2 and the weights q_p of the pairs: `positive` what pulls together, `negative` what pushes apart. The
    // arrays are written anew by every call.
    const beta = new Float64Array(r),
      positive = new Float64Array(r).fill(1),
      negative = new Float64Array(r);
    const parts = (y) => {
      let squareA = y[3 * r],
        squareB = y[3 * r + 1];
      for (let p = 0; p < r; p++) {
        squareA += y[p];
        squareB += y[r + p];
      }
      const product = Math.sqrt(squareA * squareB);
      if (contrastive) {
        for (let p = 0; p < r; p++) beta[p] = (s * y[2 * r + p]) / product;
        const clock = 2 * missing(beta, negatives);
        positive.fill(clock);
        for (let p = 0; p < r; p++) negative[p] = -clock * Math.tanh(beta[p]);
      }
      return { squareA, squareB, product, positive, negative };
    };

    const field = (y) => {
      const { squareA, squareB, product } = parts(y),
        rate = new Float64Array(3 * r + 2);
      let total = 0;
      for (let p = 0; p < r; p++) total += ((positive[p] + negative[p]) * y[2 * r + p]) / product;
      for (let p = 0; p < r; p++) {
        const q = positive[p] + negative[p],
          a = y[p],
          b = y[r + p],
          g = y[2 * r + p];
        rate[p] = 2 * s * cA[p] * ((q * g) / product - (total * a) / squareA);
        rate[r + p] = 2 * s * cB[p] * ((q * g) / product - (total * b) / squareB);
        rate[2 * r + p] =
          s * ((q * (cB[p] * a + cA[p] * b)) / product - total * g * (cA[p] / squareA + cB[p] / squareB));
      }
      rate[3 * r] = (-2 * s * x * total * y[3 * r]) / squareA;
      rate[3 * r + 1] = (-2 * s * x * total * y[3 * r + 1]) / squareB;
      return rate;
    };

    // d log a_p / dt of every direction, for pairs of one kind.
    const push = (y, kind) => {
      const all = parts(y),
        q = all[kind];
      let total = 0;
      for (let p = 0; p < r; p++) total += (q[p] * y[2 * r + p]) / all.product;
      return cA.map((c, p) => 2 * s * c * ((q[p] * y[2 * r + p]) / (all.product * y[p]) - total / all.squareA));
    };

    const none = cA.map(() => 0),
      noises = (d - r) * x,
      solve = (f, start) => MMCL.solve(f, start, TIMES, 1e-7, 1e-12).slice(1);
    if (cA !== cB) return { states: solve(field, [...cA, ...cB, ...none, noises, noises]), push, parts };
    // Equal views stay equal: (a, g, n) say all, and steps cost half as much.
    const whole = (y, full = new Float64Array(3 * r + 2)) => {
      full.set(y.subarray(0, r));
      full.set(y.subarray(0, r), r);
      full.set(y.subarray(r), 2 * r);
      full[3 * r + 1] = y[2 * r];
      return full;
    };
    const both = new Float64Array(3 * r + 2);
    const half = (y) => {
      const f = field(whole(y, both));
      f.copyWithin(r, 2 * r, 3 * r + 1);
      return f.subarray(0, 2 * r + 1);
    };
    return { states: solve(half, [...cA, ...none, noises]).map((y) => whole(y)), push, parts };
  };

  // Where training without negatives ends when both views have one spectrum: sum_p e^{2 v_p D} = 2 d fixes D.
  const limit = (v, d) => {
    let low = -Math.log(2 * d) / Math.min(...v),
      high = Math.log(2 * d) / (2 * Math.min(...v)) + 1;
    for (let k = 0; k < 200; k++) {
      const D = (low + high) / 2;
      if (v.reduce((sum, x) => sum + Math.exp(2 * x * D), 0) < 2 * d) low = D;
      else high = D;
    }
    const logs = v.map((x) => Math.log(x) + 2 * x * low);
    return Math.exp((Math.max(...logs) - Math.min(...logs)) / 2);
  };

  const compute = (setting) => {
    const { rank: r } = setting,
      { states, push, parts } = flow(setting),
      time = TIMES.slice(1);
    const spread = (y, from) => Math.sqrt(Math.max(...y.slice(from, from + r)) / Math.min(...y.slice(from, from + r)));
    const kinds = { positive: [], negative: [] };
    for (const kind of Object.keys(kinds)) {
      const rows = states.map((y) => push(y, kind));
      kinds[kind] = Array.from({ length: r }, (_, p) => rows.map((row) => row[p]));
    }
    let end = null;
    if (setting.loss === "contrastive") end = 1;
    else if (setting.views === "equal") end = limit(spectrum(setting, "v"), setting.d);
    return {
      time,
      ...kinds,
      end,
      condition: states.map((y) => spread(y, 0)),
      conditionB: states.map((y) => spread(y, r)),
      alignment: states.map((y) => y.slice(2 * r, 3 * r).reduce((sum, g) => sum + g, 0) / parts(y).product),
    };
  };

  const draw = (n, setting, room) => {
    const columns = room > 820 ? 3 : room > 520 ? 2 : 1,
      width = Math.floor(room / columns),
      { time } = n;
    const x = { low: 0.1, high: 1e6, log: true, label: "time" };
    const both = setting.views === "different";
    const most = Math.max(...n.condition, ...n.conditionB, n.end ?? 1, 2);
    const top = [1, 2, 5].flatMap((m) => MMCL.grid(0, 12, 13).map((k) => m * 10 ** k)).sort((a, b) => a - b);
    const high = top.find((v) => v > 1.05 * most) ?? 1e13;
    const steps = [1, 2, 5, 10, 20, 50].filter((v) => v <= high);
    const condition = MMCL.panel({
      width,
      x,
      title: "condition number",
      alt:
        `Condition number over time, ${MMCL.text(n.condition[0])} at the start, ` +
        `${MMCL.text(Math.max(...n.condition))} at most, ${MMCL.text(n.condition.at(-1))} at the end.`,
      y: { low: 0.95, high, log: true, label: "", at: high > 100 ? undefined : steps },
      marks: [
        ...(n.end === null
          ? []
          : [{ rule: n.end, axis: "y", color: "currentColor", dash: "none", width: 1.4, text: "closed-form end" }]),
        ...(both ? [{ line: [time, n.conditionB], color: "var(--ex-third)", dash: "5 3" }] : []),
        {
          line: [time, n.condition],
          color: setting.loss === "contrastive" ? "var(--ex-multi)" : "var(--ex-single)",
          width: 2.4,
        },
      ],
    });
    const alignment = MMCL.panel({
      width,
      x,
      title: "alignment",
      alt: `Alignment over time, ${MMCL.text(n.alignment.at(-1))} at the end.`,
      y: { low: 0, high: 1.05, label: "" },
      marks: [
        { rule: 1, axis: "y" },
        {
          line: [time, n.alignment],
          width: 2.4,
          color: setting.loss === "contrastive" ? "var(--ex-multi)" : "var(--ex-single)",
        },
      ],
    });
    const scaled = (rows) => rows.map((row) => row.map((v, t) => v * time[t]));
    const [plus, minus] = [scaled(n.positive), scaled(n.negative)],
      flat = [...plus.flat(), ...minus.flat(), 0.1, -0.1];
    const order = spectrum(setting, "v")
      .map((v, p) => [v, p])
      .sort((a, b) => b[0] - a[0])
      .map(([, p]) => p);
    const widths = order.map((_, k) => 3 - (2.2 * k) / (order.length - 1));
    const lines = order.flatMap((p, k) => [
      { line: [time, plus[p]], color: "var(--ex-single)", width: widths[k] },
      { line: [time, minus[p]], color: "var(--ex-multi)", width: widths[k] },
    ]);
    const reach = 1.1 * Math.max(...flat.map(Math.abs));
    const pushes = MMCL.panel({
      width: columns === 2 ? room - 10 : width,
      x,
      title: "push on each direction",
      alt: "Growth of each direction's energy per unit of log time: one curve for positive and one for negative pairs.",
      y: { low: -reach, high: reach, label: "time × d log a / dt" },
      marks: [{ rule: 0, axis: "y", dash: "none" }, ...lines],
    });
    return (
      condition +
      alignment +
      pushes +
      MMCL.legend([
        ["positive pairs", "var(--ex-single)"],
        ["negative pairs", "var(--ex-multi)"],
        ["thick: the strongest direction; thin: the weakest", "var(--ex-grey)"],
        ...(both ? [["condition number of the second view", "var(--ex-third)", "5 3"]] : []),
      ])
    );
  };

  const say = (n, setting) => {
    const peak = n.condition.indexOf(Math.max(...n.condition)),
      last = n.condition.at(-1),
      T = MMCL.text;
    const aligned = n.time.find((_, t) => n.alignment[t] > 0.99);
    const start = `The condition number starts at ${T(n.condition[0])}`;
    const told =
      aligned === undefined
        ? `alignment has come to ${T(n.alignment.at(-1))}`
        : `the views are aligned (0.99) at ${T(aligned)}`;
    if (setting.loss !== "contrastive") {
      const end = n.end === null ? "for two spectra no closed form is known" : `the closed form says ${T(n.end)}`;
      return (
        `${start} and ends at <b>${T(last)}</b> (${end}); ${told}.` +
        ` Nothing pushes back: <b>the imbalance stays</b>.`
      );
    }
    const rises = peak > 0 && n.condition[peak] > 1.001 * n.condition[0];
    const way = rises ? `rises to <b>${T(n.condition[peak])}</b> at time ${T(n.time[peak])}` : "does not rise";
    const balanced =
      last < 1.1
        ? "<b>the negatives have balanced</b> what the positives had unbalanced"
        : "the balance is on its way and slow at this temperature";
    return `${start}, ${way} and is at <b>${T(last)}</b> at time 10⁶; ${told}: ${balanced}.`;
  };

  const shown = (setting) => {
    const bars = (letter) => Array.from({ length: setting.rank }, (_, p) => `${letter}${p + 1}`);
    return [
      "rank",
      "loss",
      "views",
      "d",
      "noise",
      ...(setting.loss === "contrastive" ? ["tau2", "negatives"] : []),
      ...bars("v"),
      ...(setting.views === "different" ? bars("w") : []),
    ];
  };

  MMCL.explorer("pushes", { compute, draw, say, shown });
}
