// Names of colleagues while somebody writes @ in a comment. Without it a name is simply typed.
(function () {
  "use strict";

  const field = document.querySelector("textarea[data-people]");
  if (!field) return;
  const REST = 150;
  //: the sign, after a space or at the beginning, and what stands between it and the cursor
  const NAMED = /(?:^|[\s(,;:])@([\w.+-]*)$/;
  let timer = 0, asked = null, start = -1;

  const list = document.createElement("div"), said = document.createElement("p"), box = document.createElement("div");
  list.id = "people-list";
  list.className = "q-people";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", gettext("Colleagues"));
  list.hidden = true;
  said.className = "q-hidden";
  said.setAttribute("role", "status");
  box.className = "q-people-box";
  field.replaceWith(box);
  box.append(field, list, said);
  field.setAttribute("aria-controls", list.id);

  field.addEventListener("input", look);
  field.addEventListener("click", look);
  field.addEventListener("blur", function () { setTimeout(close, 150); });
  field.addEventListener("keydown", function (event) {
    if (list.hidden || event.isComposing) return;
    const all = options();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      mark(all[(all.indexOf(active()) + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]);
    } else if ((event.key === "Enter" || event.key === "Tab") && active()) {
      event.preventDefault();
      choose(active());
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  list.addEventListener("mousedown", function (event) {
    const one = event.target.closest("[role=option]");
    event.preventDefault();
    if (one) choose(one);
  });

  function look() {
    clearTimeout(timer);
    const found = NAMED.exec(field.value.slice(0, field.selectionStart));
    if (!found) { close(); return; }
    start = field.selectionStart - found[1].length;
    timer = setTimeout(function () { ask(found[1]); }, REST);
  }
  function ask(text) {
    if (asked) asked.abort();
    const mine = asked = new AbortController();
    fetch(field.dataset.people + "?q=" + encodeURIComponent(text), { signal: mine.signal })
      .then(function (answer) { return answer.ok && !answer.redirected ? answer.json() : { people: [] }; })
      .then(function (found) { if (mine === asked) show(found.people, text); })
      // a name can be typed without help
      .catch(function () { if (mine === asked) close(); });
  }
  function show(people, text) {
    list.replaceChildren();
    people.forEach(function (person, place) {
      const one = document.createElement("div"), role = document.createElement("span");
      one.id = "people-" + place;
      one.setAttribute("role", "option");
      one.dataset.written = person.written;
      one.textContent = person.name + " ";
      role.className = "q-sub";
      role.textContent = ["@" + person.written, person.role].filter(Boolean).join(" · ");
      one.append(role);
      list.append(one);
    });
    list.hidden = !people.length;
    if (!people.length) { mark(null); say(text ? interpolate(gettext("No colleague’s name begins with %s."), [text]) : ""); return; }
    mark(list.firstElementChild);
    say(interpolate(ngettext("%s colleague.", "%s colleagues.", people.length), [people.length]) + " " + gettext("Arrow keys move, Enter chooses, Escape closes."));
  }
  function close() {
    clearTimeout(timer);
    if (asked) asked.abort();
    asked = null;
    list.hidden = true;
    list.replaceChildren();
    mark(null);
    say("");
  }
  function choose(one) {
    const after = field.value.slice(field.selectionStart);
    field.setRangeText(one.dataset.written + (/^\s/.test(after) ? "" : " "), start, field.selectionStart, "end");
    close();
    field.focus();
    // what was put in counts as typed: drafts are kept by it
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function options() { return Array.from(list.children); }
  function active() { return list.querySelector("[aria-selected=true]"); }
  function mark(one) {
    options().forEach(function (other) { other.setAttribute("aria-selected", String(other === one)); });
    if (!one) { field.removeAttribute("aria-activedescendant"); return; }
    field.setAttribute("aria-activedescendant", one.id);
    one.scrollIntoView({ block: "nearest" });
  }
  function say(text) { if (said.textContent !== text) said.textContent = text; }
})();
