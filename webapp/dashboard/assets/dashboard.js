// The Dashboard: its chart asks the server again for what is zoomed into, its side is a drawer on narrow screens, and
// the address says what is looked at.
(function () {
  "use strict";

  var PIXELS_A_CANDLE = 2.2;
  var waiting = null;

  function points(gd) {
    return Math.max(60, Math.round((gd.clientWidth - 60) / PIXELS_A_CANDLE));
  }

  function ask(gd, first, last) {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(function () {
      if (!gd.isConnected || !gd.layout) {
        return; // the page was left meanwhile
      }
      window.dash_clientside.set_props("dashboard-view", {
        data: { key: gd.layout.meta.key, first: first, last: last, points: points(gd) },
      });
    }, 150);
  }

  document.addEventListener("assay:window", function (event) {
    var gd = event.detail.chart;
    var change = event.detail.change;
    if (change["xaxis.range[0]"] !== undefined) {
      ask(gd, Math.floor(change["xaxis.range[0]"]), Math.ceil(change["xaxis.range[1]"]));
    } else if (change["xaxis.autorange"]) {
      ask(gd, 0, gd.layout.meta.newest);
    }
  });

  // A chart that was drawn for a desk is too dense for a phone: asked again once, when it stands.
  document.addEventListener("assay:drawn", function (event) {
    var gd = event.detail.chart;
    var range = gd._fullLayout.xaxis.range;
    var nCandles = (range[1] - range[0]) / gd.layout.meta.per;
    if (gd.layout.meta.key && nCandles > 1.4 * points(gd)) {
      ask(gd, Math.ceil(range[0]), Math.floor(range[1]));
    }
  });

  // ---- Drawer ---------------------------------------------------------------------------------------------------------

  var opener = null;

  function drawer(id, open) {
    var side = document.getElementById(id);
    if (!side) {
      return;
    }
    side.classList.toggle("is-open", open);
    document.documentElement.classList.toggle("has-side", open);
    if (open) {
      side.querySelector("[data-drawer-close]").focus();
    } else if (opener) {
      opener.focus();
    }
    document.querySelectorAll('[data-drawer-open="' + id + '"]').forEach(function (button) {
      button.setAttribute("aria-expanded", open ? "true" : "false");
    });
  }

  document.addEventListener("click", function (event) {
    var open = event.target.closest("[data-drawer-open]");
    var close = event.target.closest("[data-drawer-close]");
    var pin = event.target.closest("[data-pin]");
    if (open) {
      opener = open;
      drawer(open.dataset.drawerOpen, true);
    } else if (close) {
      drawer(close.dataset.drawerClose, false);
    } else if (pin) {
      window.dash_clientside.set_props("dashboard-pin", { value: pin.dataset.pin });
    } else if (document.querySelector(".side.is-open") && !event.target.closest(".side")) {
      drawer(document.querySelector(".side.is-open").id, false);
    }
  });

  document.addEventListener("keydown", function (event) {
    var side = document.querySelector(".side.is-open");
    if (event.key === "Escape" && side) {
      drawer(side.id, false);
    }
  });

  // ---- Address --------------------------------------------------------------------------------------------------------

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.assayDashboard = {
    address: function (instrument, range) {
      if (instrument && document.getElementById("dashboard-chart")) {
        var query = new URLSearchParams(window.location.search);
        query.set("instrument", instrument);
        query.set("range", range);
        window.history.replaceState(window.history.state, "", "?" + query);
      }
      return window.dash_clientside.no_update;
    },
  };
})();
