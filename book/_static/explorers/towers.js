// Trained towers of Yaras et al. 2024: nothing is trained here. For each temperature that was held fixed, and for the
// one that is learnt, the page carries held-out pairs in three axes and the row of measures, and moves between them.
"use strict";
{
  const MEASURES = ["gap", "uniformity", "image_retrieval", "text_retrieval", "zero_shot", "temperature"];
  const UNIT = 1000, // coordinates are told in thousandths
    CHANCE = Math.sqrt(4 / 512); // how far apart means of 512 pairs of unit vectors can be without a gap

  // The stored run of a setting: the learnt temperature stands first, then the fixed ones.
  const index = ({ kind, tau }, { temperature }) => {
    if (kind === "learnt") return 0;
    const off = temperature.map(([value], k) => (k ? Math.abs(value - tau) : Infinity));
    return off.indexOf(Math.min(...off));
  };

  const compute = (setting, data) => {
    const told = data[setting.data],
      k = index(setting, told),
      [image, text] = told[setting.view].points[k];
    const centre = (points, axis) => points.reduce((sum, p) => sum + p[axis], 0) / points.length / UNIT;
    return {
      row: Object.fromEntries(MEASURES.map((measure) => [measure, told[measure][k]])),
      kept: told[setting.view].kept[k],
      apart: Math.hypot(...[0, 1, 2].map((axis) => centre(image, axis) - centre(text, axis))),
      image,
      text,
    };
  };

  const scene = (m, setting, turn, size) => {
    const place = (p) => p.map((v) => v / UNIT);
    const cloud = (points, color) => points.map((p) => ({ at: place(p), color, size: 3 }));
    const links = m.image.map((p, i) => ({ link: [place(p), place(m.text[i])], color: "var(--ex-grey)", width: 0.5 }));
    return MMCL.scene(
      [...links, ...cloud(m.image, "var(--ex-multi)"), ...cloud(m.text, "var(--ex-single)")],
      turn,
      size,
      {
        alt:
          `${m.image.length} images and their texts in three of 64 dimensions, partners joined; ` +
          `the centres of the two clouds are ${MMCL.text(m.apart)} apart.`,
      },
    );
  };

  const draw = (m, setting, room, data) => {
    const columns = room > 520 ? 2 : 1,
      width = Math.floor(room / columns),
      told = data[setting.data];
    const at = m.row.temperature[0],
      x = { low: 0.008, high: 0.5, log: true, label: "temperature τ", at: [0.01, 0.03, 0.1, 0.3] };
    const taus = told.temperature.slice(1).map(([value]) => value);
    const curve = (measure, color) => {
      const fixed = told[measure].slice(1);
      return [
        { band: [taus, fixed.map((e) => e[1] ?? e[0]), fixed.map((e) => e[2] ?? e[0])], color },
        { line: [taus, fixed.map((e) => e[0])], color, width: 1.6 },
        { points: [taus, fixed.map((e) => e[0])], color, size: 3 },
        { points: [[at], [m.row[measure][0]]], color, size: 5.5, ring: "currentColor" },
      ];
    };
    const list = (measure) => told[measure].slice(1).map((e) => MMCL.text(e[0], 2)).join(", ");
    const top = Math.max(0.2, ...told.gap.map((e) => e[2] ?? e[0])) * 1.1;
    const shares = ["image_retrieval", "text_retrieval", "zero_shot"];
    const best = Math.max(...shares.flatMap((measure) => told[measure].map((e) => e[0])));
    const gap = MMCL.panel({
      width,
      height: 200,
      title: "modality gap",
      alt: `Gap over the temperature: ${list("gap")}.`,
      x,
      y: { low: 0, high: top, label: "" },
      marks: [{ rule: CHANCE, axis: "y", text: "chance" }, ...curve("gap", "currentColor")],
    });
    const found = MMCL.panel({
      width,
      height: 200,
      title: "retrieval and zero-shot",
      alt: `Retrieval of images over the temperature: ${list("image_retrieval")}.`,
      x,
      y: { low: 0, high: Math.min(1, best * 1.15), label: "" },
      marks: [
        ...curve("image_retrieval", "var(--ex-multi)"),
        ...curve("text_retrieval", "var(--ex-single)"),
        ...curve("zero_shot", "var(--ex-third)"),
      ],
    });
    const names = ["gap", "uniformity", "image R@1", "text R@1", "zero-shot"];
    const rows = names.map((name, k) => {
      const [value, low, high] = m.row[MEASURES[k]];
      const half = low === null ? "–" : `±\u00a0${MMCL.text((high - low) / 2, 2)}`;
      return `<tr><th scope="row">${name}</th><td>${MMCL.text(value)}</td><td>${half}</td></tr>`;
    });
    return (
      gap +
      found +
      MMCL.legend([
        ["images; a caption finds its image", "var(--ex-multi)"],
        ["texts; an image finds its caption", "var(--ex-single)"],
        ["zero-shot", "var(--ex-third)"],
      ]) +
      `<table class="ex-table"><thead><tr><th scope="col">over all seeds</th><th scope="col">mean</th>` +
      `<th scope="col">half of the interval</th></tr></thead><tbody>${rows.join("")}</tbody></table>`
    );
  };

  const say = (m, setting, data) => {
    const T = (value) => MMCL.text(value, 2),
      percent = (value) => `${MMCL.text(100 * value, 2)} %`,
      { gap, image_retrieval: image, text_retrieval: text, temperature } = m.row;
    const held =
      setting.kind === "learnt"
        ? `Learnt, the temperature ends at ${T(temperature[0])}`
        : `Held at τ = ${T(temperature[0])}`;
    const open = gap[0] > CHANCE ? "<b>the gap is left</b>" : "<b>the gap is closed</b>";
    const shown =
      m.apart < 0.7 * gap[0] && gap[0] > CHANCE
        ? ` These axes hide it: in them the centres of the pairs shown are only ${T(m.apart)} apart.`
        : ` In these axes the centres of the ${m.image.length} pairs shown are ${T(m.apart)} apart.`;
    return (
      `${held}, ${open}: ${T(gap[0])}, where chance alone gives up to ${T(CHANCE)}. Among ` +
      `${data[setting.data].gallery}, a caption finds its image in ${percent(image[0])} of cases and an image its ` +
      `caption in ${percent(text[0])}.${shown} They keep ${percent(m.kept)} of the squared length.`
    );
  };

  const shown = ({ kind }) => ["data", "kind", "view", ...(kind === "fixed" ? ["tau"] : [])];

  MMCL.explorer("towers", { compute, draw, say, scene, shown });
}
