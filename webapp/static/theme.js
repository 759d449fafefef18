// Chooses the theme before anything is painted, and keeps it: system, light or dark.
// Loaded as a blocking script in <head>, by the sign-in pages and the dashboard alike.
(function () {
  "use strict";

  var KEY = "assay-theme";
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      return window.localStorage.getItem(KEY) || "system";
    } catch (blocked) {
      return "system"; // storage may be switched off; the choice then lasts as long as the page
    }
  }

  var choice = stored();

  function resolved() {
    if (choice === "light" || choice === "dark") {
      return choice;
    }
    return dark.matches ? "dark" : "light";
  }

  function mark() {
    document.querySelectorAll("[data-assay-theme-choice]").forEach(function (button) {
      var pressed = button.getAttribute("data-assay-theme-choice") === choice;
      button.setAttribute("aria-pressed", pressed ? "true" : "false");
    });
  }

  function show(theme, printing) {
    var before = document.documentElement.getAttribute("data-bs-theme");
    document.documentElement.setAttribute("data-bs-theme", theme);
    document.documentElement.setAttribute("data-ag-theme-mode", theme);
    if (before && before !== theme) {
      document.dispatchEvent(new CustomEvent("assay:theme", { detail: { after: theme, printing: printing } }));
    }
  }

  function apply() {
    var theme = resolved();
    show(theme, false);
    // The server draws charts in the theme that it is told of here.
    document.cookie = "assay_theme=" + theme + "; path=/; max-age=31536000; samesite=lax";
    mark();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-assay-theme-choice]");
    if (!button) {
      return;
    }
    choice = button.getAttribute("data-assay-theme-choice");
    try {
      window.localStorage.setItem(KEY, choice);
    } catch (blocked) {
      // as above: not kept, but applied
    }
    apply();
  });

  dark.addEventListener("change", apply);
  // Paper is white.
  window.addEventListener("beforeprint", function () {
    show("light", true);
  });
  window.addEventListener("afterprint", function () {
    show(resolved(), true);
  });
  window.addEventListener("storage", function (event) {
    if (event.key === KEY) {
      choice = stored();
      apply();
    }
  });
  document.addEventListener("DOMContentLoaded", mark);

  // The dashboard puts its switch on the page later than this script runs, and then asks for the mark itself.
  window.assayTheme = { mark: mark };

  apply();
})();
