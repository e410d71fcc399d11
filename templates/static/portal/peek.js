// The six sentences of a case beside the queue, without leaving it. Without this the row opens the case.
(function () {
  "use strict";

  const pane = document.getElementById("peek");
  if (!pane) return;
  const body = pane.querySelector("#peek-body"), whole = pane.parentElement;
  let opener = null;

  document.addEventListener("click", function (event) {
    const button = event.target.closest && event.target.closest("[data-peek]");
    if (button) open(button);
    if (event.target.closest && event.target.closest("#peek-close")) close();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape" || pane.hidden || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    close();
  });
  body.addEventListener("htmx:afterSwap", function () {
    const title = body.querySelector("#peek-title");
    // somebody whose session ended gets the login in the answer, and nothing of it is shown
    if (title) title.focus({ preventScroll: true });
    else fail(gettext("You are signed out. Reload the page to sign in again."));
    pane.removeAttribute("aria-busy");
  });
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach(function (name) {
    body.addEventListener(name, function (event) {
      const status = event.detail.xhr ? event.detail.xhr.status : 0;
      fail(status === 404 ? gettext("This case is not there any more. Reload the queue.") : gettext("The case could not be shown just now. Try again, or open it."));
    });
  });

  function open(button) {
    if (opener) opener.setAttribute("aria-expanded", "false");
    opener = button;
    opener.setAttribute("aria-expanded", "true");
    mark(button);
    pane.hidden = false;
    pane.setAttribute("aria-busy", "true");
    whole.classList.add("q-with-peek");
    htmx.ajax("GET", button.dataset.peek, { source: body, target: body, select: "#peek-words", swap: "innerHTML" })
      // said by the listeners above
      .catch(function () {});
  }
  function close() {
    pane.hidden = true;
    whole.classList.remove("q-with-peek");
    body.replaceChildren();
    mark(null);
    if (!opener) return;
    opener.setAttribute("aria-expanded", "false");
    const row = opener.closest("tr").querySelector(".q-row-link");
    const back = opener.dataset.from === "key" ? row : opener;
    delete opener.dataset.from;
    opener = null;
    back.focus();
  }
  function fail(text) {
    const said = document.createElement("p");
    said.className = "q-note q-bad";
    said.setAttribute("role", "alert");
    said.textContent = text;
    body.replaceChildren(said);
    pane.removeAttribute("aria-busy");
    pane.querySelector("#peek-close").focus();
  }
  function mark(button) {
    document.querySelectorAll("tr.q-peeked").forEach(function (one) { one.classList.remove("q-peeked"); });
    if (button) button.closest("tr").classList.add("q-peeked");
  }
})();
