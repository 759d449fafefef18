// How the browser writes numbers: as webapp/formats.py does; tests/browser/test_grid.py holds the two together.
(function () {
  "use strict";

  var UNKNOWN = "–";
  var NO_BREAK = "\u00a0";
  var UNITS = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];

  function isKnown(value) {
    return value !== null && value !== undefined && isFinite(value);
  }

  function number(value, digits, signed) {
    if (!isKnown(value)) {
      return UNKNOWN;
    }
    var text = Math.abs(value).toLocaleString("en-US", {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
      roundingMode: "halfEven", // as Python rounds
    });
    if (!/[1-9]/.test(text)) {
      return text; // what rounds to zero has no sign
    }
    return (value < 0 ? "−" : signed ? "+" : "") + text;
  }

  function percent(value, digits, signed) {
    return isKnown(value) ? number(value * 100, digits, signed) + NO_BREAK + "%" : UNKNOWN;
  }

  function pValue(value) {
    if (!isKnown(value)) {
      return UNKNOWN;
    }
    return value < 0.005 ? "< 0.01" : value > 0.995 ? "> 0.99" : number(value, 2);
  }

  function duration(seconds) {
    if (!isKnown(seconds) || seconds < 0) {
      return UNKNOWN;
    }
    if (seconds < 10) {
      return number(seconds, 1) + NO_BREAK + "s";
    }
    var whole = seconds % 1 === 0.5 ? 2 * Math.round(seconds / 2) : Math.round(seconds);
    for (var i = 0; i < UNITS.length; i++) {
      if (whole >= UNITS[i][0]) {
        var first = Math.floor(whole / UNITS[i][0]) + NO_BREAK + UNITS[i][1];
        var rest = Math.floor((whole % UNITS[i][0]) / UNITS[i][2]);
        return rest ? first + NO_BREAK + rest + NO_BREAK + UNITS[i][3] : first;
      }
    }
    return whole + NO_BREAK + "s";
  }

  function ago(instant) {
    if (!instant) {
      return UNKNOWN;
    }
    var seconds = (Date.now() - new Date(instant).getTime()) / 1000;
    if (seconds >= 7 * 86400) {
      return instant.slice(0, 10);
    }
    for (var i = 0; i < UNITS.length; i++) {
      if (seconds >= UNITS[i][0]) {
        return Math.floor(seconds / UNITS[i][0]) + NO_BREAK + UNITS[i][1] + " ago";
      }
    }
    return "just now";
  }

  window.assayFormats = { number: number, percent: percent, pValue: pValue, duration: duration, ago: ago };
})();
