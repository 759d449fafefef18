// What tables may call: how they write numbers, and what they do when their rows or their width change.
(function () {
  "use strict";

  var functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});

  functions.assayNumber = function (value, digits, signed) { return window.assayFormats.number(value, digits, signed); };
  functions.assayPercent = function (value, digits, signed) {
    return window.assayFormats.number(value === null || value === undefined ? null : value * 100, digits, signed);
  };
  functions.assayPValue = function (value) { return window.assayFormats.pValue(value); };
  functions.assayDuration = function (value) { return window.assayFormats.duration(value); };
  functions.assayAgo = function (value) { return window.assayFormats.ago(value); };
  functions.assayText = function (cell) { return cell === null || cell === undefined ? "" : cell.text; };
  functions.assayTags = function (cell) {
    return (cell || []).map(function (tag) { return tag.text === undefined ? tag : tag.text; }).join(", ");
  };
  functions.assayLines = function (name, below) { return below ? name + "\n" + below : name; };
  functions.assayOpens = function (row) { return Boolean(row && row.data && row.data.href); };
  functions.assayLeave = function () { return false; }; // Tab leaves the table; arrows move inside it
  functions.assayChanged = function (event, id) { window.assayGrid.changed(event.api, id); };
  functions.assaySized = function (event, id) { window.assayGrid.sized(event.api, id); };
})();
