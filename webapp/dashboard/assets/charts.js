// Charts over bar positions: a readout of dates and values in place of a box over the curve, range buttons, ticks that
// follow the zoom, and a change of theme without a new question to the server.
//
// A figure says what it needs in `layout.meta`: `days` (days since 1970 of each drawn point), `x` (their bar positions;
// without it 0, 1, 2, ...), `theme`. A trace with `meta.digits` is read out; `meta.percent` says that it is a fraction.
(function () {
  "use strict";

  var DAY = 86400000;
  var MOST_TOLD = 10; // curves that are read out one by one
  var MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  var TOKENS = [
    "surface", "border", "text", "muted", "accent", "accent-tint", "benchmark", "benchmark-tint",
    "gain", "gain-tint", "loss", "loss-tint", "warning", "warning-tint",
  ];
  var prepared = new WeakMap();

  function written(value, meta) {
    var write = meta.percent ? window.assayFormats.percent : window.assayFormats.number;
    return write(value, meta.digits);
  }

  function decoded(packed) {
    var bytes = Uint8Array.from(window.atob(packed), function (c) {
      return c.charCodeAt(0);
    });
    return new Int32Array(bytes.buffer);
  }

  function bars(gd) {
    var meta = (gd.layout && gd.layout.meta) || {}; // a chart whose page was left has no layout any more
    if (!meta.days) {
      return null;
    }
    var known = prepared.get(gd);
    if (!known || known.packed !== meta.days) {
      known = { packed: meta.days, days: decoded(meta.days), x: meta.x ? decoded(meta.x) : null };
      prepared.set(gd, known);
    }
    return known;
  }

  function nearest(axis, x) {
    if (!axis.x) {
      return Math.max(0, Math.min(axis.days.length - 1, Math.round(x)));
    }
    var low = 0;
    var high = axis.x.length - 1;
    while (high - low > 1) {
      var middle = (low + high) >> 1;
      if (axis.x[middle] <= x) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return x - axis.x[low] < axis.x[high] - x ? low : high;
  }

  function position(axis, index) {
    return axis.x ? axis.x[index] : index;
  }

  function iso(day) {
    return new Date(day * DAY).toISOString().slice(0, 10);
  }

  // ---- Readout --------------------------------------------------------------------------------------------------------

  function last(trace, index) {
    // A line may have several values for one place of the axis; the last of them is the one that closes it.
    var per = trace.meta.per || 1;
    return index * per + per - 1;
  }

  // Of many curves nobody reads each value: the first one's is told, and which of the others is highest and lowest there.
  function told(gd, at) {
    var traces = (gd._fullData || []).filter(function (trace) {
      return trace.meta && trace.meta.digits !== undefined;
    });
    if (traces.length <= MOST_TOLD) {
      return traces.map(function (trace) { return { trace: trace, word: "" }; });
    }
    var others = traces.slice(1).filter(function (trace) {
      return Number.isFinite(trace.y[last(trace, at)]);
    }).sort(function (one, other) {
      return other.y[last(other, at)] - one.y[last(one, at)];
    });
    var ends = others.length > 1
      ? [{ trace: others[0], word: "highest: " }, { trace: others[others.length - 1], word: "lowest: " }]
      : others.map(function (trace) { return { trace: trace, word: "" }; });
    return [{ trace: traces[0], word: "" }].concat(ends);
  }

  function readout(gd, index) {
    var chart = gd.closest(".chart");
    var line = chart && chart.querySelector(".chart-readout");
    var axis = bars(gd);
    if (!line || !axis) {
      return;
    }
    var at = index === null ? axis.days.length - 1 : index;
    var parts = document.createDocumentFragment();
    var day = document.createElement("span");
    day.className = "at";
    day.textContent = (gd.layout.meta.per > 1 ? gd.layout.meta.per + " bars to " : "") + iso(axis.days[at]);
    parts.appendChild(day);
    told(gd, at).forEach(function (each) {
      var trace = each.trace;
      var item = document.createElement("span");
      var swatch = document.createElement("span");
      var value = document.createElement("span");
      item.className = "item";
      swatch.className = "swatch" + (trace.line && trace.line.dash && trace.line.dash !== "solid" ? " swatch-dashed" : "");
      swatch.style.color = swatch.style.backgroundColor = (trace.line || trace.marker || { color: "" }).color;
      value.className = "value number";
      if (trace.type === "candlestick") {
        swatch.hidden = true;
        value.textContent = ["open", "high", "low", "close"].map(function (name) {
          return name.charAt(0).toUpperCase() + "\u00a0" + written(trace[name][at], trace.meta);
        }).join("  ");
      } else {
        value.textContent = written(trace.y[last(trace, at)], trace.meta);
      }
      item.appendChild(swatch);
      item.appendChild(document.createTextNode(each.word + trace.name));
      item.appendChild(value);
      parts.appendChild(item);
    });
    line.replaceChildren(parts);
  }

  // ---- Ticks and ranges -----------------------------------------------------------------------------------------------

  var STEPS = [
    { key: function (d) { return iso(d); }, text: dayText },
    { key: function (d) { return Math.floor((d + 3) / 7); }, text: dayText },
    { key: function (d) { return iso(d).slice(0, 7); }, text: monthText },
    { key: function (d) { var date = new Date(d * DAY); return date.getUTCFullYear() * 4 + Math.floor(date.getUTCMonth() / 3); }, text: monthText },
    { key: function (d) { return iso(d).slice(0, 4); }, text: yearText },
    { key: function (d) { return Math.floor(+iso(d).slice(0, 4) / 2); }, text: yearText },
    { key: function (d) { return Math.floor(+iso(d).slice(0, 4) / 5); }, text: yearText },
  ];

  function dayText(d) {
    var date = new Date(d * DAY);
    return date.getUTCDate() + " " + MONTHS[date.getUTCMonth()];
  }

  function monthText(d) {
    var date = new Date(d * DAY);
    return MONTHS[date.getUTCMonth()] + " " + date.getUTCFullYear();
  }

  function yearText(d) {
    return iso(d).slice(0, 4);
  }

  function ticks(axis, from, to, most) {
    var first = nearest(axis, from);
    var last = nearest(axis, to);
    var chosen = { vals: [], text: [] };
    for (var s = 0; s < STEPS.length; s++) {
      chosen = { vals: [], text: [] };
      var before = first > 0 ? STEPS[s].key(axis.days[first - 1]) : STEPS[s].key(axis.days[first]);
      for (var i = first; i <= last; i++) {
        var key = STEPS[s].key(axis.days[i]);
        if (key !== before) {
          chosen.vals.push(position(axis, i));
          chosen.text.push(STEPS[s].text(axis.days[i]));
        }
        before = key;
      }
      if (chosen.vals.length <= most) {
        break;
      }
    }
    return chosen;
  }

  function fitted(gd, from, to) {
    // A range for each vertical axis that holds what is in view; an axis that starts at nought keeps doing so.
    var axis = bars(gd);
    var bounds = {};
    gd._fullData.forEach(function (trace) {
      if (trace.visible !== true || !trace.y || trace.meta === undefined || trace.meta.fit === false) {
        return;
      }
      var name = "yaxis" + (trace.yaxis || "y").slice(1);
      var bound = bounds[name] || [Infinity, -Infinity];
      for (var i = nearest(axis, from); i <= nearest(axis, to) && i < trace.y.length; i++) {
        var value = trace.y[i];
        if (value !== null && isFinite(value)) {
          bound = [Math.min(bound[0], value), Math.max(bound[1], value)];
        }
      }
      bounds[name] = bound;
    });
    var changes = {};
    Object.keys(bounds).forEach(function (name) {
      var low = bounds[name][0];
      var high = bounds[name][1];
      if (high >= low) {
        var room = (high - low || Math.abs(high) || 1) * 0.06;
        var isLog = gd._fullLayout[name].type === "log";
        var top = high === 0 ? 0 : high + room;
        var bottom = low === 0 ? 0 : low - room;
        changes[name + ".range"] = isLog
          ? [Math.log10(low * 0.97), Math.log10(high * 1.03)]
          : [bottom, top];
      }
    });
    return changes;
  }

  function view(gd, from, to, fit) {
    var axis = bars(gd);
    var most = Math.max(2, Math.floor(gd.clientWidth / (gd.clientWidth < 480 ? 70 : 90)));
    var chosen = ticks(axis, from, to, most);
    var changes = fit ? fitted(gd, from, to) : {};
    Object.keys(gd._fullLayout).forEach(function (name) {
      if (/^xaxis\d*$/.test(name)) {
        changes[name + ".tickvals"] = chosen.vals;
        changes[name + ".ticktext"] = chosen.text;
      }
    });
    if (fit) {
      changes["xaxis.range"] = [from - 0.5, to + 0.5];
    }
    gd.assayQuiet = true;
    return window.Plotly.relayout(gd, changes).then(function () {
      gd.assayQuiet = false;
    });
  }

  function start(axis, range) {
    // First bar of a range such as 6 months, counted back from the last day.
    var last = new Date(axis.days[axis.days.length - 1] * DAY);
    if (range === "all") {
      return 0;
    }
    if (range === "ytd") {
      last = new Date(Date.UTC(last.getUTCFullYear(), 0, 1));
    } else {
      last.setUTCMonth(last.getUTCMonth() - Number(range));
    }
    var day = last.getTime() / DAY;
    var index = axis.days.findIndex(function (d) {
      return d >= day;
    });
    return position(axis, Math.max(0, index));
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest(".chart-ranges button[data-range]");
    if (!button) {
      return;
    }
    var gd = button.closest(".chart").querySelector(".js-plotly-plot");
    if (!gd || !bars(gd)) {
      return;
    }
    button.parentNode.querySelectorAll("button").forEach(function (other) {
      other.setAttribute("aria-pressed", other === button ? "true" : "false");
    });
    var axis = bars(gd);
    view(gd, start(axis, button.dataset.range), position(axis, axis.days.length - 1), true);
  });

  function unpress(gd) {
    gd.closest(".chart").querySelectorAll(".chart-ranges button").forEach(function (button) {
      button.setAttribute("aria-pressed", "false");
    });
  }

  // ---- Taking charts in hand ------------------------------------------------------------------------------------------

  function retick(gd) {
    // The server's ticks suit a desk; a phone has room for fewer. Once for each picture: every change draws anew.
    if (!bars(gd)) {
      return;
    }
    var range = gd._fullLayout.xaxis.range;
    var shown = gd.layout.meta.days + range;
    if (gd.layout.meta.key && gd.clientWidth < 480 && gd.assayTicked !== shown) {
      gd.assayTicked = shown;
      view(gd, range[0], range[1], false);
    }
  }

  function prepare(gd) {
    if (gd.assayPrepared || !gd.on || !gd._fullLayout || !gd.closest(".chart")) {
      return;
    }
    gd.assayPrepared = true;
    var skeleton = gd.closest(".chart").querySelector(".skeleton");
    if (skeleton) {
      skeleton.hidden = true;
    }
    if (!bars(gd)) {
      return;
    }
    gd.on("plotly_hover", function (event) {
      if (bars(gd)) {
        readout(gd, nearest(bars(gd), event.points[0].x));
      }
    });
    gd.on("plotly_unhover", function () {
      readout(gd, null);
    });
    gd.on("plotly_afterplot", function () {
      readout(gd, null);
      retick(gd);
    });
    gd.on("plotly_relayout", function (change) {
      if (gd.assayQuiet || !bars(gd)) {
        return;
      }
      if (gd.layout.meta.key) {
        document.dispatchEvent(new CustomEvent("assay:window", { detail: { chart: gd, change: change } }));
        return;
      }
      if (change["xaxis.range[0]"] !== undefined) {
        unpress(gd);
        view(gd, change["xaxis.range[0]"], change["xaxis.range[1]"], false);
      } else if (change["xaxis.autorange"]) {
        var axis = bars(gd);
        view(gd, 0, position(axis, axis.days.length - 1), true);
      } else if (change.autosize) {
        view(gd, gd._fullLayout.xaxis.range[0], gd._fullLayout.xaxis.range[1], false); // as many dates as there is room for
      }
    });
    if (gd.layout.meta.key) {
      retick(gd);
    } else {
      view(gd, gd._fullLayout.xaxis.range[0], gd._fullLayout.xaxis.range[1], false);
    }
    readout(gd, null);
    document.dispatchEvent(new CustomEvent("assay:drawn", { detail: { chart: gd } }));
  }

  var waiting = false;
  new MutationObserver(function () {
    if (waiting) {
      return;
    }
    waiting = true;
    window.requestAnimationFrame(function () {
      waiting = false;
      document.querySelectorAll(".js-plotly-plot").forEach(prepare);
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // ---- Theme ----------------------------------------------------------------------------------------------------------

  function palette(theme) {
    var probe = document.createElement("div");
    probe.setAttribute("data-bs-theme", theme);
    probe.hidden = true;
    document.body.appendChild(probe);
    var style = window.getComputedStyle(probe);
    var colours = TOKENS.map(function (token) {
      return style.getPropertyValue("--assay-" + token).trim().toLowerCase();
    });
    probe.remove();
    return colours;
  }

  function swapped(value, from, to) {
    if (typeof value === "string") {
      var index = from.indexOf(value.toLowerCase());
      return index === -1 ? value : to[index];
    }
    if (Array.isArray(value)) {
      return value.map(function (item) {
        return swapped(item, from, to);
      });
    }
    if (value && Object.getPrototypeOf(value) === Object.prototype) {
      var copy = {};
      Object.keys(value).forEach(function (key) {
        copy[key] = key === "bdata" ? value[key] : swapped(value[key], from, to);
      });
      return copy;
    }
    return value;
  }

  function retheme(gd, theme, printing) {
    var meta = gd.layout && gd.layout.meta;
    var graph = gd.closest(".dash-graph");
    if (!meta || !meta.theme || meta.theme === theme || !graph) {
      return;
    }
    var from = palette(meta.theme);
    var to = palette(theme);
    var layout = swapped(gd.layout, from, to);
    layout.meta = Object.assign({}, meta, { theme: theme });
    var data = swapped(gd.data, from, to);
    if (printing) {
      window.Plotly.react(gd, data, layout); // the printer does not wait for Dash, which is told below like at any time
    }
    var id = graph.id.charAt(0) === "{" ? JSON.parse(graph.id) : graph.id;
    window.dash_clientside.set_props(id, { figure: { data: data, layout: layout } });
  }

  document.addEventListener("assay:theme", function (event) {
    document.querySelectorAll(".js-plotly-plot").forEach(function (gd) {
      retheme(gd, event.detail.after, event.detail.printing);
    });
  });
})();
