// The two data models of Xue et al. 2024 from their closed forms: what supervised and contrastive learning cut off, and
// how often they are right on the training law, on the true law and where the background is of the other class.
"use strict";
{
  const N = 300,
    NOISE = 1,
    MOST = 40; // samples drawn, sigma_xi of the memorised part, largest m
  const PART = { agree: "on the right background", conflict: "on the wrong background" };

  // Phi(mean / spread); without a spread the sign decides, and 0 counts half.
  const rightShare = (mean, spread) => MMCL.cdf(spread > 0 ? mean / spread : 1e9 * Math.sign(mean));

  const groups = ([a, b], core, spu) => {
    const spread = Math.sqrt((a * core) ** 2 + (b * spu) ** 2);
    return { agree: rightShare(a + b, spread), conflict: rightShare(a - b, spread) };
  };

  const sample = ({ p, core, spu, seed }) => {
    const normal = MMCL.normals(seed, 2 * N),
      uniform = MMCL.uniforms(seed + 1000);
    return Array.from({ length: N }, (_, i) => {
      const y = i % 2 ? -1 : 1,
        a = uniform() < p ? y : -y;
      return { y, a, z: [y + core * normal[2 * i], a + spu * normal[2 * i + 1]] };
    });
  };

  // argmin |w|^2 / 2 + sum max(0, 1 - y w.z)^2 / (2 sigma_xi^2), max-margin as d -> infinity, by Newton's method.
  const maxMargin = (points) => {
    const rows = points.map(({ y, z }) => [y * z[0], y * z[1]]);
    const value = (w) =>
      (w[0] ** 2 + w[1] ** 2) / 2 +
      rows.reduce((sum, r) => sum + Math.max(0, 1 - r[0] * w[0] - r[1] * w[1]) ** 2, 0) / (2 * NOISE ** 2);
    let w = [0, 0],
      now = value(w);
    for (let round = 0; round < 200; round++) {
      const active = rows.filter((r) => r[0] * w[0] + r[1] * w[1] < 1);
      const sum = (f) => active.reduce((total, r) => total + f(r), 0);
      const A = [NOISE ** 2 + sum((r) => r[0] ** 2), sum((r) => r[0] * r[1]), NOISE ** 2 + sum((r) => r[1] ** 2)];
      const b = [sum((r) => r[0]), sum((r) => r[1])],
        det = A[0] * A[2] - A[1] ** 2;
      const step = [(A[2] * b[0] - A[1] * b[1]) / det - w[0], (A[0] * b[1] - A[1] * b[0]) / det - w[1]];
      let size = 1,
        next = w,
        found = now;
      for (let k = 0; k < 40; k++, size /= 2) {
        next = [w[0] + size * step[0], w[1] + size * step[1]];
        found = value(next);
        if (found <= now) break;
      }
      const done = Math.max(Math.abs(size * step[0]), Math.abs(size * step[1])) < 1e-12 || now - found < 1e-15 * found;
      [w, now] = [next, found];
      if (done) break;
    }
    return w;
  };

  const within = (s) => {
    const points = sample(s),
      judge = (weights) => {
        const { agree, conflict } = groups(weights, s.core, s.spu);
        return { weights, agree, conflict, ood: (agree + conflict) / 2, id: s.p * agree + (1 - s.p) * conflict };
      };
    return {
      supervised: judge(maxMargin(points)),
      contrastive: judge([1 + s.piCore * s.core ** 2, 2 * s.p - 1]),
      alone: rightShare(1, s.core),
      prompt: -(2 * s.p - 1) / (1 + s.piSpu * s.spu ** 2),
    };
  };

  // Accuracy of the score c (A z_core + B z_spu) among m pairs of classes; ties count as wrong.
  const shared = ([a, b], m, alpha, beta) => {
    const one = beta * a + alpha * beta * b,
      other = Math.abs(beta * a - alpha * beta * b);
    const high = Math.max(Math.abs(one), other),
      low = Math.min(Math.abs(one), other);
    const half = (own) => (m === 1 ? Number(own > 0) : own > high ? 1 : own > low ? 2 ** (1 - m) : 0);
    const agree = half(a + alpha * b),
      conflict = half(a - alpha * b);
    return { weights: [a, b], agree, conflict, ood: (agree + conflict) / 2, id: agree };
  };

  const sharing = ({ m, alpha, beta, pi }) => {
    const learnt = (k) => [1 + (k - 1) * pi * beta ** 2, alpha];
    const threshold = ((alpha * (alpha + alpha * beta)) / (1 - beta) - 1) / (pi * beta ** 2) + 1;
    return {
      supervised: shared([1, alpha], m, alpha, beta),
      contrastive: shared(learnt(m), m, alpha, beta),
      curve: Array.from({ length: MOST }, (_, k) => shared(learnt(k + 1), k + 1, alpha, beta).ood),
      threshold,
      least: Math.floor(threshold + 1e-9) + 1,
    };
  };

  const compute = (setting) => (setting.model === "within" ? within(setting) : sharing(setting));

  const cut = ([a, b], color, dash) => {
    const length = Math.hypot(a, b) / 9;
    return {
      line: [
        [-b / length, b / length],
        [a / length, -a / length],
      ],
      color,
      dash,
      width: 2.4,
    };
  };
  const scatter = (points, color, cross, size) => ({
    points: [points.map((q) => q.z[0]), points.map((q) => q.z[1])],
    color,
    cross,
    size,
    opacity: 0.6,
  });

  const bars = (n, width) => {
    const names = ["training law", "true law", "wrong background"],
      keys = ["id", "ood", "conflict"];
    const marks = [
      ["supervised", "var(--ex-single)", -0.19],
      ["contrastive", "var(--ex-multi)", 0.19],
    ].flatMap(([kind, color, off]) =>
      keys.map((key, k) => ({
        line: [
          [k + off, k + off],
          [0, Math.max(0.004, n[kind][key])],
        ],
        color,
        width: Math.min(28, width / 12),
      })),
    );
    const values = keys.map((key) => `${MMCL.text(n.supervised[key])}, ${MMCL.text(n.contrastive[key])}`).join("; ");
    return MMCL.panel({
      width,
      title: "accuracy",
      alt: `Accuracy of supervised and contrastive learning on ${names.join(", ")}: ${values}.`,
      x: { low: -0.6, high: 2.6, label: "", at: [0, 1, 2], words: names },
      y: { low: 0, high: 1, label: "" },
      marks: [
        { rule: 0.5, axis: "y" },
        ...(n.alone === undefined
          ? []
          : [{ rule: n.alone, axis: "y", color: "currentColor", dash: "none", width: 1, text: "core alone" }]),
        ...marks,
      ],
    });
  };

  const draw = (n, setting, room) => {
    const columns = room > 520 ? 2 : 1,
      width = Math.floor(room / columns),
      one = setting.model === "within";
    const lines = [cut(n.supervised.weights, "var(--ex-single)"), cut(n.contrastive.weights, "var(--ex-multi)")];
    let first,
      second = "";
    if (one) {
      const points = sample(setting),
        of = (y, agrees) => points.filter((q) => q.y === y && (q.a === q.y) === agrees);
      first = [
        scatter(of(1, true), "var(--ex-third)"),
        scatter(of(-1, true), "var(--ex-fifth)"),
        scatter(of(1, false), "var(--ex-third)", true, 4),
        scatter(of(-1, false), "var(--ex-fifth)", true, 4),
      ];
    } else {
      const { alpha, beta } = setting,
        signs = [
          [1, 1],
          [1, -1],
          [-1, 1],
          [-1, -1],
        ];
      const own = (c, a) => [{ z: [c, a * alpha] }];
      first = [
        scatter(
          signs.map(([u, v]) => ({ z: [u * beta, v * alpha * beta] })),
          "var(--ex-grey)",
          false,
          5,
        ),
        scatter(own(1, 1), "var(--ex-third)", false, 7),
        scatter(own(-1, -1), "var(--ex-fifth)", false, 7),
        scatter(own(1, -1), "var(--ex-third)", true, 6),
        scatter(own(-1, 1), "var(--ex-fifth)", true, 6),
      ];
      const m = Array.from({ length: MOST }, (_, k) => k + 1);
      second = MMCL.panel({
        width,
        title: "contrastive, true law",
        alt: `Accuracy over the number of class pairs; it is 1 from ${n.least} on.`,
        x: { low: 0, high: MOST, label: "pairs of classes m" },
        y: { low: 0, high: 1.05, label: "" },
        marks: [
          { rule: Math.min(n.threshold, 3 * MOST), text: "threshold" },
          { points: [m, n.curve], color: "var(--ex-multi)", size: 2.5 },
          { points: [[setting.m], [n.contrastive.ood]], color: "var(--ex-single)", size: 6, ring: "var(--ex-low)" },
        ],
      });
    }
    const reach = one
      ? [Math.max(3, 1 + 3 * setting.core), Math.max(1.8, 1 + 3 * setting.spu)]
      : [1.6, Math.max(1.6, 1.15 * setting.alpha)];
    const view = MMCL.panel({
      width,
      title: one ? `${N} samples` : "features of one pair",
      height: 260,
      alt: "Core feature against background, with the lines at which the two classifiers cut.",
      x: { low: -reach[0], high: reach[0], label: "core feature" },
      y: { low: -reach[1], high: reach[1], label: "background" },
      marks: [...first, ...lines],
    });
    const row = (kind, name) =>
      `<tr><th scope="row">${name}</th>` +
      `${["id", "ood", "conflict"].map((key) => `<td>${MMCL.text(n[kind][key])}</td>`).join("")}</tr>`;
    const classes = [
      ["class +1", "var(--ex-third)"],
      ["class −1", "var(--ex-fifth)"],
      ["supervised cut", "var(--ex-single)"],
      ["contrastive cut", "var(--ex-multi)"],
      ...(one ? [] : [["other classes' features", "var(--ex-grey)"]]),
    ];
    return (
      view +
      bars(n, width) +
      second +
      `<div style="width:${width - 10}px">${MMCL.legend(classes)}` +
      `<p class="ex-legend">Crosses: background of the other class.</p>` +
      `<table class="ex-table"><thead><tr><th scope="col">accuracy</th>` +
      `<th scope="col">training law</th><th scope="col">true law</th>` +
      `<th scope="col">${PART.conflict}</th></tr></thead><tbody>${row("supervised", "supervised")}` +
      `${row("contrastive", "contrastive")}</tbody></table></div>`
    );
  };

  const say = (n, setting) => {
    const T = MMCL.text,
      gain = n.contrastive.conflict - n.supervised.conflict;
    const both =
      `${PART.conflict} supervised learning is right ${T(n.supervised.conflict)} of the time,` +
      ` contrastive ${T(n.contrastive.conflict)}`;
    if (setting.model === "within") {
      const who =
        gain > 0.005
          ? "<b>captions help</b>"
          : gain < -0.005
            ? "<b>labels are better here</b>"
            : "<b>no difference</b>";
      const [a, b] = n.contrastive.weights,
        [u, v] = n.supervised.weights;
      return (
        `O${both.slice(1)}: ${who}. Background over core has the weight ${T(v / u)}` +
        ` in the one and ${T(b / a)} in the other;` +
        ` the core alone would give ${T(n.alone)}.` +
        ` The prompt whose classifier ignores the background is (1, ${T(n.prompt)}).`
      );
    }
    if (setting.m === 1)
      return `With a single pair of classes there is no other to learn from or to be confused with: o${both.slice(1)}.`;
    const away = setting.m - n.threshold;
    const side =
      away > 1e-9
        ? `<b>above the threshold</b>, by ${T(away)} pairs`
        : `<b>below the threshold</b>, by ${T(-away)} pairs`;
    const least = n.least > 1 ? `the least m is ${n.least}` : "every m is";
    return `With m = ${setting.m} one is ${side} (${least}): o${both.slice(1)}.`;
  };

  const shown = ({ model }) => [
    "model",
    ...(model === "within" ? ["p", "core", "spu", "piCore", "piSpu", "seed"] : ["m", "alpha", "beta", "pi"]),
  ];

  MMCL.explorer("backgrounds", { compute, draw, say, shown });
}
