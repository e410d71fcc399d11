// Approving a part: how many of the listed cases the yes would cover.
(function () {
  "use strict";

  const told = document.getElementById("parts");
  if (!told) return;
  const boxes = Array.from(document.querySelectorAll("input[name=leave_out]"));
  const first = told.textContent;

  function tell() {
    const left = boxes.filter(function (box) { return box.checked; }).length, count = Number(told.dataset.count);
    told.textContent = left ? interpolate(gettext("%s of %s cases would be approved; those left out stay open. Say why."), [count - left, count]) : first;
    boxes.forEach(function (box) { box.closest("tr").classList.toggle("q-chosen", box.checked); });
  }
  boxes.forEach(function (box) { box.addEventListener("change", tell); });
  window.addEventListener("pageshow", tell);
  tell();
})();
