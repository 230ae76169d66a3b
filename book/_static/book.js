// The scoreboard: filters, search and order live in the address after '#', so that Back and links bring them again.
// Without scripts the whole table is shown.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("scoreboard-filters");
  if (!form) return;
  const body = document.querySelector("#scoreboard-rows tbody");
  const rows = [...body.rows];
  const controls = [...form.querySelectorAll("[data-filter]")];
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  const fits = (row, { dataset, value }) => {
    if (!value || dataset.filter === "order") return true;
    if (dataset.filter !== "text") return row.dataset[dataset.filter] === value;
    return value.toLowerCase().split(/\s+/).every((word) => words.get(row).includes(word));
  };
  const apply = () => {
    const order = form.querySelector("[data-filter=order]").value;
    const key = (row) => (order ? row.dataset[order] : "");
    body.append(...[...rows].sort((a, b) => key(a).localeCompare(key(b)) || rows.indexOf(a) - rows.indexOf(b)));
    for (const row of rows) row.hidden = !controls.every((control) => fits(row, control));
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("scoreboard-count").textContent = `${shown} of ${rows.length} rows`;
  };
  const remember = () => {
    const state = new URLSearchParams();
    for (const { dataset, value } of controls) if (value) state.set(dataset.filter, value);
    history.replaceState(null, "", `#${state}`);
  };
  const recall = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const control of controls) control.value = state.get(control.dataset.filter) ?? "";
    apply();
  };
  form.addEventListener("input", () => { apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", recall);
  if (location.hash.includes("=")) recall();
  for (const button of document.querySelectorAll("#scoreboard-rows button[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy));
  }
});
