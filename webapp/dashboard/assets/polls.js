// Asking again and again rests while nobody sees the page: an element with `data-polls` names the interval that it is for.
(function () {
  "use strict";

  document.addEventListener("visibilitychange", function () {
    document.querySelectorAll("[data-polls]").forEach(function (part) {
      window.dash_clientside.set_props(part.dataset.polls, { max_intervals: document.hidden ? 0 : -1 });
    });
  });
})();
