// The scoreboard: filters, search and order live in the address after '#', so that Back and links bring them again.
// Its rows stand in <noscript>: without scripts the whole table is shown, with them a hundred rows at a time.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.getElementById("scoreboard-filters");
  if (!form) return;
  const held = document.getElementById("scoreboard-all");
  const table = new DOMParser().parseFromString(held.textContent, "text/html").querySelector("table");
  const rows = [...table.tBodies[0].rows];
  const body = table.tBodies[0];
  held.before(table.parentElement ?? table);
  const more = document.getElementById("scoreboard-more");
  const controls = [...form.querySelectorAll("[data-filter]")];
  const words = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const PAGE = 100;
  let shown = PAGE;

  const fits = (row, { dataset, value }) => {
    if (!value || dataset.filter === "order") return true;
    if (dataset.filter !== "text") return row.dataset[dataset.filter] === value;
    return value.toLowerCase().split(/\s+/).every((word) => words.get(row).includes(word));
  };
  const apply = () => {
    const order = form.querySelector("[data-filter=order]").value;
    const key = (row) => (order ? row.dataset[order] : "");
    const found = rows.filter((row) => controls.every((control) => fits(row, control)));
    found.sort((a, b) => key(a).localeCompare(key(b)) || rows.indexOf(a) - rows.indexOf(b));
    body.replaceChildren(...found.slice(0, shown));
    more.hidden = found.length <= shown;
    document.getElementById("scoreboard-count").textContent =
      `${found.length} of ${rows.length} rows` + (more.hidden ? "" : `, the first ${shown} shown`);
  };
  const remember = () => {
    const state = new URLSearchParams();
    for (const { dataset, value } of controls) if (value) state.set(dataset.filter, value);
    history.replaceState(null, "", `#${state}`);
  };
  const recall = () => {
    const id = location.hash.slice(1);
    const row = rows.find((one) => one.id === id);
    if (id && !row && !id.includes("=")) return;
    const state = new URLSearchParams(row ? "" : id);
    for (const control of controls) control.value = state.get(control.dataset.filter) ?? "";
    shown = row ? Math.max(PAGE, rows.indexOf(row) + 1) : PAGE;
    apply();
    if (row) { location.replace(location.href); row.scrollIntoView(); }
  };
  form.addEventListener("input", () => { shown = PAGE; apply(); remember(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { shown += PAGE; apply(); });
  addEventListener("beforeprint", () => { shown = rows.length; apply(); });
  addEventListener("hashchange", recall);
  apply();
  recall();
});

// Groups of claims: a closed one holds its boxes as text until it is opened, linked to or printed.
// Without scripts <noscript> shows them, and <details> opens by itself.
const release = (details) => {
  const held = details.querySelector(":scope > noscript.held");
  if (held) held.outerHTML = held.textContent;
};
const releaseAll = (root) => {
  for (const held of root.querySelectorAll("noscript.held")) release(held.parentElement);
  if (root.querySelector("noscript.held")) releaseAll(root);
};
document.addEventListener("toggle", ({ target }) => { if (target.open) release(target); }, true);

const reveal = () => {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!id || id.includes("=")) return;
  while (!document.getElementById(id)) {
    const held = [...document.querySelectorAll("noscript.held")].find((e) => e.textContent.includes(`id="${id}"`));
    if (!held) return;
    release(held.parentElement);
  }
  const target = document.getElementById(id);
  const closed = [];
  for (let up = target; up; up = up.parentElement) if (up.tagName === "DETAILS" && !up.open) closed.push(up);
  if (!closed.length && target.matches(":target")) return;
  for (const details of closed) details.open = true;
  location.replace(location.href); // the browser now finds it: :target holds
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
document.addEventListener("DOMContentLoaded", reveal);

let opened = [];
const openForPrint = () => {
  releaseAll(document);
  opened = [...document.querySelectorAll("details:not([open])")];
  for (const details of opened) details.open = true;
};
addEventListener("beforeprint", openForPrint);
addEventListener("afterprint", () => { for (const details of opened) details.open = false; });

// Cards: what a word of the glossary means (on hover and focus) and what a symbol means in this chapter (on hover).
document.addEventListener("DOMContentLoaded", () => {
  const cards = window.MMCL_CARDS;
  const paper = location.pathname.match(/chapters\/([a-z]+\d+)/)?.[1];
  if (!cards || !paper) return;
  const symbols = cards.symbols[paper] ?? {};
  const card = Object.assign(document.createElement("div"), { id: "card", hidden: true });
  card.setAttribute("role", "tooltip");
  document.body.append(card);
  const show = (element, content) => {
    card.innerHTML = content;
    card.hidden = false;
    const { left, bottom } = element.getBoundingClientRect();
    card.style.left = `${Math.max(8, Math.min(left, innerWidth - card.offsetWidth - 8)) + scrollX}px`;
    card.style.top = `${bottom + scrollY + 6}px`;
  };
  const hide = () => { card.hidden = true; };
  const word = (event) => event.target.closest?.("a.term");
  const told = (element) => cards.terms[element.hash.slice(1)];
  document.addEventListener("focusin", (event) => { const a = word(event); if (a) { show(a, told(a)); a.setAttribute("aria-describedby", "card"); } });
  document.addEventListener("focusout", hide);
  document.addEventListener("mouseover", (event) => {
    const a = word(event);
    if (a) return show(a, told(a));
    const symbol = event.target.closest?.("main math mi");
    const look = symbol?.textContent;
    if (look && symbols[look]) return show(symbol, `<b>${look}</b>: ${symbols[look]}`);
    if (!event.target.closest?.("#card")) hide();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
});

// Commands are copied by their button, where the browser allows it.
document.addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll("ul.gallery button[data-copy]")) button.hidden = !navigator.clipboard;
});
document.addEventListener("click", ({ target }) => {
  if (target.matches?.("button[data-copy]")) navigator.clipboard?.writeText(target.dataset.copy);
});

// A table that is wider than its page (on a phone) can be reached and scrolled with the keyboard; others are no Tab stops.
document.addEventListener("DOMContentLoaded", () => {
  for (const wide of document.querySelectorAll(".wide")) if (wide.scrollWidth > wide.clientWidth + 1) wide.tabIndex = 0;
});

// Search from disk: headings and statements, best first, with the words in their surroundings.
document.addEventListener("DOMContentLoaded", () => {
  const results = document.getElementById("search-results");
  if (!results) return;
  const query = (new URLSearchParams(location.search).get("q") ?? "").trim();
  for (const input of document.querySelectorAll("main input[name=q]")) input.value = query;
  const stem = (word) => (word.length > 5 ? word.replace(/(isations?|ising|ise[sd]?|ations?|ings?|ies|e[sd]|s)$/, "") : word);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean).map(stem);
  const phrase = query.toLowerCase();
  const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
  const score = ([address, title, page, text]) => {
    const [head, body] = [title.toLowerCase(), text.toLowerCase()];
    if (!words.every((word) => `${head} ${page.toLowerCase()} ${body}`.includes(word))) return 0;
    return 1 + (head.startsWith(phrase) ? 90 : head.includes(phrase) ? 60 : 0) + (body.includes(phrase) ? 15 : 0)
      + 12 * words.filter((word) => head.includes(word)).length + (address.includes("#") ? 0 : 10)
      + 3 * words.filter((word) => body.includes(word)).length;
  };
  const snippet = (text) => {
    const at = Math.max(0, Math.min(...words.map((w) => text.toLowerCase().indexOf(w)).filter((k) => k >= 0), text.length) - 80);
    const cut = (at ? "… " : "") + text.slice(at, at + 240) + (at + 240 < text.length ? " …" : "");
    const marks = new RegExp(`(${words.map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
    return escaped(cut).replace(marks, "<mark>$1</mark>");
  };
  const show = () => {
    const found = (window.MMCL_SEARCH ?? []).map((entry, index) => [score(entry), -index, entry]).filter(([s]) => s);
    found.sort((a, b) => b[0] - a[0] || b[1] - a[1]);
    const items = found.slice(0, 40).map(([, , [address, title, page, text]]) =>
      `<li><a href="${address}">${escaped(title)}</a>${title === page ? "" : ` <small>${escaped(page)}</small>`}<p>${snippet(text)}</p></li>`);
    results.innerHTML = `<p role="status">${found.length ? `${found.length} places` : "Nothing found"} for “${escaped(query)}”.</p><ul class="search">${items.join("")}</ul>`;
  };
  if (!words.length) return;
  document.head.append(Object.assign(document.createElement("script"), { src: "_static/search-text.js", onload: show }));
});
