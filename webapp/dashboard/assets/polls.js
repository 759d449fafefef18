// Asking again and again whether anything has changed.
(function () {
  "use strict";

  // ---- It rests while nobody sees the page: an element with `data-polls` names the interval that it is for. -----------

  document.addEventListener("visibilitychange", function () {
    document.querySelectorAll("[data-polls]").forEach(function (part) {
      window.dash_clientside.set_props(part.dataset.polls, { max_intervals: document.hidden ? 0 : -1 });
    });
  });

  // ---- An address tells whether what is shown still holds, and if not, what to show. ----------------------------------

  var asking = {};

  function isStillShown(address) {
    return Array.prototype.some.call(document.querySelectorAll("[data-watches]"), function (part) {
      return part.dataset.watches === address;
    });
  }

  function ask(address, mark) {
    var headers = { Accept: "application/json", "If-None-Match": '"' + mark + '"' };
    return window.fetch(address, { headers: headers }).then(function (answer) {
      if (answer.status === 403 || answer.status === 404) {
        window.location.reload(); // it is no longer there, or no longer for this person: the page says so
      }
      if (!answer.ok) {
        return undefined; // 304, or what `session.js` says
      }
      return answer.json().then(function (changes) {
        if (isStillShown(address)) {
          Object.keys(changes).forEach(function (id) {
            window.dash_clientside.set_props(id, changes[id]);
          });
        }
      });
    });
  }

  // Dash does not wait for the answer: of two that overlap, it would throw away the first.
  function watch(_ticks, mark, address) {
    if (!asking[address]) {
      asking[address] = ask(address, mark)
        .catch(function () {}) // `session.js` says that the connection is lost
        .then(function () {
          delete asking[address];
        });
    }
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    assay: Object.assign({}, (window.dash_clientside || {}).assay, { watch: watch }),
  });

  // ---- An element with `data-elapsed` counts on from so many seconds, so that nobody has to ask for them. -------------

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
