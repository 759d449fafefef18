// How AG Grid writes numbers: as webapp/dashboard/formats.py does.
(function () {
  "use strict";

  function written(value, digits) {
    if (value === null || value === undefined) {
      return "–";
    }
    var text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return (value < 0 && /[1-9]/.test(text) ? "−" : "") + text;
  }

  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  functions.assayWhole = function (value) { return written(value, 0); };
  functions.assayPrice = function (value) { return written(value, 2); };
  functions.assayMoney = function (value) { return written(value, 0); };
  functions.assayPercent = function (value) { return value === null ? "–" : written(value * 100, 1); };
})();
