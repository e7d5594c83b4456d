// Pickers: an ARIA 1.2 combobox over a native select, or over a text input and its datalist. The
// native element stays the form's field, and what changes it by other ways shows in the picker.
"use strict";

(() => {
  const mark = (element, attributes) => Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  const make = (tag, properties, attributes = {}) => {
    const element = Object.assign(document.createElement(tag), properties);
    mark(element, attributes);
    return element;
  };
  const status = make("div", { className: "unseen" }, { role: "status" });
  document.querySelector("main").append(status);

  // " cote d ivoire": folded, with a space before each word.
  const normal = (text) => ` ${text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim()}`;

  // A list that is too long for the page: asked for by its name when the form is touched.
  const askMore = (list) => {
    const headers = { "X-Part": list.dataset.more };
    fetch(form.dataset.recent, { headers }).then((answer) => (answer.ok ? answer.json() : {})).then(({ options = [] }) => {
      if (options.length) list.replaceChildren(...options.map(([value, hint]) => make("option", { value }, { "data-hint": hint })));
    }).catch(() => {});
  };

  // What this person chose last, by field: asked for when the form is touched, not while it loads.
  let recent = {};
  const form = document.querySelector("[data-recent]");
  const askRecent = () => {
    const headers = { "X-Part": "recent" };
    fetch(form.dataset.recent, { headers }).then((answer) => (answer.ok ? answer.json() : {})).then((found) => { recent = found; }).catch(() => {});
    document.querySelectorAll("datalist[data-more]").forEach(askMore);
  };
  form.addEventListener("focusin", askRecent, { once: true });

  function distance(name, sought) {
    if (name === sought) return 0;
    if (name.startsWith(sought)) return 2;
    if (name.includes(sought)) return 4;
    return name.includes(sought.trim()) ? 6 : Infinity;
  }

  class Picker {
    constructor(field) {
      this.field = field;
      this.isSelect = field.matches("select");
      this.isMany = field.dataset.picker === "many";
      this.offered = this.isSelect ? field.options : field.list.options;
      this.box = make("div", { className: "picker" });
      field.before(this.box);
      this.box.append(field);
      this.input = this.isSelect ? this.cover() : field;
      this.list = make("ul", { className: "options", id: `${field.id}_options` }, { role: "listbox", "aria-label": field.labels[0].firstChild.textContent.trim() });
      this.chips = make("ul", { className: "chips" });
      this.box.append(this.list, this.chips);
      this.input.removeAttribute("list");
      mark(this.input, { role: "combobox", "aria-autocomplete": "list", "aria-controls": this.list.id });
      this.input.addEventListener("keydown", (event) => this.pressed(event));
      this.input.addEventListener("input", (event) => this.typed(event));
      this.input.addEventListener("blur", () => this.leave());
      this.list.addEventListener("mousedown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => this.choose([...this.list.children].indexOf(event.target.closest("li"))));
      this.close();
      this.sync();
    }

    // The input that lies over a select and takes its place for eyes, keyboard and screen readers.
    cover() {
      const { field } = this;
      const [label] = field.labels;
      label.id = label.id || `${field.id}_label`;
      const input = make("input", { type: "text", id: `${field.id}_picker`, autocomplete: "off", spellcheck: false }, { "aria-labelledby": label.id });
      for (const name of ["aria-invalid", "aria-required", "aria-describedby"]) {
        if (field.hasAttribute(name)) input.setAttribute(name, field.getAttribute(name));
      }
      const take = () => { input.focus(); input.select(); };
      mark(field, { tabindex: "-1", "aria-hidden": "true" });
      field.addEventListener("focus", take);
      field.addEventListener("mousedown", (event) => { event.preventDefault(); take(); this.open(""); });
      for (const kind of ["input", "change"]) field.addEventListener(kind, () => this.sync());
      input.addEventListener("mousedown", () => this.list.hidden && this.open(""));
      this.box.append(input);
      return input;
    }

    // What fits, the nearest first, then what was chosen last. A label counts more than other names.
    matches(text) {
      const sought = normal(text);
      const all = [...this.offered].map((option) => {
        const label = option.text || option.value;
        const hint = option.dataset.hint || "";
        const names = [label, label.replace(/ \([A-Z]{2}\)$/, ""), option.value, ...hint.split(" · ")].filter(Boolean).map(normal);
        const isBlank = !option.value && this.field.dataset.picker === "choose";
        const distances = isBlank ? [Infinity] : names.map((name, place) => distance(name, sought) + (place > 1));
        return { option, label, hint, names, distance: Math.min(...distances) };
      });
      const age = new Map((recent[this.field.name] || []).map((value, place) => [value, place]));
      const later = ({ option }) => (option.value ? age.get(option.value) ?? age.size : -1);
      const fit = sought === " " ? all : all.filter((each) => each.distance < Infinity);
      return fit.sort((one, other) => (sought === " " ? 0 : one.distance - other.distance) || later(one) - later(other));
    }

    open(text) {
      this.found = this.matches(text);
      status.textContent = this.found.length ? `${this.found.length} to choose from` : `Nothing matches ${text}`;
      this.list.replaceChildren(...this.found.map(({ option, label, hint }, place) => {
        const row = make("li", { id: `${this.list.id}_${place}`, textContent: label }, { role: "option", "aria-selected": "false" });
        if (option.disabled) row.setAttribute("aria-disabled", "true");
        if (hint) row.append(" ", make("small", { textContent: hint }));
        return row;
      }));
      if (!this.found.length) return this.close(this.isSelect);
      this.list.hidden = false;
      this.box.classList.remove("no-match");
      this.input.setAttribute("aria-expanded", "true");
      const { top, bottom } = this.input.getBoundingClientRect();
      this.list.classList.toggle("up", innerHeight - bottom < this.list.offsetHeight + 8 && top > innerHeight - bottom);
      const current = this.isTyped ? 0 : this.found.findIndex((each) => each.option.selected);
      this.point(this.isSelect ? Math.max(current, 0) : -1);
    }

    point(place) {
      const rows = this.list.children;
      if (rows[this.active]) rows[this.active].setAttribute("aria-selected", "false");
      this.active = place;
      const row = rows[place];
      if (!row) return this.input.removeAttribute("aria-activedescendant");
      mark(row, { "aria-selected": "true" });
      mark(this.input, { "aria-activedescendant": row.id });
      this.list.scrollTop = Math.min(Math.max(this.list.scrollTop, row.offsetTop + row.offsetHeight - this.list.clientHeight), row.offsetTop);
    }

    close(isNoMatch = false) {
      this.list.hidden = true;
      this.active = -1;
      this.box.classList.toggle("no-match", isNoMatch);
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
    }

    choose(place) {
      const { option, label } = this.found[place] || {};
      if (!option || option.disabled) return;
      const isNew = !this.isSelect || !option.selected;
      if (this.isSelect) option.selected = true;
      else this.input.value = this.isMany ? `${[...this.others(), label].join(", ")}, ` : label;
      status.textContent = `${label} chosen`;
      this.close();
      this.sync();
      if (isNew) this.changed();
    }

    changed() {
      for (const kind of ["input", "change"]) this.field.dispatchEvent(new Event(kind, { bubbles: true }));
    }

    pressed(event) {
      const { key } = event;
      const isOpen = !this.list.hidden;
      const step = { ArrowDown: 1, ArrowUp: -1 }[key];
      if (event.isComposing) return;
      if (step) {
        event.preventDefault();
        const { length } = this.found || [];
        if (isOpen) this.point(this.active < 0 && step < 0 ? length - 1 : (this.active + step + length) % length);
        else this.open(this.isSelect ? "" : this.token());
      } else if (key === "Enter") {
        const isPlain = !event.ctrlKey && !event.metaKey;
        if (isPlain && (this.isSelect || this.active >= 0)) event.preventDefault();
        if (isOpen) this.choose(this.active);
        else if (isPlain && this.isSelect && !this.isTyped) this.open("");
      } else if (key === "Tab") this.choose(isOpen ? this.active : -1);
      else if (key === "Escape" && (isOpen || this.isTyped)) {
        event.preventDefault();
        this.close();
        this.sync();
      } else if (key.length === 1 || key === "Backspace" || key === "Unidentified") this.isTyped = true;
    }

    typed(event) {
      if (this.isSelect) {
        event.stopPropagation();
        this.isTyped = true;
        return this.open(this.input.value);
      }
      if (this.isMany) this.chip();
      // A field that a script fills in opens no list over what is below it.
      if (!this.isTyped || !event.isTrusted) return;
      const text = this.token();
      if (!text) return this.close();
      this.open(text);
      if (this.found.length === 1 && this.found[0].label === text) this.close();
    }

    leave() {
      const sought = normal(this.input.value);
      if (this.isSelect && this.isTyped) this.choose(sought === " " ? 0 : this.found.findIndex((each) => each.names.includes(sought)));
      this.close();
      this.sync();
    }

    // Show what the native field holds.
    sync() {
      this.isTyped = false;
      if (this.isMany) this.chip();
      if (!this.isSelect) return;
      const { text, value } = this.field.selectedOptions[0];
      const isBlank = !value && this.field.dataset.picker === "choose";
      Object.assign(this.input, { value: isBlank ? "" : text, placeholder: isBlank ? text : "" });
    }

    // Of several values: the one that is being written, after the last comma, and those before it.
    token() {
      return this.isMany ? this.input.value.split(",").pop().trim() : this.input.value.trim();
    }

    others() {
      return this.input.value.split(",").slice(0, -1).map((part) => part.trim()).filter(Boolean);
    }

    chip() {
      const parts = [...this.others(), this.token()].filter(Boolean);
      this.chips.replaceChildren(...parts.map((part, place) => {
        const button = make("button", { type: "button", className: "chip", textContent: part }, { "aria-label": `Remove tag ${part}` });
        button.addEventListener("click", () => {
          this.input.value = parts.filter((_, other) => other !== place).join(", ");
          this.changed();
          this.input.focus();
        });
        const item = make("li", {});
        item.append(button);
        return item;
      }));
    }
  }

  const pickers = [...document.querySelectorAll("[data-picker]")].map((field) => new Picker(field));
  window.addEventListener("pageshow", () => pickers.forEach((picker) => picker.sync()));
})();
