// Indicator rows without loading the page again: add, remove, and parse what was pasted.
"use strict";

(() => {
  const form = document.querySelector("[data-entry]");
  const NUMBERED = ["name", "id", "value", "aria-label", "aria-describedby"];

  function renumber() {
    const rows = form.querySelectorAll("[data-rows] > .row");
    rows.forEach((row, index) => {
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
    form.elements["indicators-TOTAL_FORMS"].value = rows.length;
    form.dispatchEvent(new Event("rows-changed"));
  }

  function addRow() {
    const row = form.querySelector("[data-row-template]").content.firstElementChild.cloneNode(true);
    form.querySelector("[data-rows]").append(row);
    renumber();
    row.querySelector("select").focus();
  }

  function removeRow(row) {
    const next = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    renumber();
    (next ? next.querySelector(".remove") : form.querySelector("[data-add-row]")).focus();
  }

  async function parse(button) {
    const body = new FormData(form);
    body.set("action", "parse");
    try {
      const answer = await fetch(location.pathname, {
        method: "POST", body, headers: { "X-Part": "indicators" }, redirect: "error",
      });
      if (!answer.ok) throw new Error(String(answer.status));
      form.querySelector("#indicators").outerHTML = await answer.text();
    } catch {
      button.dataset.plain = "1";
      form.requestSubmit(button);
      return;
    }
    form.dispatchEvent(new Event("rows-changed"));
    (form.querySelector("#indicators [autofocus]") || form.elements.indicator_text).focus();
  }

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.dataset.plain) return;
    const action = button.value;
    if (!["parse", "add_row"].includes(action) && !action.startsWith("remove_row")) return;
    event.preventDefault();
    if (action === "parse") parse(button);
    else if (action === "add_row") addRow();
    else removeRow(button.closest(".row"));
  });

  form.addEventListener("paste", (event) => {
    if (event.target.name !== "indicator_text") return;
    setTimeout(() => form.requestSubmit(form.querySelector("[value='parse']")));
  });
})();
