// The event form while it is written: local time, indicator rows, preview and checks.
"use strict";

(() => {
  const form = document.querySelector("[data-entry]");
  const find = (selector) => form.querySelector(selector);
  const PAUSE = 400;
  const NUMBERED = ["name", "id", "value", "aria-label", "aria-describedby"];

  // Resolves with the text of an answer; a newer question under the same name ends an older one.
  const asked = {};
  async function ask(name, url, body, headers = {}) {
    if (asked[name]) asked[name].abort();
    asked[name] = new AbortController();
    const { signal } = asked[name];
    const answer = await fetch(url, { method: "POST", body, headers, redirect: "error", signal });
    if (answer.status === 401) document.dispatchEvent(new Event("signed-out"));
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  }

  function part(name, action, body = new FormData(form)) {
    body.set("action", action);
    return ask(name, location.pathname, body, { "X-Part": name });
  }

  // Local time
  function showLocalTime() {
    const place = find("[data-local-time]");
    const text = form.elements.date.value.trim();
    const match = /^(\d{4}-\d{2}-\d{2})[T ]\s*(\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i.exec(text);
    const zone = match && /^[+-]/.test(match[3] || "") ? match[3] : "Z";
    const read = find("[data-moment]");
    const iso = match ? `${match[1]}T${match[2]}${zone}` : text && read ? read.dataset.moment : "";
    const moment = new Date(iso);
    const valid = !Number.isNaN(moment.getTime());
    const timeZone = form.dataset.timeZone || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
    const city = timeZone.split("/").pop().replaceAll("_", " ");
    const sameDay = valid && match && moment.toLocaleDateString("sv", { timeZone }) === match[1];
    const shown = { timeZone, hour: "2-digit", minute: "2-digit", ...(sameDay ? {} : { day: "numeric", month: "short" }) };
    place.querySelector("output").textContent = valid ? `${moment.toLocaleString("en-GB", shown)} ${city}` : "";
  }

  // What is counted from the present becomes the moment that the preview shows, and stays it.
  function fixMoment() {
    const [{ date }, read] = [form.elements, find("[data-moment]")];
    const isRelative = /\b(ago|now|today|yesterday)\b/i.test(date.value);
    if (read && isRelative && document.activeElement !== date) date.value = read.dataset.moment;
  }

  // Preview and checks. What fails is asked again by the next change, or by the Preview button.
  async function preview() {
    const html = await part("preview", "preview");
    const isOpen = Boolean(find("[data-preview] details[open]"));
    find("[data-preview]").innerHTML = html;
    if (isOpen && find("[data-preview] details")) find("[data-preview] details").open = true;
    fixMoment();
    showLocalTime();
  }

  const isExplaining = () => document.activeElement && document.activeElement.name === "override_reason";

  async function check() {
    if (isExplaining()) return;
    const html = await ask("checks", form.dataset.check, new URLSearchParams(new FormData(form)));
    if (isExplaining()) return;
    find("[data-checks]").innerHTML = html;
    const summary = find("[data-checks] [data-summary]").textContent;
    if (find("[data-check-status]").textContent !== summary) find("[data-check-status]").textContent = summary;
  }

  async function lookThere(button) {
    const place = find("[data-there]");
    // Not disabled, which would take the focus away from whoever pressed it.
    if (button.getAttribute("aria-disabled")) return;
    button.setAttribute("aria-disabled", "true");
    place.textContent = "Looking at Cloudflare…";
    try {
      place.innerHTML = await ask("there", button.dataset.lookThere, new URLSearchParams(new FormData(form)));
    } catch {
      place.textContent = "Could not look at Cloudflare just now. Try again in a minute.";
    }
    button.removeAttribute("aria-disabled");
  }

  const quietly = (promise) => promise.catch(() => {});
  let timer = 0;
  function look() {
    clearTimeout(timer);
    timer = setTimeout(() => { quietly(preview()); quietly(check()); }, PAUSE);
  }

  // Rows
  const rows = () => [...form.querySelectorAll("[data-rows] > .row")];

  function renumber() {
    rows().forEach((row, index) => {
      for (const element of [row, ...row.querySelectorAll("[name], [id]")]) {
        for (const name of NUMBERED) {
          if (name === "value" && !element.matches(".remove")) continue;
          const text = element.getAttribute(name);
          if (text === null) continue;
          const number = name === "aria-label" ? index + 1 : index;
          element.setAttribute(name, text.replace(/(indicators-|remove_row-|[Ii]ndicator )(?:\d+|__prefix__)/g, `$1${number}`));
        }
      }
    });
    form.elements["indicators-TOTAL_FORMS"].value = rows().length;
    rowsChanged();
  }

  function rowsChanged() {
    const doubtful = rows().filter((row) => row.querySelector(".note")).length;
    const count = rows().filter((row) => row.querySelector("input").value).length;
    const words = `${count} row${count === 1 ? "" : "s"}${doubtful ? `, ${doubtful} to look at` : ""}`;
    find("[data-row-count]").textContent = count ? words : "";
    form.dispatchEvent(new Event("input"));
  }

  function addRow() {
    const row = find("[data-row-template]").content.firstElementChild.cloneNode(true);
    find("[data-rows]").append(row);
    renumber();
    row.querySelector("select").focus();
  }

  function removeRow(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    renumber();
    (next ? next.querySelector(".remove") : find("[data-add-row]")).focus();
  }

  async function parse(button) {
    try {
      find("#indicators").outerHTML = await part("indicators", "parse");
    } catch {
      button.dataset.plain = "1";
      form.requestSubmit(button);
      return;
    }
    rowsChanged();
    // To what has to be looked at; past the rows if nothing has.
    const isFound = find("#indicators [autofocus]");
    (find("#indicators .row:has(.note) select") || (isFound ? find("[data-add-row]") : form.elements.indicator_text)).focus();
  }

  // A value without a type is parsed alone, to see of which type it would be.
  async function detect(row) {
    const [type, value] = [row.querySelector("select"), row.querySelector("input").value];
    if (type.value || !value.trim()) return;
    const body = new FormData();
    for (const name of ["csrfmiddlewaretoken", "form_token"]) body.set(name, form.elements[name].value);
    body.set("indicator_text", value);
    const page = new DOMParser().parseFromString(await part("indicators", "parse", body), "text/html");
    const found = page.querySelectorAll("[data-rows] > .row");
    if (found.length !== 1 || type.value || row.querySelector("input").value !== value) return;
    type.value = found[0].querySelector("select").value;
    rowsChanged();
  }

  // Events
  let isUnsaved = form.hasAttribute("data-unsaved");
  form.addEventListener("input", (event) => {
    isUnsaved = true;
    showLocalTime();
    if (event.target.closest("#indicators") || event.target === form) find("[data-there]").textContent = "";
    look();
  });
  form.addEventListener("focusout", (event) => {
    if (["override_reason", "date"].includes(event.target.name)) look();
    const row = event.target.matches(".row input") && event.target.closest(".row");
    if (row) quietly(detect(row));
  });
  form.addEventListener("saved", () => { isUnsaved = false; });
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    const action = button && !button.dataset.plain ? button.value : "";
    const isOfRows = ["parse", "add_row"].includes(action) || action.startsWith("remove_row");
    if (!isOfRows) {
      if (!event.defaultPrevented && action !== "download") isUnsaved = false;
      return;
    }
    event.preventDefault();
    if (action === "parse") parse(button);
    else if (action === "add_row") addRow();
    else removeRow(button.closest(".row"));
  });
  form.addEventListener("paste", (event) => {
    if (event.target.name !== "indicator_text") return;
    setTimeout(() => form.requestSubmit(find("[value='parse']")));
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-look-there], [data-copy]");
    if (button && "lookThere" in button.dataset) lookThere(button);
    else if (button) copy(button);
  });
  window.addEventListener("beforeunload", (event) => {
    if (isUnsaved) event.preventDefault();
  });

  async function copy(button) {
    const text = find(button.dataset.copy).textContent;
    try {
      await navigator.clipboard.writeText(text);
      find("[data-copied]").textContent = `${button.textContent}: done`;
    } catch {
      find("[data-copied]").textContent = "The browser does not allow copying here. Download it instead.";
    }
  }

  showLocalTime();
})();
