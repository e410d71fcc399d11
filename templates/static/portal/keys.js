// The desk by keyboard. Everything a key does is a link or a button on the page; keys only reach it sooner.
(function () {
  "use strict";

  const OFF = "q2c-keys-off";
  const main = document.getElementById("main-content");
  //: the portal's key -> the reader's own for the same
  let own = main && main.dataset.ownKeys ? JSON.parse(main.dataset.ownKeys) : {};
  const places = { q: "/queue/", a: "/approvals/", r: "/controls/", d: "/dashboards/", h: "/admin/" };
  //: key -> words in the list, and what it does; false where this page has nothing for it
  const keys = {
    j: [gettext("Next row"), function () { return move(1); }],
    k: [gettext("Row before"), function () { return move(-1); }],
    o: [gettext("Open the row"), function () { return press(row()); }],
    x: [gettext("Choose the row"), function () { return choose(false); }],
    X: [gettext("Choose all rows up to this one"), function () { return choose(true); }],
    v: [gettext("Preview the row beside the list"), peek],
    u: [gettext("Back up"), function () { const way = document.querySelectorAll(".q-crumbs a"); return press(way[way.length - 1]); }],
    n: [gettext("Next page"), function () { return press(document.querySelector(".q-pager a[rel=next]")); }],
    i: [gettext("Take the case, or those chosen"), function () { return press(document.querySelector("form[action$='/take'] button, #several button[value=take]")); }],
    s: [gettext("Put the case off, or those chosen"), function () { return open("#snooze", "#until") || open("#several-snooze", "#several-until"); }],
    a: [gettext("Hand the case over, or those chosen"), function () { return open("#hand", "#hand-to") || open("#several-hand", "#several-to"); }],
    c: [gettext("Write a comment"), function () { return reach(document.querySelector("#comment")); }],
    p: [gettext("Preview the first fix"), function () { return press(document.querySelector("#fix form button[type=submit], #fix a.q-primary")); }],
    "?": [gettext("This list"), function () { help().showModal(); return true; }],
  };
  let going = false;

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.repeat && !"jk".includes(meaning(event.key))) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    const meant = meaning(event.key);
    if (isOff() && meant !== "?") return;
    if (going) {
      going = false;
      if (places[event.key]) { event.preventDefault(); window.location.assign(places[event.key]); }
      return;
    }
    if (event.key === "g") { going = true; setTimeout(function () { going = false; }, 1500); return; }
    const found = keys[meant];
    if (found && found[1]()) event.preventDefault();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-keys]")) help().showModal();
  });

  function typing(one) {
    return one.isContentEditable || ["TEXTAREA", "SELECT"].includes(one.tagName) || one.tagName === "INPUT" && !["checkbox", "radio", "button", "submit"].includes(one.type);
  }
  // which of the portal's keys a pressed one stands for; one that was given away stands for nothing itself
  function meaning(pressed) {
    return Object.keys(keys).find(function (key) { return (own[key] || key) === pressed; }) || "";
  }
  function isOff() { try { return localStorage.getItem(OFF) === "1"; } catch (error) { return false; } }

  function move(step) {
    const rows = Array.from(document.querySelectorAll("main .q-row-link"));
    if (!rows.length) return false;
    const at = rows.indexOf(row());
    const next = rows[at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1)];
    return reach(next);
  }
  // the row at hand: the one with the focus in it, or the one whose preview has it
  function row() {
    const one = document.activeElement, box = one && one.closest("#peek") ? document.querySelector("tr.q-peeked") : one && one.closest("tr");
    return box ? box.querySelector(".q-row-link") : null;
  }
  function peek() {
    const link = row(), button = link && link.closest("tr").querySelector("[data-peek]");
    if (!button || !button.offsetParent) return false;
    button.dataset.from = "key";
    return press(button);
  }
  function choose(far) {
    const link = row();
    if (!link || !link.closest("tr").querySelector("input.q-choice")) return false;
    link.dispatchEvent(new CustomEvent("q2c:choose", { bubbles: true, detail: { far: far } }));
    return true;
  }
  function reach(one) {
    if (!one) return false;
    one.focus();
    one.scrollIntoView({ block: "nearest" });
    return true;
  }
  function press(one) {
    if (!one || one.disabled) return false;
    one.click();
    return true;
  }
  function open(box, field) {
    const found = document.querySelector(box);
    if (!found) return false;
    found.open = true;
    return reach(document.querySelector(field));
  }

  function help() {
    let dialog = document.getElementById("keys");
    if (dialog) return dialog;
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.className = "q-dialog";
    dialog.setAttribute("aria-labelledby", "keys-title");
    const goals = { q: gettext("Go to the queue"), a: gettext("Go to approvals"), r: gettext("Go to controls"), d: gettext("Go to dashboards"), h: gettext("Go to my work") };
    const fixed = Object.keys(places).map(function (key) { return ["g " + key, goals[key]]; });
    fixed.push(["Ctrl K", gettext("Go to anything, or press what the page offers")]);
    const list = Object.keys(keys).map(function (key) {
      return "<div><dt><kbd></kbd><input hidden name=\"" + key + "\" id=\"key-" + key.codePointAt(0) + "\" maxlength=\"1\" size=\"1\" required autocomplete=\"off\" autocapitalize=\"none\" spellcheck=\"false\"></dt><dd><label for=\"key-" + key.codePointAt(0) + "\">" + keys[key][0] + "</label></dd></div>";
    }).concat(fixed.map(function (row) { return "<div><dt><kbd>" + row[0].split(" ").join("</kbd> <kbd>") + "</kbd></dt><dd>" + row[1] + "</dd></div>"; })).join("");
    dialog.innerHTML = "<h2 id=\"keys-title\">" + gettext("Keys") + "</h2><form id=\"keys-own\"><dl class=\"q-keys\">" + list + "</dl><p id=\"keys-said\" role=\"status\"></p><div class=\"q-row\"><button type=\"button\" class=\"q-button\" id=\"keys-change\">" + gettext("Choose keys of your own") + "</button><button class=\"q-button q-primary\" id=\"keys-save\" hidden>" + gettext("Save") + "</button><button type=\"button\" class=\"q-button\" id=\"keys-back\" hidden>" + gettext("The portal’s again") + "</button></div></form><p class=\"q-check\"><input id=\"keys-off\" type=\"checkbox\"><label for=\"keys-off\">" + gettext("Switch single keys off in this browser") + "</label></p><form method=\"dialog\"><button class=\"q-button q-primary\" id=\"keys-close\">" + gettext("Close") + "</button></form>";
    document.body.append(dialog);
    const box = dialog.querySelector("#keys-off");
    box.checked = isOff();
    box.addEventListener("change", function () { try { localStorage.setItem(OFF, box.checked ? "1" : "0"); } catch (error) { /* a browser that keeps nothing */ } });
    own_keys(dialog);
    return dialog;
  }

  // The list is also where a reader gives keys of their own; who may not sign in any more is told so.
  function own_keys(dialog) {
    const form = dialog.querySelector("#keys-own"), said = dialog.querySelector("#keys-said"), fields = Array.from(form.querySelectorAll("input"));
    const change = dialog.querySelector("#keys-change"), save = dialog.querySelector("#keys-save"), back = dialog.querySelector("#keys-back");
    if (!main || !main.dataset.ownKeysAddress) change.hidden = true;
    function show(editing) {
      fields.forEach(function (field) {
        const shown = field.previousElementSibling;
        shown.textContent = field.value = own[field.name] || field.name;
        shown.hidden = editing;
        field.hidden = !editing;
      });
      change.hidden = editing;
      save.hidden = back.hidden = !editing;
    }
    function tell(text, bad) {
      said.textContent = text;
      said.classList.toggle("q-bad-words", Boolean(bad));
    }
    show(false);
    change.addEventListener("click", function () { tell(""); show(true); fields[0].focus(); fields[0].select(); });
    back.addEventListener("click", function () { fields.forEach(function (field) { field.value = field.name; }); fields[0].focus(); });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      save.disabled = true;
      const data = new FormData(form);
      data.append("csrfmiddlewaretoken", main.dataset.token);
      fetch(main.dataset.ownKeysAddress, { method: "POST", body: data, headers: { "X-Requested-With": "XMLHttpRequest" } })
        .then(function (answer) { if (answer.redirected) throw new Error("signed out"); return answer.json(); })
        .then(function (found) {
          if (found.error) { tell(found.error, true); return; }
          own = found.keys;
          show(false);
          tell(gettext("These are your keys now, in every browser."));
          change.focus();
        })
        .catch(function (error) { tell(error.message === "signed out" ? gettext("You are signed out. Reload the page to sign in again.") : gettext("The portal did not answer. Nothing was changed; try again."), true); })
        .finally(function () { save.disabled = false; });
    });
  }
})();
