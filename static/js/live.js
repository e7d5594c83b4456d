/* Loads the page of a submission again as soon as what it shows changes, unless somebody writes in it. */
"use strict";
(() => {
  const main = document.querySelector("main[data-watch]");
  const every = [1000, 1000, 2000, 2000, 5000];
  let turn = 0;

  const fields = () => [...main.querySelectorAll("input:not([type='hidden']), textarea")];
  const isWriting = () => fields().some((field) => field.value.trim() || field === document.activeElement);
  const isOld = (now) => String(now.version) !== main.dataset.version || now.gate !== main.dataset.gate;

  // What was being written goes along: it is in the page's own history entry, and nowhere else.
  function show() {
    const [field] = fields();
    history.replaceState({ reason: field ? field.value : "" }, "", main.dataset.page);
    location.reload();
  }

  function tell() {
    const link = Object.assign(document.createElement("a"), { href: main.dataset.page, textContent: "Show it" });
    link.addEventListener("click", (event) => {
      event.preventDefault();
      show();
    });
    const notice = Object.assign(document.createElement("p"), { className: "notice warning" });
    notice.append("The state has changed. ", link);
    main.querySelector("[data-changed]").replaceChildren(notice);
  }

  function restore() {
    const reason = history.state && history.state.reason;
    if (!reason) return;
    const [field] = fields();
    if (field) {
      field.value = field.value || reason;
      if (field.closest("details")) field.closest("details").open = true;
      return;
    }
    const notice = Object.assign(document.createElement("p"), { className: "notice" });
    notice.append(`You wrote: ${reason}`);
    main.querySelector("[data-changed]").replaceChildren(notice);
  }

  async function look() {
    try {
      const answer = await fetch(main.dataset.watch, { headers: { Accept: "application/json" } });
      if (answer.status === 401) return document.dispatchEvent(new Event("signed-out"));
      const now = answer.ok ? await answer.json() : null;
      if (now && isOld(now)) {
        if (!isWriting()) return show();
        tell();
      }
    } catch {
      // The server is away for a moment: the next look finds out.
    }
    setTimeout(look, every[Math.min(turn++, every.length - 1)]);
  }

  document.addEventListener("signed-in", look);
  restore();
  if (main.dataset.watch) setTimeout(look, every[0]);
})();
