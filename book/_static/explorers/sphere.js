// Yaras et al. 2024, Fig. 2: n pairs on two regular polygons of the sphere. By symmetry the flow of all 6 n + 1 numbers
// is one of three: log gamma (height), log beta (inverse temperature) and delta, the angle between partners.
"use strict";
{
  const TIMES = [0, ...MMCL.grid(0.01, 1e5, 99, true)],
    NUDGE = 1e-3,
    END = 1e5,
    TARGET = 0.2;

  // d log beta / dt over (1 - gamma^2) g: beta'(nu)^2 / beta for each parametrisation of the temperature.
  const CLIMB = {
    exp: (beta) => beta,
    slow: (beta) => beta / 100,
    softplus: (beta) => Math.expm1(-beta) ** 2 / beta,
    fixed: () => 0,
    schedule: () => 0,
  };

  const softmax = (logits) => {
    const most = Math.max(...logits),
      weights = logits.map((v) => Math.exp(v - most));
    const total = weights.reduce((sum, v) => sum + v, 0);
    return weights.map((v) => v / total);
  };

  const ring = ({ n, shift, gamma, tau, scheme }) => {
    const scheduled = (time) => 1 / (tau + (TARGET - tau) * Math.min(time / END, 1));
    const inverse = (logBeta, time) => (scheme === "schedule" ? scheduled(time) : Math.exp(logBeta));
    const vertices = Array.from({ length: n }, (_, k) => (2 * Math.PI * k) / n);
    const pull = (logGamma, beta, delta) => {
      const plane = -Math.expm1(2 * logGamma),
        angles = vertices.map((v) => v + delta);
      const p = softmax(angles.map((v) => beta * plane * Math.cos(v)));
      const mean = (f) => p.reduce((sum, w, k) => sum + w * f(angles[k]), 0);
      return { plane, drive: Math.cos(delta) - mean(Math.cos), turn: Math.sin(delta) - mean(Math.sin) };
    };
    const field = ([logGamma, logBeta, delta, time]) => {
      const beta = inverse(logBeta, time),
        { plane, drive, turn } = pull(logGamma, beta, delta);
      return Float64Array.of(
        (-beta * plane * drive) / n,
        CLIMB[scheme](beta) * plane * drive,
        ((-2 * beta) / n) * turn,
        1,
      );
    };
    const start = [Math.log(gamma), -Math.log(tau), (-2 * Math.PI * (shift % n)) / n + NUDGE, 0];
    return { field, start, pull, inverse, vertices };
  };

  // What CLIP's loss makes of the pairs when every second of them is `swapped`, or none.
  const judged = (first, second, beta, gamma, swapped) => {
    const n = first.length,
      from = (i) => (swapped && i % 2 ? 1 : 0);
    const left = first.map((x, i) => (from(i) ? second[i] : x)),
      right = first.map((x, i) => (from(i) ? x : second[i]));
    const dot = (x, y) => x[0] * y[0] + x[1] * y[1] + x[2] * y[2];
    const logits = left.map((x) => right.map((y) => beta * dot(x, y)));
    const rows = logits.map(softmax),
      columns = logits.map((_, j) => softmax(logits.map((row) => row[j])));
    let loss = 0,
      slope = 0;
    for (let i = 0; i < n; i++) {
      loss -= (Math.log(rows[i][i]) + Math.log(columns[i][i])) / (2 * n);
      for (let j = 0; j < n; j++) {
        // x.y = (1 - gamma^2) cos +- gamma^2, + between points of one modality
        const sign = from(i) === from(j) ? -1 : 1,
          weight = (rows[i][j] + columns[j][i]) / 2 - (i === j ? 1 : 0);
        const cosine = (dot(left[i], right[j]) - sign * gamma * gamma) / (1 - gamma * gamma);
        slope += (beta * weight * 2 * gamma * (sign - cosine)) / n;
      }
    }
    const apart = [0, 1, 2].map((k) => left.reduce((sum, x, i) => sum + x[k] - right[i][k], 0) / n);
    return { gap: Math.hypot(...apart), loss, force: -slope };
  };

  const compute = (setting) => {
    const { field, start, pull, inverse, vertices } = ring(setting);
    const own = [0, ...TIMES.slice(1).filter((t) => t < setting.time), setting.time],
      at = own.length - 1;
    const later = TIMES.slice(1).filter((t) => t > setting.time);
    const states = MMCL.solve(field, start, [...own, ...later], 1e-8, 1e-11),
      now = states[at];
    states.splice(at, TIMES.includes(setting.time) ? 0 : 1);
    const beta = inverse(now[1], now[3]),
      gamma = Math.exp(now[0]);
    const polygon = (height, angle) =>
      vertices.map((v) => {
        const radius = Math.sqrt(1 - height * height);
        return [radius * Math.cos(v + angle), radius * Math.sin(v + angle), height];
      });
    const sides = (height) => [polygon(height, -now[2] / 2), polygon(-height, now[2] / 2)];
    const [first, second] = sides(gamma);
    return {
      time: TIMES,
      now: { gamma, temperature: 1 / beta, angle: now[2] },
      gap: states.map((y) => 2 * Math.exp(y[0])),
      temperature: states.map((y) => 1 / inverse(y[1], y[3])),
      gradient: states.map((y) => pull(y[0], inverse(y[1], y[3]), y[2]).drive),
      none: judged(first, second, beta, gamma, false),
      swap: judged(first, second, beta, gamma, true),
      close: judged(...sides(0), beta, 0, false),
    };
  };

  // The angle between partners in degrees, from 0 to 180, and whether every point's own partner is its nearest.
  const apart = (m) => (Math.abs(Math.atan2(Math.sin(m.now.angle), Math.cos(m.now.angle))) * 180) / Math.PI;

  const scene = (m, setting, turn, size) => {
    const { n, hand } = setting,
      gamma = hand === "close" ? 0 : m.now.gamma,
      radius = Math.sqrt(1 - gamma * gamma),
      items = [];
    const [image, text] = ["var(--ex-multi)", "var(--ex-single)"];
    items.push({ ring: [gamma, radius], color: image }, { ring: [-gamma, radius], color: text });
    for (let i = 0; i < n; i++) {
      const angle = (2 * Math.PI * i) / n,
        swapped = hand === "swap" && i % 2;
      const place = (side) => [
        radius * Math.cos(angle - (side * m.now.angle) / 2),
        radius * Math.sin(angle - (side * m.now.angle) / 2),
        side * gamma,
      ];
      items.push({ link: [place(1), place(-1)] });
      items.push({ at: place(1), color: swapped ? text : image, size: 8, text: i + 1 });
      items.push({ at: place(-1), color: swapped ? image : text, size: 8, text: i + 1 });
    }
    return MMCL.scene(items, turn, size, {
      alt:
        `${n} images above and ${n} texts below the equator of a sphere, partners ` +
        `joined; they stand ${MMCL.text(apart(m))} degrees apart.`,
    });
  };

  const draw = (m, setting, room) => {
    const columns = room > 820 ? 3 : 1,
      width = Math.floor(room / columns),
      time = m.time.slice(1);
    const x = { low: 0.01, high: 1e5, log: true, label: "time" },
      height = columns === 1 ? 165 : 200;
    const mark = { rule: setting.time, dash: "none" };
    const panel = (name, values, y, color, extra = []) =>
      MMCL.panel({
        width,
        height,
        x,
        title: name,
        y: { label: "", ...y },
        alt: `${name} over time, ${MMCL.text(values[0])} at the start and ` + `${MMCL.text(values.at(-1))} at the end.`,
        marks: [mark, ...extra, { line: [time, values.slice(1)], color, width: 2.4 }],
      });
    const low = Math.max(1e-4, Math.min(0.1, 10 ** Math.floor(Math.log10(Math.min(...m.gap)))));
    const taus = [Math.min(...m.temperature), Math.max(...m.temperature)];
    const most = Math.max(...m.gradient.map(Math.abs), 1e-3);
    const cell = (part) =>
      `<td>${MMCL.text(m[part].gap)}</td><td>${MMCL.text(m[part].loss)}</td><td>${MMCL.text(m[part].force)}</td>`;
    const row = (part, name) =>
      `<tr><th scope="row">${part === setting.hand ? `<b>${name}</b>` : name}</th>${cell(part)}</tr>`;
    return (
      panel("modality gap", m.gap, { low, high: 2, log: true }, "var(--ex-multi)") +
      panel(
        "temperature τ",
        m.temperature,
        { low: 10 ** Math.floor(Math.log10(taus[0])), high: 10 ** Math.ceil(Math.log10(taus[1] * 1.01)), log: true },
        "var(--ex-third)",
      ) +
      panel(
        "shared gradient g",
        m.gradient,
        { low: Math.min(-0.1, 1.1 * Math.min(...m.gradient)), high: 1.1 * most },
        "currentColor",
        [{ rule: 0, axis: "y" }],
      ) +
      MMCL.legend([
        ["images", "var(--ex-multi)"],
        ["texts", "var(--ex-single)"],
      ]) +
      `<table class="ex-table"><thead><tr><th scope="col">at this moment</th>` +
      `<th scope="col">gap</th><th scope="col">loss</th>` +
      `<th scope="col">push on the height</th></tr></thead><tbody>${row("none", "as trained")}` +
      `${row("swap", "every second pair swapped")}` +
      `${row("close", "gap closed by hand")}</tbody></table>`
    );
  };

  const say = (m, setting) => {
    const T = MMCL.text,
      matched = apart(m) < 180 / setting.n,
      peak = m.gap.indexOf(Math.max(...m.gap));
    const began = m.gap[0],
      end = m.gap.at(-1);
    const last = end < 1e-6 ? "nothing that one could measure" : T(end);
    const path =
      peak > 0 && m.gap[peak] > 1.001 * began
        ? `The gap opens from ${T(began)} to ${T(m.gap[peak])} (time ${T(m.time[peak])})` +
          ` and then closes to <b>${last}</b>`
        : `The gap closes from ${T(began)} to <b>${last}</b>`;
    const share = (100 * end) / began,
      left = share < 0.1 ? "less than a thousandth" : `${T(share, 2)} %`;
    const hand = {
      none: "",
      swap:
        ` Swapped, the two sets lie on both sides: their centres are ${T(m.swap.gap)} apart` +
        ` instead of ${T(m.none.gap)}, and the loss now` +
        ` ${m.swap.force < 0 ? "pushes the two heights together" : "pushes the two heights apart"}.`,
      close:
        ` Closed by hand, the loss goes from ${T(m.none.loss)} to ${T(m.close.loss)}: ` +
        (Math.abs(m.close.loss - m.none.loss) < 0.01
          ? "it hardly felt the gap."
          : "the gap had acted like a warmer temperature."),
    }[setting.hand];
    return (
      `${path} (${left} of its start). At time ${T(setting.time)} the pairs are ` +
      `${matched ? "<b>matched</b>" : "<b>not matched</b>"}` +
      ` (${apart(m) < 0.01 ? "less than 0.01" : T(apart(m))} degrees apart) and τ = ${T(m.now.temperature)}.${hand}`
    );
  };

  MMCL.explorer("sphere", { compute, draw, say, scene, played: "time" });
}
