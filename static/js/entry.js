// The event form: local time beside UTC, preview while typing, ctrl+enter, and no text left behind.
"use strict";

(() => {
  const form = document.querySelector("[data-entry]");
  const PAUSE = 400;

  function showLocalTime() {
    const place = form.querySelector("[data-local-time]");
    const text = form.elements.date.value.trim();
    const match = /^(\d{4}-\d{2}-\d{2})[T ]\s*(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i.exec(text);
    const zone = match && /^[+-]/.test(match[3] || "") ? match[3] : "Z";
    const moment = match ? new Date(`${match[1]}T${match[2]}${zone}`) : new Date(NaN);
    const valid = !Number.isNaN(moment.getTime());
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const city = (timeZone || "").split("/").pop().replaceAll("_", " ");
    const sameDay = valid && moment.toLocaleDateString("sv") === match[1];
    const shown = { hour: "2-digit", minute: "2-digit", ...(sameDay ? {} : { day: "numeric", month: "short" }) };
    place.querySelector("output").textContent = valid ? `${moment.toLocaleString("en-GB", shown)} ${city}` : "";
  }

  let request = null;
  async function preview() {
    if (request) request.abort();
    request = new AbortController();
    const body = new FormData(form);
    body.set("action", "preview");
    try {
      const answer = await fetch(location.pathname, {
        method: "POST", body, headers: { "X-Part": "preview" }, redirect: "error", signal: request.signal,
      });
      if (answer.ok) form.querySelector("[data-preview]").innerHTML = await answer.text();
    } catch {
      // The next change, or the Preview button, asks again.
    }
  }

  let timer = 0;
  let isUnsaved = form.hasAttribute("data-unsaved");
  form.addEventListener("input", () => {
    isUnsaved = true;
    showLocalTime();
    clearTimeout(timer);
    timer = setTimeout(preview, PAUSE);
  });
  form.addEventListener("saved", () => { isUnsaved = false; });
  form.addEventListener("rows-changed", () => form.dispatchEvent(new Event("input")));
  form.addEventListener("submit", (event) => {
    if (!event.defaultPrevented) isUnsaved = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved) event.preventDefault();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const send = form.querySelector("[value='send']");
    event.preventDefault();
    if (!send.disabled) form.requestSubmit(send);
  });

  showLocalTime();
})();
