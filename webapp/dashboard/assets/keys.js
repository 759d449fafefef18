// Keys that work on every page, never while somebody types: `?`, `/`, and `g` with the letter of a page. Dialogs.
(function () {
  "use strict";

  var PATIENCE = 1500; // milliseconds between `g` and the letter
  var startedAt = 0;

  function isTyping(target) {
    return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
  }

  function isBusy() {
    return document.querySelector("dialog[open], .modal.show, .offcanvas.show") !== null;
  }

  function search() {
    var fields = document.querySelectorAll("main input[type='search']");
    for (var i = 0; i < fields.length; i++) {
      if (fields[i].offsetParent !== null) {
        fields[i].focus();
        fields[i].select();
        return true;
      }
    }
    return false;
  }

  function go(letter) {
    var link = document.querySelector("#shell-keys a[data-key='" + window.CSS.escape(letter) + "']");
    if (link) {
      window.assayGrid.go(link);
    }
    return link !== null;
  }

  document.addEventListener("keydown", function (event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || isBusy()) {
      return;
    }
    var follows = Date.now() - startedAt < PATIENCE;
    startedAt = 0;
    var done = false;
    if (follows && /^[a-z]$/.test(event.key)) {
      done = go(event.key);
    } else if (event.key === "g") {
      startedAt = Date.now();
    } else if (event.key === "/") {
      done = search();
    } else if (event.key === "?") {
      document.getElementById("shell-keys").showModal();
      done = true;
    }
    if (done) {
      event.preventDefault();
    }
  });

  // ---- Dialogs: the browser keeps the focus inside, closes at Esc, and gives the focus back ----------------------------

  document.addEventListener("click", function (event) {
    var opener = event.target.closest("[data-opens]");
    var closer = event.target.closest("[data-closes], dialog a[href]");
    if (opener) {
      document.getElementById(opener.dataset.opens).showModal();
    } else if (closer) {
      closer.closest("dialog").close();
    } else if (event.target.matches("dialog[open]")) {
      event.target.close(); // the ground beside it
    }
    var link = event.target.closest("#shell-keys a[data-key]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      window.assayGrid.go(link);
    }
  });
})();
