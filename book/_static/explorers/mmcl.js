// What all explorers share: numbers (normal draws, an ODE solver), pictures (axes, lines, points as SVG) and the frame
// of controls around them. Plain scripts, so that a page opened from disk runs them; nothing is loaded or sent.
"use strict";
const MMCL = {};

// ---- numbers ----------------------------------------------------------------------------------------------------

// Uniform numbers in (0, 1) from a 32-bit counter (mulberry32); mmcl_core.site.explorers.draws makes the same ones.
MMCL.uniforms = (seed) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
};

// Standard normal draws by Box and Muller.
MMCL.normals = (seed, count) => {
  const uniform = MMCL.uniforms(seed),
    draws = new Float64Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(uniform())),
      angle = 2 * Math.PI * uniform();
    draws[i] = radius * Math.cos(angle);
    if (i + 1 < count) draws[i + 1] = radius * Math.sin(angle);
  }
  return draws;
};

// The normal distribution function: a power series near zero, a continued fraction in the tails.
MMCL.cdf = (x) => {
  if (Number.isNaN(x)) return NaN;
  const z = Math.abs(x);
  if (z > 38) return x > 0 ? 1 : 0;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z,
      sum = z;
    for (let k = 3; term > 1e-17 * sum; k += 2) sum += term *= (z * z) / k;
    return 0.5 + Math.sign(x) * density * sum;
  }
  let fraction = z;
  for (let k = 60; k > 0; k--) fraction = z + k / fraction;
  return x > 0 ? 1 - density / fraction : density / fraction;
};

MMCL.grid = (low, high, count, log = false) =>
  Array.from({ length: count }, (_, i) => {
    const share = count > 1 ? i / (count - 1) : 0;
    return log ? low * (high / low) ** share : low + (high - low) * share;
  });

// Gauss with row exchange: the n x n matrix A, row by row in one array, is overwritten by its factors.
MMCL.factor = (A, n) => {
  const order = Int32Array.from({ length: n }, (_, k) => k);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(A[i * n + k]) > Math.abs(A[best * n + k])) best = i;
    if (best !== k) {
      [order[k], order[best]] = [order[best], order[k]];
      for (let j = 0; j < n; j++) [A[k * n + j], A[best * n + j]] = [A[best * n + j], A[k * n + j]];
    }
    for (let i = k + 1; i < n; i++) {
      const share = (A[i * n + k] /= A[k * n + k]);
      if (share !== 0) for (let j = k + 1; j < n; j++) A[i * n + j] -= share * A[k * n + j];
    }
  }
  return (b, x = new Float64Array(n)) => {
    for (let i = 0; i < n; i++) {
      let sum = b[order[i]];
      for (let j = 0; j < i; j++) sum -= A[i * n + j] * x[j];
      x[i] = sum;
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = x[i];
      for (let j = i + 1; j < n; j++) sum -= A[i * n + j] * x[j];
      x[i] = sum / A[i * n + i];
    }
    return x;
  };
};

// dy/dt = field(y) from y at times[0] = 0 to every one of `times`: the linearly implicit Euler rule, extrapolated from
// 1, 2, ..., 5 substeps (Deuflhard). Steps adapt to the last correction; flows with rates decades apart stay cheap.
// What a step writes is made once: it runs hundreds of times while one drags.
const SUBSTEPS = 5;
MMCL.solve = (field, initial, times, rtol = 1e-6, atol = 1e-9) => {
  const n = initial.length,
    states = [Float64Array.from(initial)],
    [J, A, moved, move] = [n * n, n * n, n, n].map((size) => new Float64Array(size)),
    rows = MMCL.grid(1, SUBSTEPS, SUBSTEPS).map((k) => Array.from({ length: k }, () => new Float64Array(n)));
  const jacobian = (at, value) => {
    moved.set(at);
    for (let j = 0; j < n; j++) {
      const step = 1e-7 * Math.max(Math.abs(at[j]), 1e-4);
      moved[j] = at[j] + step;
      const other = field(moved);
      for (let i = 0; i < n; i++) J[i * n + j] = (other[i] - value[i]) / step;
      moved[j] = at[j];
    }
  };
  // One step from `start`: its error over the tolerance. Its end is the last entry of the last row.
  const attempt = (start, value, length) => {
    for (let k = 1; k <= SUBSTEPS; k++) {
      const h = length / k,
        row = rows[k - 1],
        x = row[0];
      for (let i = 0; i < n * n; i++) A[i] = -h * J[i];
      for (let i = 0; i < n; i++) A[i * n + i] += 1;
      const solve = MMCL.factor(A, n);
      x.set(start);
      for (let step = 0; step < k; step++) {
        solve(step ? field(x) : value, move);
        for (let i = 0; i < n; i++) x[i] += h * move[i];
      }
      for (let j = 1; j < k; j++) {
        const share = 1 / (k / (k - j) - 1),
          [last, before] = [row[j - 1], rows[k - 2][j - 1]];
        for (let i = 0; i < n; i++) row[j][i] = last[i] + share * (last[i] - before[i]);
      }
    }
    const [before, end] = rows[SUBSTEPS - 1].slice(-2);
    let error = 0;
    for (let i = 0; i < n; i++) {
      const scale = atol + rtol * Math.max(Math.abs(start[i]), Math.abs(end[i]));
      error = Math.max(error, Math.abs(end[i] - before[i]) / scale);
    }
    return Number.isNaN(error) ? Infinity : error;
  };
  let y = states[0],
    size = (times[1] - times[0]) / 10,
    spent = 0,
    value = Float64Array.from(field(y));
  jacobian(y, value);
  for (let k = 1; k < times.length; k++) {
    let time = times[k - 1];
    while (time < times[k] && spent++ < 5000) {
      const left = times[k] - time,
        length = Math.min(size, left),
        error = attempt(y, value, length);
      if (error <= 1) {
        time = length === left ? times[k] : time + length;
        y = rows[SUBSTEPS - 1][SUBSTEPS - 1].slice();
        value = Float64Array.from(field(y));
        jacobian(y, value);
      }
      const factor = 0.9 * Math.max(error, 1e-6) ** (-1 / SUBSTEPS);
      const proposed = length * Math.min(5, Math.max(0.1, factor));
      size = error <= 1 && length < size ? Math.max(size, proposed) : proposed;
    }
    states.push(y);
  }
  return states;
};

// Three significant digits, as one writes them.
MMCL.text = (value, digits = 3) => {
  if (value === Infinity) return "∞";
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size < 1e-14) return "0";
  if (size < 1e-3 || size >= 1e5) {
    const [mantissa, power] = value.toExponential(digits - 1).split("e");
    const short = Number(mantissa);
    const raised = [...`${Number(power)}`].map((c) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[c] ?? "⁻").join("");
    return `${short === 1 ? "" : `${short} × `.replace("-", "−")}10${raised}`;
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
};

// ---- pictures ---------------------------------------------------------------------------------------------------

const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// Ticks of an axis: powers of ten, or round numbers.
const ticks = ({ low, high, log, at }, most) => {
  if (at) return at;
  if (log) {
    const first = Math.ceil(Math.log10(low) - 1e-9),
      last = Math.floor(Math.log10(high) + 1e-9);
    const step = Math.max(1, Math.ceil((last - first + 1) / most));
    const powers = [];
    for (let k = first; k <= last; k += step) powers.push(10 ** k);
    return powers.length > 1 ? powers : [low, high];
  }
  const rough = (high - low) / most,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough),
    found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return found;
};

// One panel as SVG text. `x`, `y`: {low, high, log, label, at}; `marks` are drawn in order, each one of
//   {line: [xs, ys], color, width, dash}, {points: [xs, ys], color, size, cross}, {rule: value, axis, text},
//   {cells: {xs, ys, values}}, {band: [xs, low, high], color}, {note: [x, y, text]}.
MMCL.panel = ({ width, height = 230, x, y, marks, title = "", alt }) => {
  const left = 46,
    right = 10,
    top = title || y.label ? 30 : 12,
    bottom = 38,
    w = width - left - right,
    h = height - top - bottom;
  const place = ({ low, high, log }, value) =>
    log ? Math.log(Math.max(value, 1e-300) / low) / Math.log(high / low) : (value - low) / (high - low);
  const clip = (share) => Math.min(3, Math.max(-2, share));
  const X = (value) => left + w * clip(place(x, value)),
    Y = (value) => top + h * (1 - clip(place(y, value)));
  const f = (number) => number.toFixed(1),
    id = `clip${(MMCL.count = (MMCL.count ?? 0) + 1)}`;
  const path = (xs, ys) => {
    let text = "",
      pen = "M";
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isFinite(ys[i]) || !Number.isFinite(xs[i])) {
        pen = "M";
        continue;
      }
      text += `${pen}${f(X(xs[i]))} ${f(Y(ys[i]))}`;
      pen = "L";
    }
    return text;
  };
  const stroke = (m) =>
    `fill="none" style="stroke:${m.color ?? "currentColor"}" stroke-width="${m.width ?? 1.8}"` +
    (m.dash ? ` stroke-dasharray="${m.dash}"` : "");
  const draw = (m) => {
    if (m.line) return `<path d="${path(...m.line)}" ${stroke(m)}/>`;
    if (m.band) {
      const [xs, low, high] = m.band;
      const back = path([...xs].reverse(), [...high].reverse()).replace("M", "L");
      return `<path d="${path(xs, low)}${back}Z" style="fill:${m.color}" fill-opacity="0.2"/>`;
    }
    if (m.points) {
      return m.points[0]
        .map((v, i) => {
          const a = X(v),
            b = Y(m.points[1][i]),
            s = m.size ?? 3;
          return m.cross
            ? `<path d="M${f(a - s)} ${f(b - s)}L${f(a + s)} ${f(b + s)}` +
                `M${f(a - s)} ${f(b + s)}L${f(a + s)} ${f(b - s)}" ${stroke(m)}/>`
            : `<circle cx="${f(a)}" cy="${f(b)}" r="${s}" ` +
                `style="fill:${m.color ?? "currentColor"};stroke:${m.ring ?? "none"}"` +
                ` stroke-width="2" fill-opacity="${m.opacity ?? 1}"/>`;
        })
        .join("");
    }
    if (m.cells) {
      return m.cells.values
        .flatMap((row, i) =>
          row.map((value, j) => {
            const [a, b] = [X(m.cells.xs[j]), X(m.cells.xs[j + 1])],
              [c, d] = [Y(m.cells.ys[i + 1]), Y(m.cells.ys[i])];
            return (
              `<rect x="${f(a)}" y="${f(c)}" width="${f(b - a)}" height="${f(d - c)}" ` +
              `shape-rendering="crispEdges" style="fill:${m.shade(value)}"/>`
            );
          }),
        )
        .join("");
    }
    if (m.rule !== undefined) {
      const at = m.axis === "y" ? Y(m.rule) : X(m.rule);
      const line = m.axis === "y" ? `M${left} ${f(at)}H${left + w}` : `M${f(at)} ${top}V${top + h}`;
      const spot =
        m.axis === "y" ? `x="${left + w - 2}" y="${f(at - 4)}" text-anchor="end"` : `x="${f(at + 3)}" y="${top + 10}"`;
      return (
        `<path d="${line}" ${stroke({ color: "var(--ex-grey)", width: 1, dash: "4 3", ...m })}/>` +
        (m.text ? `<text ${spot} class="ex-small">${escape(m.text)}</text>` : "")
      );
    }
    const [a, b, text] = m.note;
    return `<text x="${f(X(a) + 5)}" y="${f(Y(b) - 5)}" class="ex-small">${escape(text)}</text>`;
  };
  const xTicks = ticks(x, Math.max(3, Math.floor(w / 62))),
    yTicks = ticks(y, Math.max(4, Math.floor(h / 34)));
  const frame =
    `<path d="M${left} ${top}V${top + h}H${left + w}" ${stroke({ width: 1 })}/>` +
    xTicks
      .map(
        (v) =>
          `<path d="M${f(X(v))} ${top + h}v4" ${stroke({ width: 1 })}/><text x="${f(X(v))}" y="${top + h + 16}"` +
          ` text-anchor="middle" class="ex-small">${x.words ? escape(x.words[v]) : MMCL.text(v)}</text>`,
      )
      .join("") +
    yTicks
      .map(
        (v) =>
          `<path d="M${left} ${f(Y(v))}h-4" ${stroke({ width: 1 })}/><text x="${left - 7}" y="${f(Y(v) + 4)}"` +
          ` text-anchor="end" class="ex-small">${MMCL.text(v)}</text>`,
      )
      .join("") +
    `<text x="${left + w / 2}" y="${height - 5}" text-anchor="middle">${escape(x.label)}</text>` +
    (y.label ? `<text x="4" y="${top - 14}" class="ex-small">${escape(y.label)}</text>` : "") +
    (title ? `<text x="${left + w}" y="${top - 14}" text-anchor="end" font-weight="600">${escape(title)}</text>` : "");
  return (
    `<svg class="ex-panel" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `role="img" aria-label="${escape(alt)}">` +
    `<clipPath id="${id}"><rect x="${left}" y="${top - 1}" width="${w}" height="${h + 2}"/></clipPath>` +
    `<g clip-path="url(#${id})">${marks.map(draw).join("")}</g>${frame}</svg>`
  );
};

// A line of swatches: [[text, color, dash], ...].
MMCL.legend = (entries) =>
  `<p class="ex-legend">${entries
    .map(
      ([text, color, dash]) =>
        `<span><svg width="26" height="10" aria-hidden="true">` +
        `<path d="M1 5H25" fill="none" style="stroke:${color}" stroke-width="2.5"` +
        `${dash ? ` stroke-dasharray="${dash}"` : ""}/></svg> ${text}</span>`,
    )
    .join(" ")}</p>`;

// A scene in three dimensions, seen from `turn` = [yaw, pitch]: rings {ring: [height, radius]}, links {link: [p, q]}
// and points {at: p, color, size, text}, with p = [x, y, z]; `reach` is what fits in. What lies behind is fainter.
MMCL.scene = (items, turn, size, { reach = 1.08, globe = true, alt }) => {
  const [yaw, pitch] = turn,
    [c, s, C, S] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const seen = ([x, y, z]) => {
    const [u, v] = [c * x - s * y, s * x + c * y];
    return [(size / 2) * (1 + u / reach), (size / 2) * (1 - (C * z + S * v) / reach), C * v - S * z]; // the last: depth
  };
  const f = (v) => v.toFixed(1);
  const path = (points) => points.map((p, i) => `${i ? "L" : "M"}${f(p[0])} ${f(p[1])}`).join("");
  const drawn = items
    .map((m) => {
      if (m.ring) {
        const [height, radius] = m.ring,
          angles = MMCL.grid(0, 2 * Math.PI, 61);
        const points = angles.map((a) => seen([radius * Math.cos(a), radius * Math.sin(a), height]));
        return [
          1,
          `<path d="${path(points)}" fill="none" style="stroke:${m.color}" stroke-width="1" stroke-opacity="0.6"/>`,
        ];
      }
      if (m.link) {
        const [p, q] = m.link.map(seen);
        return [
          (p[2] + q[2]) / 2,
          `<path d="${path([p, q])}" style="stroke:${m.color ?? "currentColor"}" stroke-width="${m.width ?? 1}"/>`,
        ];
      }
      const [x, y, depth] = seen(m.at),
        radius = m.size ?? 6;
      return [
        depth,
        `<circle cx="${f(x)}" cy="${f(y)}" r="${radius}" style="fill:${m.color}"` +
          ` fill-opacity="${depth > 0 ? 0.45 : 1}"/>` +
          (m.text
            ? `<text x="${f(x)}" y="${f(y + 4)}" text-anchor="middle" class="ex-mark">${escape(m.text)}</text>`
            : ""),
      ];
    })
    .sort((a, b) => b[0] - a[0]);
  const ball = globe
    ? `<circle cx="${size / 2}" cy="${size / 2}" r="${f(size / 2 / reach)}" fill="none"` +
      ` style="stroke:var(--ex-grey)" stroke-width="1"/>`
    : "";
  return (
    `<svg width="${size}" height="${size}" viewBox="0 0 ${size} ${size}" role="img" aria-label="${escape(alt)}">` +
    `${ball}${drawn.map(([, text]) => text).join("")}</svg>`
  );
};

// ---- the frame ----------------------------------------------------------------------------------------------------

const models = {};
MMCL.models = models;

// `model`: {compute(setting, data) -> numbers, draw(numbers, setting, room) -> HTML, say(numbers, setting) -> words},
// and perhaps shown(setting) -> the names of controls that matter, scene(numbers, setting, turn, size, data) -> a
// picture that turns under mouse, finger and arrow keys, and `played`, the control that a Play button moves.
MMCL.explorer = (name, model) => {
  models[name] = model;
  const start = () =>
    document.querySelectorAll(`[data-explorer="${name}"]`).forEach((place) => new Frame(place, name, model));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
};

const element = (tag, attributes = {}, html = "") => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.innerHTML = html;
  return made;
};

// JSON has no infinity.
const read = (text) => JSON.parse(text, (_, value) => (value === "Infinity" ? Infinity : value));

class Frame {
  constructor(place, name, model) {
    Object.assign(this, { place, name, model, ...read(place.querySelector(".explorer-data").textContent) });
    this.setting = Object.fromEntries(this.controls.map((c) => [c.name, c.value]));
    this.inputs = new Map();
    this.build();
    this.recall();
    addEventListener("hashchange", () => this.recall());
    new ResizeObserver(() => {
      if (this.picture.clientWidth !== this.room) this.redraw();
    }).observe(this.picture);
    place.classList.add("explorer-on");
    place.frame = this;
    this.update();
  }

  build() {
    const live = element("div", { class: "explorer-live" });
    const controls = element("div", {
      class: "explorer-controls",
      role: "group",
      "aria-label": `${this.title}: controls`,
    });
    const groups = new Map(); // bars of one spectrum stand side by side
    for (const control of this.controls) {
      const made = this.control(control);
      if (control.kind !== "bar") {
        controls.append(made);
        continue;
      }
      if (!groups.has(control.group)) {
        const bars = element("fieldset", { class: "explorer-bars" }, `<legend>${control.group}</legend>`);
        groups.set(control.group, bars);
        controls.append(bars);
      }
      groups.get(control.group).append(made);
    }
    const buttons = element("p", { class: "explorer-buttons" });
    const button = (text, act) => {
      const made = element("button", { type: "button" }, text);
      made.addEventListener("click", act);
      buttons.append(made);
      return made;
    };
    button("Reset", () => this.set(Object.fromEntries(this.controls.map((c) => [c.name, c.value]))));
    const link = button("Link to this setting", () => {
      history.replaceState(null, "", `#${this.address()}`);
      const done = (text) => {
        link.textContent = text;
        setTimeout(() => (link.textContent = "Link to this setting"), 2000);
      };
      const copied = navigator.clipboard?.writeText(location.href);
      if (copied)
        copied.then(
          () => done("Copied"),
          () => done("It is in the address bar"),
        );
      else done("It is in the address bar");
    });
    if (this.model.played) this.makePlay(button);
    controls.append(buttons);
    this.picture = element("div", { class: "explorer-picture" });
    this.words = element("p", { class: "explorer-words", role: "status" });
    const tries = element("div", { class: "explorer-tries" }, "<b>What to try</b>");
    const list = element("ol");
    for (const { text, setting } of this.tries) {
      const item = element("li", {}, `${text} `),
        go = element("button", { type: "button" }, "Set it");
      go.addEventListener("click", () =>
        this.set({ ...Object.fromEntries(this.controls.map((c) => [c.name, c.value])), ...setting }),
      );
      item.append(go);
      list.append(item);
    }
    tries.append(list);
    const right = element("div", { class: "explorer-right" });
    if (this.model.scene) right.append(this.makeStage());
    right.append(this.picture, this.words);
    live.append(element("p", { class: "explorer-title" }, this.title), controls, right, tries);
    this.place.append(live);
  }

  control(c) {
    const id = `${this.name}-${c.name}`,
      box = element("div", { class: `explorer-control explorer-${c.kind}`, "data-control": c.name });
    if (c.kind === "buttons") {
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", c.label);
      for (const [value, text] of c.options) {
        const made = element("button", { type: "button", value }, text);
        made.addEventListener("click", () => this.set({ [c.name]: value }));
        box.append(made);
      }
      this.inputs.set(c.name, box.firstChild);
      return box;
    }
    if (c.kind === "choice") {
      box.append(element("label", { for: id }, c.label));
      const select = element(
        "select",
        { id },
        c.options.map(([value, text]) => `<option value="${value}">${text}</option>`).join(""),
      );
      select.addEventListener("input", () => this.set({ [c.name]: select.value }));
      box.append(select);
      this.inputs.set(c.name, select);
      return box;
    }
    const input = element("input", { type: "range", id, min: 0, max: c.steps, step: 1 });
    const output = element("output", { for: id });
    box.append(element("label", { for: id }, c.label), input, output);
    input.addEventListener("input", () => this.set({ [c.name]: this.valueAt(c, Number(input.value)) }));
    this.inputs.set(c.name, input);
    return box;
  }

  // What turns: dragged, or by arrow keys when it has the focus.
  makeStage() {
    this.turn = [0.5, 0.35];
    this.stage = element("div", {
      class: "explorer-stage",
      tabindex: 0,
      role: "application",
      "aria-label": `${this.title}: turn the picture with the arrow keys`,
    });
    const move = (yaw, pitch) => {
      this.turn = [this.turn[0] + yaw, Math.max(-1.57, Math.min(1.57, this.turn[1] + pitch))];
      this.redraw();
    };
    const keys = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, 0.15], ArrowDown: [0, -0.15] };
    this.stage.addEventListener("keydown", (event) => {
      if (!keys[event.key]) return;
      event.preventDefault();
      move(...keys[event.key]);
    });
    this.stage.addEventListener("pointerdown", (event) => this.stage.setPointerCapture(event.pointerId));
    this.stage.addEventListener("pointermove", (event) => {
      if (event.buttons) move(event.movementX / 100, event.movementY / 100);
    });
    return this.stage;
  }

  makePlay(button) {
    const c = this.controls.find((control) => control.name === this.model.played);
    let timer;
    const stop = () => {
      clearInterval(timer);
      timer = undefined;
      play.textContent = "Play";
    };
    const play = button("Play", () => {
      if (timer) {
        stop();
        return;
      }
      let k = this.positionOf(c, this.setting[c.name]);
      if (k >= c.steps) k = 0;
      play.textContent = "Stop";
      timer = setInterval(() => {
        k += 1;
        this.set({ [c.name]: this.valueAt(c, k) });
        if (k >= c.steps) stop();
      }, 60);
    });
  }

  // The slider's k-th position as a number with three significant digits, as it is shown; or the k-th of its stops.
  valueAt(c, k) {
    if (c.stops.length) return c.stops[Math.min(k, c.steps)];
    if (k >= c.steps) return c.infinite ? Infinity : c.high;
    const value = c.log ? c.low * (c.high / c.low) ** (k / c.steps) : c.low + (c.high - c.low) * (k / c.steps);
    return c.whole ? Math.round(value) : Number(value.toPrecision(3));
  }

  positionOf(c, value) {
    if (c.stops.length) {
      const off = c.stops.map((stop) => Math.abs(stop - value));
      return off.indexOf(Math.min(...off));
    }
    if (value === Infinity) return c.steps;
    const share = c.log ? Math.log(value / c.low) / Math.log(c.high / c.low) : (value - c.low) / (c.high - c.low);
    return Math.round(share * c.steps);
  }

  set(changes) {
    Object.assign(this.setting, changes);
    this.awaited ??= requestAnimationFrame(() => {
      this.awaited = undefined;
      this.update();
    });
  }

  address() {
    const state = new URLSearchParams();
    for (const c of this.controls) if (this.setting[c.name] !== c.value) state.set(c.name, this.setting[c.name]);
    return `explorer-${this.name}?${state}`;
  }

  // A link's setting; what it does not name, or names badly, stays at the default.
  recall() {
    const [target, query] = decodeURIComponent(location.hash.slice(1)).split("?");
    if (target !== `explorer-${this.name}`) return;
    const state = new URLSearchParams(query ?? ""),
      found = {};
    for (const c of this.controls) {
      const given = state.get(c.name),
        number = Number(given);
      found[c.name] = c.value;
      if (given === null) continue;
      if (c.options) found[c.name] = c.options.some(([value]) => value === given) ? given : c.value;
      else if (number >= c.low && number <= c.high) {
        const near = c.stops.length ? this.valueAt(c, this.positionOf(c, number)) : number;
        found[c.name] = c.whole ? Math.round(near) : near;
      } else if (c.infinite && given === "Infinity") found[c.name] = Infinity;
    }
    this.set(found);
    this.place.scrollIntoView();
  }

  update() {
    for (const c of this.controls) {
      const input = this.inputs.get(c.name),
        value = this.setting[c.name];
      if (c.kind === "buttons") {
        for (const made of input.parentElement.children) made.setAttribute("aria-pressed", made.value === value);
      } else if (c.kind === "choice") input.value = value;
      else {
        input.value = this.positionOf(c, value);
        input.setAttribute("aria-valuetext", MMCL.text(value));
        input.parentElement.querySelector("output").textContent = MMCL.text(value);
      }
    }
    const shown = this.model.shown?.(this.setting);
    if (shown) for (const c of this.controls) this.inputs.get(c.name).parentElement.hidden = !shown.includes(c.name);
    for (const bars of this.place.querySelectorAll(".explorer-bars")) {
      bars.hidden = [...bars.querySelectorAll(".explorer-bar")].every((bar) => bar.hidden);
    }
    const begin = performance.now();
    this.numbers = this.model.compute(this.setting, this.data);
    this.redraw();
    this.milliseconds = performance.now() - begin;
    this.words.innerHTML = this.model.say(this.numbers, this.setting, this.data);
  }

  redraw() {
    const room = (this.room = this.picture.clientWidth);
    if (this.stage && this.numbers && room) {
      const size = Math.min(room, 330);
      this.stage.innerHTML = this.model.scene(this.numbers, this.setting, this.turn, size, this.data);
    }
    if (this.numbers && room)
      this.picture.innerHTML = this.model.draw(this.numbers, this.setting, room, this.data, this);
  }
}
MMCL.Frame = Frame;
