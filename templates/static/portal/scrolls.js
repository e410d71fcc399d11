// Parts of a page that scroll for themselves are each called what they are, for who cannot see it.
(function () {
  "use strict";

  const words = document.currentScript.dataset;
  function name() {
    document.querySelectorAll(".simplebar-content-wrapper[role=region]").forEach(function (one) {
      one.setAttribute("aria-label", one.closest("#nav-sidebar-apps, nav") ? words.menu : one.querySelector("table") ? words.table : words.list);
    });
  }
  // the parts are made while the page loads
  window.addEventListener("load", function () { setTimeout(name, 0); });
})();
