// The race of Huang et al. 2024: gradient descent itself, with one modality and with two, on 40 samples and 16 neurons
// whose signal and noise vectors are exactly orthogonal, from the same draws in both. One step costs m n^2.
"use strict";
{
  const N = 40,
    NEURONS = 16,
    DIMENSION = 800,
    STEPS = 240,
    GROWTH = 0.1,
    TESTS = 400;
  const FIRST = 0,
    SECOND = 1; // modalities
  const relu = (v) => (v > 0 ? v : 0);

  // Starts <w_r, v_q> of one modality, q = 0 the signal: `signal` [m], `noise` [m n].
  const start = (seed, strength, scale) => {
    const draws = MMCL.normals(seed, NEURONS * (N + 1)),
      signal = new Float64Array(NEURONS),
      noise = new Float64Array(NEURONS * N);
    for (let r = 0; r < NEURONS; r++) {
      signal[r] = scale * strength * draws[r * (N + 1)];
      for (let i = 0; i < N; i++) noise[r * N + i] = scale * Math.sqrt(DIMENSION) * draws[r * (N + 1) + 1 + i];
    }
    return { signal, noise };
  };

  // One direction of the loss: its value, and minus its gradient by the anchor's coefficients. About half of the noise
  // patches silence a neuron, and a pair of which one is silent adds nothing: only those that speak are gone through.
  const table = new Float64Array(N * N), // [anchor, negative]: similarities, and later their exponentials
    speaking = new Int32Array(N),
    left = new Float64Array(N),
    share = new Float64Array(N);
  const direction = (anchor, positive, negative, ordinary) => {
    const half = N / 2,
      up = [0, 0, 0, 0],
      same = [0, 0],
      signal = new Float64Array(NEURONS),
      noise = new Float64Array(NEURONS * N);
    for (let r = 0; r < NEURONS; r++) {
      // similarities of signal patches depend on the two labels only
      const [a, p, q] = [anchor.signal[r], positive.signal[r], negative.signal[r]];
      same[0] += relu(a) * relu(p);
      same[1] += relu(-a) * relu(-p);
      up[0] += relu(a) * relu(q);
      up[1] += relu(a) * relu(-q);
      up[2] += relu(-a) * relu(q);
      up[3] += relu(-a) * relu(-q);
    }
    // The negatives of anchor i: from `from(i)` up to, without, `to(i)`.
    const from = (i) => (ordinary || i >= half ? 0 : half),
      to = (i) => (ordinary || i < half ? N : half);
    // The negatives to which neuron r answers, in `speaking`.
    const listen = (r) => {
      let count = 0,
        first = 0; // how many are of the first label
      for (let j = 0; j < N; j++) {
        if (negative.noise[r * N + j] > 0) speaking[count++] = j;
        if (j === half - 1) first = count;
      }
      return [first, count];
    };
    for (let i = 0; i < N; i++) {
      for (let j = from(i); j < to(i); j++) table[i * N + j] = up[(i < half ? 0 : 2) + (j < half ? 0 : 1)];
      share[i] = same[i < half ? 0 : 1]; // the partner's similarity
    }
    for (let r = 0; r < NEURONS; r++) {
      const [first, count] = listen(r);
      for (let i = 0; i < N; i++) {
        const z = anchor.noise[r * N + i];
        if (z <= 0) continue;
        share[i] += z * relu(positive.noise[r * N + i]);
        const end = ordinary || i < half ? count : first;
        for (let c = ordinary || i >= half ? 0 : first; c < end; c++)
          table[i * N + speaking[c]] += z * negative.noise[r * N + speaking[c]];
      }
    }
    let loss = 0;
    const plus = [0, 0],
      minus = [0, 0],
      missed = [0, 0]; // by the anchor's label: weights of negatives of either label, and 1 - the weight of the partner
    for (let i = 0; i < N; i++) {
      const label = i < half ? 0 : 1,
        row = i * N,
        [a, b] = [from(i), to(i)],
        toward = share[i];
      table[row + i] = -Infinity; // no negative of its own
      let most = toward;
      for (let j = a; j < b; j++) if (table[row + j] > most) most = table[row + j];
      const own = Math.exp(toward - most);
      let ups = 0,
        downs = 0;
      for (let j = a; j < Math.min(b, half); j++) ups += table[row + j] = Math.exp(table[row + j] - most);
      for (let j = Math.max(a, half); j < b; j++) downs += table[row + j] = Math.exp(table[row + j] - most);
      const total = own + ups + downs;
      loss += (Math.log(total) + most - toward) / N;
      share[i] = 1 / total;
      left[i] = 1 - own / total;
      missed[label] += left[i];
      plus[label] += ups / total;
      minus[label] += downs / total;
    }
    for (let r = 0; r < NEURONS; r++) {
      const own = anchor.signal[r],
        q = negative.signal[r];
      if (own !== 0) {
        const [label, sign] = own > 0 ? [0, 1] : [1, -1];
        const pull = missed[label] * relu(sign * positive.signal[r]);
        signal[r] = (sign * (pull - plus[label] * relu(q) - minus[label] * relu(-q))) / N;
      }
      const [first, count] = listen(r);
      for (let i = 0; i < N; i++) {
        if (anchor.noise[r * N + i] <= 0) continue;
        const end = ordinary || i < half ? count : first;
        let push = 0;
        for (let c = ordinary || i >= half ? 0 : first; c < end; c++)
          push += table[i * N + speaking[c]] * negative.noise[r * N + speaking[c]];
        noise[r * N + i] = (left[i] * relu(positive.noise[r * N + i]) - share[i] * push) / N;
      }
    }
    return { loss, signal, noise };
  };

  const largest = (values, absolute) => values.reduce((most, v) => Math.max(most, absolute ? Math.abs(v) : v), 0);

  // Training with the given encoders; `growth` is the fastest rate a step of size 1 has in the linear stage.
  const train = (encoders, view, squares, growth, ordinary) => {
    const rate = GROWTH / growth,
      signal = [],
      noise = [],
      loss = [];
    for (let step = 0; ; step++) {
      const moves = encoders.map((own, e) => {
        if (encoders.length === 2) return direction(own, encoders[1 - e], encoders[1 - e], ordinary);
        return direction(own, { signal: own.signal, noise: own.noise.map((z, i) => z + view[i]) }, own, ordinary);
      });
      signal.push(largest(encoders[0].signal, true));
      noise.push(largest(encoders[0].noise, false));
      loss.push(moves.reduce((sum, m) => sum + m.loss, 0));
      if (step === STEPS) return { signal, noise, loss, rate, encoder: encoders[0] };
      encoders.forEach((own, e) => {
        for (let r = 0; r < NEURONS; r++) own.signal[r] += rate * squares[e] * moves[e].signal[r];
        for (let q = 0; q < own.noise.length; q++) own.noise[q] += rate * DIMENSION * moves[e].noise[q];
      });
    }
  };

  // Logistic regression with a unit ridge on the weights (not on the intercept), by Newton's method.
  const logistic = (rows, labels) => {
    const k = rows[0].length + 1,
      weights = new Float64Array(k);
    const score = (w, row) => row.reduce((sum, v, j) => sum + v * w[j], w[k - 1]);
    const value = (w) =>
      rows.reduce(
        (sum, row, i) => {
          const margin = -labels[i] * score(w, row);
          return sum + Math.max(margin, 0) + Math.log1p(Math.exp(-Math.abs(margin)));
        },
        w.slice(0, k - 1).reduce((sum, v) => sum + (v * v) / 2, 0),
      );
    let now = value(weights);
    for (let round = 0; round < 60; round++) {
      const slope = new Float64Array(k),
        curve = new Float64Array(k * k);
      for (let j = 0; j < k - 1; j++) {
        slope[j] = weights[j];
        curve[j * k + j] = 1;
      }
      curve[k * k - 1] = 1e-12;
      rows.forEach((row, i) => {
        const wrong = 1 / (1 + Math.exp(labels[i] * score(weights, row))),
          bend = wrong * (1 - wrong),
          full = [...row, 1];
        for (let a = 0; a < k; a++) {
          slope[a] -= labels[i] * wrong * full[a];
          for (let b = 0; b < k; b++) curve[a * k + b] += bend * full[a] * full[b];
        }
      });
      const move = MMCL.factor(curve, k)(slope);
      let size = 1,
        tried = weights,
        next = now;
      for (; size > 1e-6; size /= 2) {
        tried = weights.map((w, j) => w - size * move[j]);
        next = value(tried);
        if (next <= now) break;
      }
      const done = largest(move, true) < 1e-10 || next > now;
      if (next <= now) {
        weights.set(tried);
        now = next;
      }
      if (done) break;
    }
    return (row) => score(weights, row);
  };

  // Head B under the shift: fitted on the training embeddings, tested on (y nu, zeta) with fresh noise zeta.
  const accuracy = ({ signal, noise }, strength, scale, downstream, seed) => {
    const labels = Array.from({ length: N }, (_, i) => (i < N / 2 ? 1 : -1));
    const head = logistic(
      labels.map((y, i) => Array.from(signal, (a, r) => relu(a * y) + relu(noise[r * N + i]))),
      labels,
    );
    const gram = Array.from(signal, (a, r) =>
      Array.from(signal, (b, s) => {
        // <w_r, w_s>
        let sum = (a * b) / strength ** 2 + (r === s ? scale ** 2 * (DIMENSION - N - 1) : 0);
        for (let i = 0; i < N; i++) sum += (noise[r * N + i] * noise[s * N + i]) / DIMENSION;
        return sum;
      }),
    );
    const root = gram.map((row) => row.map(() => 0)); // Cholesky
    for (let r = 0; r < NEURONS; r++)
      for (let s = 0; s <= r; s++) {
        let sum = gram[r][s];
        for (let q = 0; q < s; q++) sum -= root[r][q] * root[s][q];
        root[r][s] = r === s ? Math.sqrt(sum) : sum / root[s][s];
      }
    const draws = MMCL.normals(seed, TESTS * NEURONS);
    let right = 0;
    for (let t = 0; t < TESTS; t++) {
      const y = t % 2 ? -1 : 1;
      const row = Array.from(signal, (a, r) => {
        let zeta = 0;
        for (let s = 0; s <= r; s++) zeta += root[r][s] * draws[t * NEURONS + s];
        return relu((y * a * downstream) / strength) + relu(zeta);
      });
      right += head(row) * y > 0;
    }
    return right / TESTS;
  };

  const compute = ({ strength: control, ratio, scale, negatives, downstream, seed }) => {
    const ordinary = negatives === "ordinary",
      count = ordinary ? N - 1 : N / 2;
    const strength = Math.sqrt((control * DIMENSION) / N),
      initial = (which, k) => start(1000 * seed + which, k * strength, scale);
    // Rates of the linear stage for a step of size 1; of the negatives only those of the other label help the signal.
    const noiseRate = ((DIMENSION / N) * count) / (count + 1),
      signalRate = ((strength ** 2 / 2) * (N / 2)) / (count + 1);
    const view = MMCL.normals(1000 * seed + 2, NEURONS * N).map((v) => 0.1 * scale * Math.sqrt(DIMENSION) * v);
    const squares = [strength ** 2, (ratio * strength) ** 2];
    const runs = {};
    for (const [name, rate] of [
      ["one", signalRate],
      ["two", ratio * signalRate],
    ]) {
      const encoders = name === "one" ? [initial(FIRST, 1)] : [initial(FIRST, 1), initial(SECOND, ratio)];
      let [signal, noise] = [largest(encoders[0].signal, true), largest(encoders[0].noise, false)];
      if (name === "two") {
        // half of the start grows: the part along (1, C_mu), and noise active on both sides
        const [a, b] = encoders;
        signal = largest(
          a.signal.map((v, r) => (v + b.signal[r] / ratio) / 2),
          true,
        );
        noise = largest(
          a.noise.map((v, q) => (v > 0 && b.noise[q] > 0 ? (v + b.noise[q]) / 2 : 0)),
          false,
        );
      }
      const run = train(encoders, view, squares, Math.max(noiseRate, rate), ordinary);
      const time = run.signal.map((_, t) => t * run.rate * noiseRate);
      // The last moment at which signal and noise change places; null where they never do.
      let crossing = null;
      for (let t = 1; t <= STEPS; t++) {
        if (run.signal[t] > run.noise[t] !== run.signal[t - 1] > run.noise[t - 1]) crossing = time[t];
      }
      const decided = run.signal.findIndex((v, t) => Math.max(v, run.noise[t]) >= 0.5);
      runs[name] = {
        winner: decided < 0 ? null : run.signal[decided] > run.noise[decided] ? "signal" : "noise",
        time,
        signal: run.signal,
        noise: run.noise,
        loss: run.loss,
        crossing,
        advantage: rate / noiseRate,
        signalLaw: time.map((_, t) => signal * (1 + run.rate * rate) ** t),
        noiseLaw: time.map((_, t) => noise * (1 + run.rate * noiseRate) ** t),
        accuracy: accuracy(run.encoder, strength, scale, downstream, 1000 * seed + 3),
      };
    }
    return { ...runs, ceiling: (1 + MMCL.cdf(downstream)) / 2 };
  };

  const race = (run, title, color, width) => {
    const end = Math.max(...run.signal, ...run.noise),
      first = Math.min(...run.signal, ...run.noise);
    const low = 10 ** Math.floor(Math.log10(first)),
      high = 10 ** Math.ceil(Math.log10(end * 1.2));
    return MMCL.panel({
      width,
      title,
      alt: `${title}: signal ends at ${MMCL.text(run.signal.at(-1))}, noise at ${MMCL.text(run.noise.at(-1))}`,
      x: { low: 0, high: run.time.at(-1), label: "time × growth rate of the noise" },
      y: { low, high, log: true, label: "largest" },
      marks: [
        { line: [run.time, run.signalLaw], color: "currentColor", width: 1 },
        { line: [run.time, run.noiseLaw], color: "currentColor", width: 1, dash: "5 3" },
        { line: [run.time, run.noise], color, dash: "5 3", width: 2.4 },
        { line: [run.time, run.signal], color, width: 2.4 },
        ...(run.crossing === null ? [] : [{ rule: run.crossing, text: "they cross" }]),
      ],
    });
  };

  // The measured phase diagram of two modalities, stored when the book was built, with this setting as a ring.
  const phase = ({ strength, ratio, accuracy: table }, setting, width) => {
    const edges = (values, low, high) => [low, ...values.slice(1).map((v, i) => Math.sqrt(v * values[i])), high];
    const shade = (v) =>
      `color-mix(in srgb, var(--ex-multi) ${Math.round(100 * Math.max(0, Math.min(1, 2 * v - 1)))}%, var(--ex-low))`;
    const curve = MMCL.grid(0.3, 10, 60, true);
    return MMCL.panel({
      width,
      title: "two, stored runs",
      alt: "Measured accuracy of two modalities over both strengths; dark is accurate, right of the line 2.",
      x: { low: 0.3, high: 10, log: true, label: "n SNR²", at: [0.3, 1, 3, 10] },
      y: { low: 1, high: 5, log: true, label: "ratio of signals", at: [1, 2, 3, 5] },
      marks: [
        {
          cells: {
            xs: edges(strength, 0.3, 10),
            ys: edges(ratio, 1, 5),
            values: ratio.map((_, j) => table.map((row) => row[j])),
          },
          shade,
        },
        { line: [curve, curve.map((s) => 2 / s)], dash: "4 3", width: 1.2 },
        { points: [[setting.strength], [setting.ratio]], size: 6, color: "var(--ex-single)", ring: "var(--ex-low)" },
      ],
    });
  };

  const draw = (runs, setting, room, data) => {
    const columns = room > 820 ? 3 : room > 520 ? 2 : 1,
      width = Math.floor(room / columns);
    const bar = (name, color, value) =>
      `<tr><th scope="row"><span style="color:${color}" aria-hidden="true">■</span> ${name}</th>` +
      `<td>${MMCL.text(value)}</td><td>${MMCL.text(runs.ceiling)}</td></tr>`;
    const legend = MMCL.legend([
      ["signal", "currentColor"],
      ["noise", "currentColor", "5 3"],
      ["thin: law of the linear stage", "var(--ex-grey)"],
    ]);
    const table =
      `<table class="ex-table"><thead><tr><th scope="col">under the shift</th><th scope="col">accuracy</th>` +
      `<th scope="col">ceiling of any linear head</th></tr></thead>` +
      `<tbody>${bar("one modality", "var(--ex-single)", runs.one.accuracy)}` +
      `${bar("two modalities", "var(--ex-multi)", runs.two.accuracy)}</tbody></table>`;
    return (
      race(runs.one, "one modality", "var(--ex-single)", width) +
      race(runs.two, "two modalities", "var(--ex-multi)", width) +
      (data.phase ? phase(data.phase, setting, width) : "") +
      `<div style="width:${width - 10}px">${legend}${table}</div>`
    );
  };

  const say = (runs) =>
    [
      ["one modality", runs.one],
      ["two", runs.two],
    ]
      .map(([name, run]) => {
        const expected = run.advantage > 1 ? "signal" : "noise",
          last = run.signal.at(-1) > run.noise.at(-1) ? "signal" : "noise";
        const side = run.advantage > 1 ? "> 1" : "< 1";
        const rates = `the signal's rate over the noise's: ${MMCL.text(run.advantage)} ${side}`;
        const result = run.winner === null ? "neither has won yet" : `the <b>${run.winner}</b> wins`;
        const against =
          run.winner && run.winner !== expected
            ? ", against the rates: the noise, with more draws, had the head start"
            : "";
        const later =
          run.winner && run.winner !== last ? ` Later the ${last} passes it, at ${MMCL.text(run.crossing)}.` : "";
        return (
          `With ${name} ${result} (${rates})${against}: accuracy ` +
          `${MMCL.text(run.accuracy)} of at most ${MMCL.text(runs.ceiling)}.${later}`
        );
      })
      .join(" ");

  MMCL.explorer("race", { compute, draw, say });
}
