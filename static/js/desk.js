// Every page: a button that was pressed cannot be pressed twice, what the keys do, and the session's end.
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

// A session says before it ends, and who was signed out signs in on the spot: nothing typed is lost.
(() => {
  const about = document.querySelector("meta[name='session']");
  if (!about) return;
  const WARN = 120;
  const AGAIN = 20;
  const dialog = document.querySelector("[data-sign-in]");
  const notice = Object.assign(document.createElement("p"), { className: "notice warning session" });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: "Stay signed in" });
  notice.setAttribute("role", "alert");
  let timer = 0;
  let dueAt = 0;
  let halfAt = 0;
  let isOut = false;
  let before = null;

  const tokens = () => [...document.querySelectorAll("[name='csrfmiddlewaretoken']")];

  function later(seconds) {
    clearTimeout(timer);
    dueAt = Date.now() + Math.max(1, seconds) * 1000;
    timer = setTimeout(ask, dueAt - Date.now());
  }

  // A GET only asks how long it lasts; a POST says that somebody is there.
  async function ask(method = "GET") {
    later(AGAIN);
    try {
      const headers = method === "POST" ? { "X-CSRFToken": tokens()[0].value } : {};
      const answer = await fetch(about.content, { method, headers, redirect: "error" });
      if (answer.status === 401) document.dispatchEvent(new Event("signed-out"));
      else if (answer.ok) hear(await answer.json());
    } catch {
      // The server is away for a moment: the next look finds out.
    }
  }

  function hear({ left, is_last: isLast, whose }) {
    if (whose !== about.dataset.whose) {
      document.dispatchEvent(new Event("signed-out"));
      return say(TAKEN);
    }
    halfAt = Date.now() + left * 500;
    if (left > WARN) {
      notice.remove();
      return later(left - WARN);
    }
    later(left + 1);
    const end = new Date(Date.now() + left * 1000).toISOString().slice(11, 16);
    const when = `You will be signed out at ${end} UTC, in ${minutes(left)}`;
    if (isLast) notice.replaceChildren(`${when}, whatever you do: that is the longest that one may be signed in. Save now, then sign in again.`);
    else notice.replaceChildren(`${when}, because nothing was done. What you typed stays here. `, button);
    if (!notice.isConnected) document.body.prepend(notice);
  }

  function minutes(seconds) {
    const count = Math.max(1, Math.round(seconds / 60));
    return count === 1 ? "a minute" : `${count} minutes`;
  }

  // The button goes away with its notice: the focus goes back to where it came from, and it is said.
  async function stay() {
    const back = before;
    await ask("POST");
    if (isOut || notice.isConnected) return;
    if (back && back.isConnected) back.focus();
    const place = document.querySelector("[role='status']");
    if (place) place.append(Object.assign(document.createElement("p"), { className: "notice", textContent: "You stay signed in." }));
  }

  function signedOut() {
    clearTimeout(timer);
    dueAt = Infinity;
    notice.remove();
    isOut = true;
    if (!dialog.open) dialog.showModal();
  }

  // A page is its account's: whoever signs in instead gets pages of their own.
  const TAKEN = "Somebody else is signed in in this browser now. Let them sign out, then sign in here.";
  const say = (text) => { dialog.querySelector("[role='alert']").textContent = text; };

  async function signIn(form) {
    const fields = new FormData(form);
    const read = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = (page) => page.querySelector("[name='csrfmiddlewaretoken']").value;
    fields.set("csrfmiddlewaretoken", token(await read(await fetch(form.action))));
    const answer = await read(await fetch(form.action, { method: "POST", body: fields }));
    const refused = answer.querySelector("#sign-in-error");
    say(refused ? refused.textContent : "");
    if (refused) return;
    const signed = answer.querySelector("meta[name='session']");
    if (!signed || signed.dataset.whose !== about.dataset.whose) return say(TAKEN);
    for (const input of tokens()) input.value = token(answer);
    form.reset();
    isOut = false;
    dialog.close();
    document.dispatchEvent(new Event("signed-in"));
    ask();
  }

  button.addEventListener("click", stay);
  notice.addEventListener("focusin", (event) => { before = event.relatedTarget; });
  // What lies behind it is for nobody who just comes by.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => { if (isOut) dialog.showModal(); });
  document.addEventListener("signed-out", signedOut);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !isOut) ask(); });
  // Pages of which nothing goes to the server while one types say so themselves.
  document.addEventListener("input", () => { if (Date.now() > halfAt && dueAt < Infinity) ask("POST"); });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    signIn(event.target).catch(() => say("The server does not answer. Try again."));
  });
  const left = Number(about.dataset.left);
  halfAt = Date.now() + left * 500;
  later(left - WARN);
})();
