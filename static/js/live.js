/* Loads the page of a submission again as soon as its state changes. */
"use strict";
(() => {
  const main = document.querySelector("main[data-watch]");
  const every = [1000, 1000, 2000, 2000, 5000];
  let turn = 0;

  async function look() {
    try {
      const answer = await fetch(main.dataset.watch, { headers: { Accept: "application/json" } });
      const now = answer.ok ? await answer.json() : null;
      if (now && String(now.version) !== main.dataset.version) {
        location.reload();
        return;
      }
    } catch {
      // The server is away for a moment: the next look finds out.
    }
    setTimeout(look, every[Math.min(turn++, every.length - 1)]);
  }

  if (main && main.dataset.watch) setTimeout(look, every[0]);
})();
