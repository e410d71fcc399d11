// The page of a case says that it is open, hears who else has it open and what changed, and loses nothing typed.
(function () {
  "use strict";

  const here = document.getElementById("here");
  if (!here) return;
  const people = here.querySelector("#here-people"), changed = here.querySelector("#here-changed");
  const words = here.querySelector("#here-words"), ago = here.querySelector("#here-ago");
  //: milliseconds between two requests, and at most after failures
  const EVERY = 20000, LONGEST = 300000;
  let timer = 0, wait = EVERY, last = 0, first = true, over = false, writing = false, heard = "";

  // what could not be saved was answered under another address: a reload there would be no page
  if (window.location.pathname !== here.dataset.page) history.replaceState(null, "", here.dataset.page);

  function beat() {
    clearTimeout(timer);
    if (over || document.visibilityState !== "visible") return;
    last = Date.now();
    fetch(here.dataset.address, { method: "POST", body: form({ writing: writing ? "1" : "", first: first ? "1" : "" }) })
      .then(function (answer) {
        over = answer.redirected || answer.status === 403 || answer.status === 404;
        if (over) { say(gettext("You are signed out. Sign in in another window before you save; what you typed stays here."), ""); return null; }
        if (!answer.ok) throw new Error("no answer");
        return answer.json();
      })
      .then(function (found) { if (found) { wait = EVERY; first = false; heard = found.heard; show(found); } })
      // a portal that is busy is not asked more often
      .catch(function () { wait = Math.min(wait * 2, LONGEST); })
      .then(function () { if (!over) timer = setTimeout(beat, wait + Math.random() * 2000); });
  }
  function form(values) {
    const data = new FormData();
    data.append("csrfmiddlewaretoken", here.dataset.token);
    data.append("version", here.dataset.version);
    Object.keys(values).forEach(function (name) { data.append(name, values[name]); });
    return data;
  }

  // said once: a screen reader hears a text again only where it became another one
  function show(found) {
    if (people.textContent !== found.people) people.textContent = found.people;
    if (found.changed) say(interpolate(gettext("%s after you opened this page."), [found.changed]), found.ago);
  }
  function say(text, when) {
    changed.hidden = false;
    if (words.textContent !== text) words.textContent = text;
    ago.textContent = when ? "(" + when + ")" : "";
  }

  document.addEventListener("visibilitychange", function () {
    if (document.visibilityState !== "visible") { clearTimeout(timer); return; }
    if (Date.now() - last >= EVERY) beat(); else { clearTimeout(timer); timer = setTimeout(beat, EVERY - (Date.now() - last)); }
  });
  window.addEventListener("pagehide", function () {
    if (!over && navigator.sendBeacon) navigator.sendBeacon(here.dataset.address, form({ left: "1", heard: heard }));
  });
  window.addEventListener("pageshow", function (event) { if (event.persisted) beat(); });
  beat();

  // Drafts: kept in this window until they are saved, also over a reload or a sign-in.
  const saved = { comment: "#history", "put-off-because": "#put-off" };
  function key(field) { return "q2c-draft:" + here.dataset.page + ":" + field.id; }
  function keep(field, text) { try { if (text) sessionStorage.setItem(key(field), text); else sessionStorage.removeItem(key(field)); } catch (error) { /* a browser that keeps nothing */ } }
  document.querySelectorAll("textarea[data-draft]").forEach(function (field) {
    let draft = null, sent = "";
    try { draft = sessionStorage.getItem(key(field)); sent = sessionStorage.getItem(key(field) + ":sent"); sessionStorage.removeItem(key(field) + ":sent"); } catch (error) { /* the same */ }
    if (sent && window.location.hash === saved[field.id]) keep(field, "");
    else if (draft && !field.value) {
      field.value = draft;
      const box = field.closest("details");
      if (box) box.open = true;
    }
    field.addEventListener("input", function () { writing = Boolean(field.value); keep(field, field.value); });
    field.form.addEventListener("submit", function () { try { sessionStorage.setItem(key(field) + ":sent", "1"); } catch (error) { /* the same */ } });
  });
})();
