// Numbers with their origin: a marked number opens a small panel with the estimate behind it, what it rests on and the
// command that makes it again. Without scripts it is a number like any other.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const dots = ([low, high], samples) => {
    if (!samples || samples.length < 2) return "";
    const all = [...samples, low, high].filter((v) => v !== null),
      least = Math.min(...all),
      most = Math.max(...all);
    const x = (v) => (most > least ? 6 + (188 * (v - least)) / (most - least) : 100).toFixed(1);
    const bar =
      low === null ? "" : `<path d="M${x(low)} 10H${x(high)}" stroke="currentColor" stroke-width="3" opacity="0.35"/>`;
    return (
      `<svg width="200" height="20" role="img" aria-label="${samples.length} seeds, one dot each">${bar}` +
      samples.map((v) => `<circle cx="${x(v)}" cy="10" r="3" style="fill:var(--ex-multi)"/>`).join("") +
      "</svg>"
    );
  };
  let panel, owner;
  const close = () => {
    panel?.remove();
    owner?.setAttribute("aria-expanded", "false");
    panel = owner = undefined;
  };
  const open = (button) => {
    const told = JSON.parse(button.dataset.origin);
    owner = button;
    panel = document.createElement("div");
    panel.className = "origin-panel";
    panel.setAttribute("role", "dialog");
    panel.setAttribute("aria-label", `Where ${button.textContent} comes from`);
    panel.tabIndex = -1;
    const list = document.createElement("dl");
    for (const [name, value] of told.lines) {
      const dt = document.createElement("dt"),
        dd = document.createElement("dd");
      dt.textContent = name;
      if (name === "again") dd.append(Object.assign(document.createElement("code"), { textContent: value }));
      else dd.textContent = value;
      list.append(dt, dd);
    }
    panel.innerHTML = dots(told.interval, told.samples);
    panel.prepend(list);
    const shut = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
    shut.addEventListener("click", () => {
      const back = owner;
      close();
      back.focus();
    });
    panel.append(shut);
    button.closest("p, li, td, div").after(panel);
    button.setAttribute("aria-expanded", "true");
    panel.focus();
  };
  for (const button of document.querySelectorAll("button.origin")) {
    button.disabled = false;
    button.setAttribute("aria-expanded", "false");
    button.addEventListener("click", () => {
      const again = owner === button;
      close();
      if (!again) open(button);
    });
  }
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !owner) return;
    const back = owner;
    close();
    back.focus();
  });
});
