// Times that stand for themselves, in words of how long ago, for who chose it; those inside a sentence stay a moment.
(function () {
  "use strict";

  const main = document.getElementById("main-content");
  if (!main || main.dataset.times !== "ago" || !window.Intl || !Intl.RelativeTimeFormat) return;
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto", style: "short" });
  //: seconds in it, from when on it is used, and its name
  const spans = [[31557600, "year"], [2629800, "month"], [86400, "day"], [3600, "hour"], [60, "minute"]];
  const MINUTE = 60000;

  // between nothing, dots and ends it stands for itself; between words it is part of a sentence
  function alone(one) {
    const before = one.previousSibling ? one.previousSibling.textContent.trim() : "", after = one.nextSibling ? one.nextSibling.textContent.trim() : "";
    return (!before || before.endsWith("·")) && (!after || after.startsWith("·"));
  }
  function ago(moment) {
    const seconds = Math.round((moment - Date.now()) / 1000), far = Math.abs(seconds);
    const span = spans.find(function (one) { return far >= one[0]; });
    return span ? words.format(Math.trunc(seconds / span[0]), span[1]) : words.format(0, "minute");
  }
  function tell() {
    main.querySelectorAll("time[datetime*=T]").forEach(function (one) {
      if (!one.dataset.moment) {
        if (!alone(one)) return;
        one.dataset.moment = one.textContent.trim();
        one.title = one.dataset.moment + " · " + one.title;
      }
      const text = ago(Date.parse(one.getAttribute("datetime")));
      if (one.textContent !== text) one.textContent = text;
    });
  }

  tell();
  setInterval(tell, MINUTE);
  document.addEventListener("htmx:afterSettle", tell);
})();
