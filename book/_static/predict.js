// "Predict, then look": the reader's answer is kept on the page and nowhere else; the stored result opens beside it.
// Without scripts the question stands, and the result below it, closed.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form.predict")) {
    const controls = form.querySelector(".predict-controls"),
      answer = form.querySelector("details");
    const yours = form.querySelector(".predict-yours"),
      input = form.querySelector("input[type=range]");
    const shown = input && form.querySelector("output");
    controls.hidden = false;
    if (input) input.addEventListener("input", () => (shown.textContent = input.value));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = input ?? form.querySelector("input:checked");
      yours.hidden = false;
      if (!chosen) {
        yours.textContent = "Choose an answer first.";
        return;
      }
      const said = input ? input.value : chosen.parentElement.querySelector(".predict-words").innerHTML;
      const right = input
        ? Math.abs(input.value - form.dataset.answer) <= Number(form.dataset.near)
        : chosen.value === form.dataset.answer;
      yours.innerHTML = `You said: <b>${said}</b>. ${right ? "So it is." : "It is otherwise."}`;
      answer.open = true;
    });
  }
});
