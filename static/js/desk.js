// Every page: a button that was pressed cannot be pressed twice, and what the keys do.
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

(() => {
  const SECOND_KEY_WITHIN = 1500;
  const help = document.querySelector("[data-keys]");
  let waitsForSecond = 0;

  function follow(name) {
    const link = document.querySelector(`.nav [data-key='${name}']`);
    if (link && !link.hasAttribute("aria-current")) link.click();
  }

  function search() {
    const field = document.querySelector("main .filters :is(input:not([type='hidden']), select)");
    if (field) field.focus();
    else follow("g e");
  }

  const keys = {
    n: () => follow("n"),
    "/": search,
    "?": () => help && help.showModal(),
    g: () => { waitsForSecond = performance.now() + SECOND_KEY_WITHIN; },
  };

  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const send = document.querySelector("[data-entry] [value='send']");
      if (!send || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      if (!send.disabled) send.form.requestSubmit(send);
      return;
    }
    const isTyping = target.closest("input:not([type='radio']), select, textarea, [contenteditable], dialog");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const isSecond = performance.now() < waitsForSecond;
    waitsForSecond = 0;
    const act = isSecond && key === "e" ? () => follow("g e") : keys[key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) help.showModal();
  });
})();
