// Asking again and again rests while nobody sees the page: an element with `data-polls` names the interval that it is for.
(function () {
  "use strict";

  document.addEventListener("visibilitychange", function () {
    document.querySelectorAll("[data-polls]").forEach(function (part) {
      window.dash_clientside.set_props(part.dataset.polls, { max_intervals: document.hidden ? 0 : -1 });
    });
  });

  // An element with `data-elapsed` counts on from so many seconds, so that nobody has to ask for them.
  var began = new WeakMap();

  window.setInterval(function () {
    document.querySelectorAll("[data-elapsed]").forEach(function (part) {
      var known = began.get(part);
      if (!known || known.given !== part.dataset.elapsed) {
        known = { given: part.dataset.elapsed, at: Date.now() };
        began.set(part, known);
      }
      part.textContent = window.assayFormats.duration(Number(known.given) + (Date.now() - known.at) / 1000);
    });
  }, 1000);
})();
