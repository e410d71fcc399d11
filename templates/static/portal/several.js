// Choosing several cases of the queue: how many are chosen, all of the page, and a range.
(function () {
  "use strict";

  const form = document.getElementById("several");
  if (!form) return;
  const all = form.querySelector("#several-all"), count = form.querySelector("#several-count");
  const boxes = Array.from(document.querySelectorAll("input.q-choice"));
  let last = null;

  // what could not be done was answered under another address: a reload there would be no page
  if (form.querySelector("#several-error")) history.replaceState(null, "", form.dataset.page);

  document.addEventListener("click", function (event) {
    const box = event.target;
    if (!box.matches || !box.matches("input.q-choice")) return;
    if (event.shiftKey && last && last !== box) range(last, box, box.checked);
    last = box;
    tell();
  });
  all.addEventListener("change", function () {
    boxes.forEach(function (box) { box.checked = all.checked; });
    tell();
  });
  // keys of the desk: x chooses the row at hand, X everything from the row chosen before
  document.addEventListener("q2c:choose", function (event) {
    const box = event.target.closest("tr").querySelector("input.q-choice");
    if (!box) return;
    if (event.detail.far && last) range(last, box, true);
    else box.checked = !box.checked;
    last = box;
    tell();
  });
  window.addEventListener("pageshow", tell);

  function range(one, other, on) {
    const places = [boxes.indexOf(one), boxes.indexOf(other)].sort(function (a, b) { return a - b; });
    boxes.slice(places[0], places[1] + 1).forEach(function (box) { box.checked = on; });
  }
  function tell() {
    const chosen = boxes.filter(function (box) { return box.checked; });
    all.checked = chosen.length === boxes.length;
    all.indeterminate = chosen.length > 0 && !all.checked;
    const text = chosen.length ? interpolate(gettext("%s of %s chosen"), [chosen.length, boxes.length]) : gettext("Choose cases to take, put off, hand over or tag together.");
    if (count.textContent !== text) count.textContent = text;
    form.querySelectorAll("button[data-several]").forEach(function (one) { one.disabled = !chosen.length; });
    boxes.forEach(function (box) { box.closest("tr").classList.toggle("q-chosen", box.checked); });
  }
  tell();
})();
