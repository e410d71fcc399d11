// Small comforts of the portal's pages; everything works without them.
(function () {
  "use strict";

  // the admin's own pages load this too, and no catalogue of texts
  function words(text) { return window.gettext ? window.gettext(text) : text; }

  // A button that was pressed says so and cannot be pressed twice.
  document.addEventListener("submit", function (event) {
    const form = event.target;
    if (!form.matches("form[data-once]") || event.defaultPrevented) return;
    const button = event.submitter;
    // after the browser has read the form, so that the button's own value and address still count
    setTimeout(function () {
      form.querySelectorAll("button[type=submit]").forEach(function (one) { if (!one.disabled) one.dataset.held = ""; one.disabled = true; });
      if (button) { button.dataset.label = button.textContent; button.textContent = words("Working…"); }
    }, 0);
  });
  window.addEventListener("pageshow", function (event) { if (event.persisted) free(document); });
  document.addEventListener("htmx:afterRequest", function (event) { free(event.target); });

  function free(root) {
    // what was disabled for another reason stays so
    root.querySelectorAll("form[data-once] button[data-held]").forEach(function (one) {
      one.disabled = false;
      delete one.dataset.held;
      if (one.dataset.label) { one.textContent = one.dataset.label; delete one.dataset.label; }
    });
    if (root.matches && root.matches("form[data-once]")) root.querySelectorAll("button[data-label]").forEach(function (one) { one.textContent = one.dataset.label; });
  }

  // A wide table shows the whole of what has the focus: browsers leave it half outside.
  document.addEventListener("focusin", function (event) {
    const table = event.target.closest(".b-scroll");
    if (table && table !== event.target) event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  // What was asked for gets the focus, so that keyboards and screen readers follow.
  document.addEventListener("htmx:afterSettle", function (event) {
    const found = (event.target.closest && event.target.closest("#fix") || document).querySelector("[role=alert], [data-focus]");
    if (found && event.detail.elt && event.detail.elt.id === "fix") { found.setAttribute("tabindex", "-1"); found.focus({ preventScroll: false }); }
  });

  // The page is hidden until it is set up, and browsers pass over a hidden field that asks for the focus.
  document.addEventListener("alpine:initialized", function () {
    setTimeout(function () {
      const field = document.querySelector("main [autofocus]");
      if (field && document.activeElement === document.body) field.focus();
    }, 0);
  });

  // What is chosen comes to so much, currency by currency: in whole smallest units, never in fractions of a number.
  document.addEventListener("change", function (event) {
    const form = event.target.form;
    if (form && form.matches("form[data-sum]")) tell(form);
  });
  document.querySelectorAll("form[data-sum]").forEach(tell);

  function tell(form) {
    const said = form.querySelector("[data-sum-text]");
    const chosen = Array.from(form.querySelectorAll("input[data-gap]:checked"));
    if (!said) return;
    if (!chosen.length) { said.textContent = words("Choose documents that come to the same on both sides."); return; }
    const sums = {};
    chosen.forEach(function (one) {
      const parts = one.dataset.gap.split("."), digits = (parts[1] || "").length;
      const sum = sums[one.dataset.currency] = sums[one.dataset.currency] || { digits: digits, units: 0n };
      sum.units += BigInt(parts.join(""));
    });
    const sides = Object.keys(sums).sort().map(function (code) {
      const sum = sums[code], text = String(sum.units < 0n ? -sum.units : sum.units).padStart(sum.digits + 1, "0");
      const cut = text.length - sum.digits;
      return code + " " + (sum.units < 0n ? "−" : "") + text.slice(0, cut) + (sum.digits ? "." + text.slice(cut) : "");
    });
    const even = Object.values(sums).every(function (sum) { return sum.units === 0n; });
    const text = even && sides.length === 1 ? ngettext("%(count)s document chosen: both sides come to the same.", "%(count)s documents chosen: both sides come to the same.", chosen.length)
      : ngettext("%(count)s document chosen: %(sums)s left over.", "%(count)s documents chosen: %(sums)s left over.", chosen.length);
    said.textContent = interpolate(text, { count: chosen.length, sums: sides.join(", ") }, true);
  }

  // Copy buttons.
  document.addEventListener("click", function (event) {
    const button = event.target.closest && event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const from = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
    const text = from ? from.textContent : button.dataset.copy;
    const label = button.textContent;
    const say = function (word) { button.textContent = word; setTimeout(function () { button.textContent = label; }, 1500); };
    if (navigator.clipboard && window.isSecureContext) navigator.clipboard.writeText(text).then(function () { say(words("Copied")); }, function () { say(words("Could not copy")); });
    else say(words("Could not copy"));
  });
})();
