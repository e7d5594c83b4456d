// Every page: a button that was pressed cannot be pressed twice, and the key `n` opens a new event.
"use strict";

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button || !button.dataset.busy) return;
  // After this turn, because a disabled button's own name and value are not sent.
  setTimeout(() => {
    button.dataset.idle = button.textContent;
    button.textContent = button.dataset.busy;
    for (const other of event.target.querySelectorAll("[data-busy]")) other.disabled = true;
  });
});

// The browser may show this page again as it was left, buttons and all.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("[data-busy]")) {
    button.disabled = false;
    if (button.dataset.idle) button.textContent = button.dataset.idle;
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key !== "n" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const link = document.querySelector(".nav [data-key='n']");
  if (link && !link.hasAttribute("aria-current")) link.click();
});
