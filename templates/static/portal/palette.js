// Ctrl+K or ⌘K: one field to go anywhere, and to press what the page at hand offers.
(function () {
  "use strict";

  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("#palette-text"), list = dialog.querySelector("#palette-list"), said = dialog.querySelector("#palette-said");
  //: milliseconds without a key until the portal is asked
  const REST = 180;
  let timer = 0, asked = null, waits = false, goes = false;

  document.addEventListener("keydown", function (event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) open();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-palette-open]")) open();
  });
  dialog.addEventListener("click", function (event) {
    if (event.target === dialog || event.target.closest("#palette-close")) { dialog.close(); return; }
    if (event.target.closest("#palette-again")) { field.focus(); ask(); return; }
    const one = event.target.closest("[role=option]");
    if (one) choose(one, event.ctrlKey || event.metaKey);
  });
  // a browser tells of the closing later, and fast hands have it open again by then: that question is not this one's to stop
  dialog.addEventListener("close", function () { if (!dialog.open) stop(); });
  field.addEventListener("input", function () {
    stop();
    waits = true;
    timer = setTimeout(ask, REST);
  });
  field.addEventListener("keydown", function (event) {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? 1 : -1); }
    if (event.key !== "Enter") return;
    event.preventDefault();
    // what was typed last decides, also where the answer to it is still under way
    if (waits) goes = true;
    else if (active()) choose(active(), event.ctrlKey || event.metaKey);
  });

  function open() {
    stop();
    field.value = "";
    show("");
    dialog.showModal();
    field.focus();
    ask();
  }
  function stop() {
    clearTimeout(timer);
    if (asked) asked.abort();
    asked = null;
    waits = goes = false;
  }

  function ask() {
    const mine = asked = new AbortController();
    waits = true;
    fetch(dialog.dataset.address + "?q=" + encodeURIComponent(field.value), { signal: mine.signal, headers: { "X-Requested-With": "XMLHttpRequest" } })
      .then(function (answer) {
        if (answer.redirected) throw new Error("signed out");
        if (!answer.ok) throw new Error("no answer");
        return answer.text();
      })
      .then(function (html) { if (mine === asked) show(html); })
      .catch(function (error) {
        if (mine !== asked) return;
        waits = goes = false;
        show("");
        if (error.message === "signed out") tell(gettext("You are signed out. Reload the page to sign in again."));
        else tell(options().length ? gettext("The portal did not answer. Only what this page offers is listed.") : gettext("The portal did not answer."), true);
      });
  }

  // What the page offers comes first, then what the portal found.
  function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html").getElementById("palette-found");
    list.replaceChildren();
    const here = actions();
    if (here.length) list.append(group(gettext("On this page"), here));
    if (found) list.append(...found.children);
    const all = options();
    all.forEach(function (one, place) { one.id = "palette-option-" + place; });
    field.setAttribute("aria-expanded", String(all.length > 0));
    mark(all[0]);
    if (!found && !html) { tell(gettext("Looking…")); return; }
    waits = false;
    if (!found) { tell(gettext("The portal gave no list. Reload the page."), true); return; }
    const text = field.value.trim();
    if (!all.length) tell(text ? interpolate(gettext("Nothing goes by “%s”. Check the spelling, or ask for a page by its name."), [text]) : gettext("There is nothing to go to."));
    else if (text && !found.dataset.known && !here.length) tell(interpolate(gettext("Nothing goes by “%s” itself; names may be a beginning, ids must be whole."), [text]));
    else tell(interpolate(ngettext("%s choice.", "%s choices.", all.length), [all.length]) + (matchMedia("(hover: none)").matches ? "" : " " + gettext("Arrow keys move, Enter opens.")));
    if (goes) { goes = false; if (active()) choose(active(), false); }
  }

  function actions() {
    const words = field.value.trim().toLowerCase().split(/\s+/);
    return Array.from(document.querySelectorAll("main [data-offer]")).filter(function (one) {
      const name = one.dataset.offer.toLowerCase().split(/\s+/);
      return !one.disabled && words.every(function (typed) { return name.some(function (word) { return word.startsWith(typed); }); });
    });
  }
  function group(name, those) {
    const box = document.createElement("div"), head = document.createElement("p");
    box.setAttribute("role", "group");
    box.setAttribute("aria-labelledby", "palette-group-here");
    head.id = "palette-group-here";
    head.className = "q-palette-group";
    head.setAttribute("role", "presentation");
    head.textContent = name;
    box.append(head);
    those.forEach(function (one) {
      const option = document.createElement("div"), icon = document.createElement("span"), words = document.createElement("span");
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      icon.className = "material-symbols-outlined";
      icon.setAttribute("aria-hidden", "true");
      icon.textContent = "bolt";
      words.className = "q-palette-words";
      words.textContent = one.dataset.offer;
      option.append(icon, words);
      option.offered = one;
      box.append(option);
    });
    return box;
  }

  function options() { return Array.from(list.querySelectorAll("[role=option]")); }
  function active() { return list.querySelector("[aria-selected=true]"); }
  function step(by) {
    const all = options();
    if (all.length) mark(all[(all.indexOf(active()) + by + all.length) % all.length]);
  }
  function mark(one) {
    options().forEach(function (other) { other.setAttribute("aria-selected", String(other === one)); });
    if (!one) { field.removeAttribute("aria-activedescendant"); return; }
    field.setAttribute("aria-activedescendant", one.id);
    one.scrollIntoView({ block: "nearest" });
  }

  function choose(one, apart) {
    if (one.dataset.link && apart) { window.open(one.dataset.link, "_blank", "noopener"); return; }
    const offered = one.offered;
    dialog.close();
    if (one.dataset.link) window.location.assign(one.dataset.link);
    else if (offered) setTimeout(function () { press(offered); }, 0);
  }
  // A field is reached, a box is opened at its first field, a button is pressed.
  function press(one) {
    const field_ = one.matches("textarea, input") ? one : one.matches("summary") && one.parentElement.querySelector("input:not([type=hidden]), textarea, select");
    if (one.matches("summary")) one.parentElement.open = true;
    if (!field_) { one.click(); return; }
    field_.focus();
    field_.scrollIntoView({ block: "center" });
  }

  function tell(text, again) {
    said.textContent = text;
    if (!again) return;
    const button = document.createElement("button");
    button.type = "button";
    button.id = "palette-again";
    button.className = "q-button";
    button.textContent = gettext("Ask again");
    said.append(" ", button);
  }
})();
