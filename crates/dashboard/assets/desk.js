// The little that pages do by themselves. Everything works without it, only less quickly.
"use strict";

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) {
    for (const box of all.form.querySelectorAll("input[name=order]")) box.checked = all.checked;
  }
  if (event.target.matches("input[name=order], [data-check-all]")) count(event.target.form);
});

function count(form) {
  const chosen = form.querySelectorAll("input[name=order]:checked").length;
  for (const place of form.querySelectorAll("[data-chosen]")) place.textContent = chosen;
  for (const button of form.querySelectorAll("[data-needs-chosen]")) button.disabled = chosen === 0;
}

function begin(root) {
  for (const form of root.querySelectorAll("form")) {
    if (form.querySelector("[data-needs-chosen]")) count(form);
  }
}

// A scanner types into whatever has the focus; a slash brings it to the field for scanning.
document.addEventListener("keydown", (event) => {
  const field = document.getElementById("scan");
  const isTyping = event.target.closest("input, textarea, select");
  if (event.key === "/" && field && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.select();
    field.focus();
  }
});

// A form that was sent is not sent twice by a second click.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (form.target !== "_blank") form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// On a narrow screen the pages stand in a row that is longer than the screen: the one that is shown comes into sight.
function showPlace() {
  const here = document.querySelector("nav [aria-current=page]");
  if (here) here.closest("nav").scrollLeft = here.offsetLeft - 48;
}

document.addEventListener("DOMContentLoaded", () => {
  begin(document);
  showPlace();
});
document.addEventListener("htmx:afterSettle", () => begin(document));
