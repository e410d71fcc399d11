// The desk by keyboard. Everything a key does is a link or a button on the page; keys only reach it sooner.
(function () {
  "use strict";

  const OFF = "q2c-keys-off";
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
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.repeat && !"jk".includes(event.key)) return;
    if (document.querySelector("dialog[open]") || typing(event.target)) return;
    if (isOff() && event.key !== "?") return;
    if (going) {
      going = false;
      if (places[event.key]) { event.preventDefault(); window.location.assign(places[event.key]); }
      return;
    }
    if (event.key === "g") { going = true; setTimeout(function () { going = false; }, 1500); return; }
    const found = keys[event.key];
    if (found && found[1]()) event.preventDefault();
  });
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-keys]")) help().showModal();
  });

  function typing(one) {
    return one.isContentEditable || ["TEXTAREA", "SELECT"].includes(one.tagName) || one.tagName === "INPUT" && !["checkbox", "radio", "button", "submit"].includes(one.type);
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
    const rows = Object.keys(keys).map(function (key) { return [key, keys[key][0]]; });
    const goals = { q: gettext("Go to the queue"), a: gettext("Go to approvals"), r: gettext("Go to controls"), d: gettext("Go to dashboards"), h: gettext("Go to my work") };
    Object.keys(places).forEach(function (key) { rows.push(["g " + key, goals[key]]); });
    rows.push(["Ctrl K", gettext("Go to anything, or press what the page offers")]);
    const list = rows.map(function (row) { return "<div><dt><kbd>" + row[0].split(" ").join("</kbd> <kbd>") + "</kbd></dt><dd>" + row[1] + "</dd></div>"; }).join("");
    dialog.innerHTML = "<h2 id=\"keys-title\">" + gettext("Keys") + "</h2><dl class=\"q-keys\">" + list + "</dl><p class=\"q-check\"><input id=\"keys-off\" type=\"checkbox\"><label for=\"keys-off\">" + gettext("Switch single keys off in this browser") + "</label></p><form method=\"dialog\"><button class=\"q-button q-primary\">" + gettext("Close") + "</button></form>";
    document.body.append(dialog);
    const box = dialog.querySelector("#keys-off");
    box.checked = isOff();
    box.addEventListener("change", function () { try { localStorage.setItem(OFF, box.checked ? "1" : "0"); } catch (error) { /* a browser that keeps nothing */ } });
    return dialog;
  }
})();
