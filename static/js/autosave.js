// The draft is kept on the server while it is typed.
"use strict";

(() => {
  const form = document.querySelector("[data-entry]");
  const shown = document.querySelector("[data-saved]");
  const dialog = document.querySelector("[data-sign-in]");
  const PAUSE = 1200;
  const LONGEST = 4000;
  const RETRY_FIRST = 2000;
  const RETRY_MOST = 30000;
  let changes = 0;
  let unsavedSince = 0;
  let timer = 0;
  let saving = null;
  let failures = 0;
  let retryAt = 0;
  let isGoing = false;
  let isReady = false;

  const say = (text, isBad = false) => {
    shown.textContent = text;
    shown.classList.toggle("error", isBad);
  };

  function setHidden(name, value) {
    let input = form.elements[name];
    if (!input) {
      input = Object.assign(document.createElement("input"), { type: "hidden", name });
      form.append(input);
    }
    input.value = value;
  }

  async function save() {
    clearTimeout(timer);
    if (saving || !unsavedSince) return saving;
    const savedFrom = changes;
    const body = new FormData(form);
    body.set("action", "save");
    saving = fetch(location.pathname, { method: "POST", body, headers: { "X-Part": "saved" }, redirect: "error" })
      .then((answer) => heard(answer, savedFrom))
      .catch(() => tryAgain("The server does not answer."))
      .finally(() => { saving = null; });
    return saving;
  }

  async function heard(answer, savedFrom) {
    if (answer.status === 401) return document.dispatchEvent(new Event("signed-out"));
    if (answer.status >= 500 || answer.status === 429) return tryAgain(`The server says ${answer.status}.`);
    if (!(answer.headers.get("Content-Type") || "").includes("json")) {
      failures = 0;
      return say(`Not saved (${answer.status}). Your text is still here.`, true);
    }
    const said = await answer.json();
    failures = 0;
    if (!answer.ok) return say(said.message, true);
    setHidden("version", said.version);
    history.replaceState(null, "", said.url);
    say(`draft saved ${said.at} UTC`);
    if (changes === savedFrom) {
      unsavedSince = 0;
      form.dispatchEvent(new Event("saved"));
    } else {
      unsavedSince = Date.now();
      later();
    }
  }

  // After a failure the time of the next try stands, however much is typed meanwhile.
  function later() {
    clearTimeout(timer);
    const due = failures ? retryAt : Math.min(Date.now() + PAUSE, unsavedSince + LONGEST);
    timer = setTimeout(save, Math.max(0, due - Date.now()));
  }

  // The words stay the same from try to try, so that screen readers say them once.
  function tryAgain(reason) {
    failures += 1;
    retryAt = Date.now() + Math.min(RETRY_MOST, RETRY_FIRST * 2 ** (failures - 1));
    say(`Not saved yet, trying again by itself. ${reason} Your text is still here.`, true);
    later();
  }

  window.addEventListener("online", () => {
    retryAt = 0;
    if (failures && unsavedSince) later();
  });
  form.addEventListener("input", () => {
    changes += 1;
    unsavedSince = unsavedSince || Date.now();
    later();
  });
  // The browser puts a page of its own in the place of the form if the server does not answer.
  // So the text is saved first where that failed last, and the form goes only to a server that is there.
  async function goOn(button) {
    isGoing = true;
    await saving;
    if (failures || (button && button.dataset.plain)) {
      const before = failures;
      unsavedSince = unsavedSince || Date.now();
      await save();
      if (failures > before) return stay(button);
    }
    isGoing = false;
    if (!dialog.open) submit(button);
  }

  function stay(button) {
    isGoing = false;
    if (button) delete button.dataset.plain;
    const [done, again] = button && button.value.startsWith("send") ? ["sent", "Send"] : ["done", "Try"];
    say(`Not ${done}: the server does not answer. Your text is still here. ${again} again when “draft saved” appears.`, true);
  }

  function submit(button) {
    isReady = true;
    form.requestSubmit(button);
    isReady = false;
  }

  const isLocal = (button) => button && (button.value === "add_row" || button.value.startsWith("remove_row"));

  // A save under way raises the draft's version: what follows has to know it.
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (isReady || isLocal(button) || (button && button.value === "download")) return;
    clearTimeout(timer);
    const isPlain = Boolean(button && button.dataset.plain);
    if (event.defaultPrevented || (button && button.value === "parse" && !isPlain)) return;
    if (!saving && !failures && !isPlain) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!isGoing) goOn(button);
  }, true);
  document.addEventListener("signed-out", () => say("You were signed out. Your text is still here.", true));
  document.addEventListener("signed-in", save);
})();
