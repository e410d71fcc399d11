// Offers the zone of the browser with one press; without it, the name is typed or chosen from the list.
(function () {
  "use strict";
  const field = document.querySelector("input[name=zone]"), button = document.querySelector("#zone-here");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!field || !button || !here || here === field.value) return;
  button.textContent = interpolate(gettext("Use %s, as this browser does"), [here]);
  button.hidden = false;
  button.addEventListener("click", function () { field.value = here; });
})();
