// A click, Enter or Space on a figure shows it large; Escape or another click brings it back.
document.addEventListener("DOMContentLoaded", () => {
  const large = document.createElement("dialog");
  large.className = "zoomed";
  large.setAttribute("aria-label", "Enlarged figure");
  large.tabIndex = 0; // so that the arrow keys scroll it
  large.addEventListener("click", () => large.close());
  large.addEventListener("keydown", (event) => { if (event.key === "Escape") large.close(); }); // the theme stops the browser's own
  document.body.append(large);
  for (const figure of document.querySelectorAll("figure")) {
    const pictures = [...figure.querySelectorAll("picture")];
    if (!pictures.length) continue;
    const button = document.createElement("button");
    const number = figure.querySelector(".caption-number");
    button.type = "button";
    button.className = "zoom";
    button.setAttribute("aria-label", `Enlarge ${number ? number.textContent.trim() : "figure"}`);
    pictures[0].before(button);
    button.append(...pictures);
    button.addEventListener("click", () => {
      const shown = pictures.find((picture) => picture.offsetParent)?.querySelector("img");
      if (!shown) return;
      const copy = new Image();
      copy.src = shown.getAttribute("src"); // the drawing for a page, on a phone too
      copy.alt = shown.alt;
      large.replaceChildren(copy);
      large.showModal();
    });
  }
});
