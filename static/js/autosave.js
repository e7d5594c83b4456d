// The draft is kept on the server while it is typed, and a session that ended is renewed in place.
"use strict";

(() => {
  const form = document.querySelector("[data-entry]");
  const shown = document.querySelector("[data-saved]");
  const dialog = document.querySelector("[data-sign-in]");
  const PAUSE = 1200;
  const LONGEST = 4000;
  let changes = 0;
  let unsavedSince = 0;
  let timer = 0;
  let saving = null;

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
      .catch(() => say("Not saved: the server does not answer. Your text is still here.", true))
      .finally(() => { saving = null; });
    return saving;
  }

  async function heard(answer, savedFrom) {
    if (answer.status === 401) return askToSignIn();
    if (!(answer.headers.get("Content-Type") || "").includes("json")) {
      return say(`Not saved (${answer.status}). Your text is still here.`, true);
    }
    const said = await answer.json();
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

  function later() {
    clearTimeout(timer);
    timer = setTimeout(save, Math.min(PAUSE, Math.max(0, unsavedSince + LONGEST - Date.now())));
  }

  function askToSignIn() {
    say("You were signed out. Your text is still here.", true);
    if (!dialog.open) dialog.showModal();
  }

  async function signIn(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = (page) => page.querySelector("[name='csrfmiddlewaretoken']").value;
    const page = await read(await fetch(event.target.action));
    fields.set("csrfmiddlewaretoken", token(page));
    const answer = await read(await fetch(event.target.action, { method: "POST", body: fields }));
    const refused = answer.querySelector("#sign-in-error");
    dialog.querySelector("[role='alert']").textContent = refused ? refused.textContent : "";
    if (refused) return;
    for (const input of document.querySelectorAll("[name='csrfmiddlewaretoken']")) input.value = token(answer);
    event.target.reset();
    dialog.close();
    save();
  }

  form.addEventListener("input", () => {
    changes += 1;
    unsavedSince = unsavedSince || Date.now();
    later();
  });
  // A save under way raises the draft's version: what follows has to know it.
  form.addEventListener("submit", (event) => {
    if (event.submitter && event.submitter.value === "download") return;
    clearTimeout(timer);
    if (!saving || event.defaultPrevented) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    saving.finally(() => form.requestSubmit(event.submitter));
  }, true);
  dialog.querySelector("form").addEventListener("submit", signIn);
})();
