// The scoreboard's filters. Without scripts the whole table is shown.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("scoreboard-filters");
  if (!form) return;
  const rows = [...document.querySelectorAll("#scoreboard tbody tr")];
  const apply = () => {
    const wanted = [...form.querySelectorAll("select")].map((s) => [s.dataset.filter, s.value]);
    let shown = 0;
    for (const row of rows) {
      row.hidden = !wanted.every(([name, value]) => !value || row.dataset[name] === value);
      shown += !row.hidden;
    }
    document.getElementById("scoreboard-count").textContent = `${shown} of ${rows.length} rows`;
  };
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
});
