// What the pages do without asking the server: drawer, tabs, copying, keys.
(function () {
  "use strict";

  var NO_UPDATE = function () {
    return window.dash_clientside.no_update;
  };

  // ---- Drawer and theme marks ---------------------------------------------------------------------------------------

  function drawer(clicks, pathname, isOpen) {
    var cause = window.dash_clientside.callback_context.triggered.map(function (t) {
      return t.prop_id;
    });
    return cause.indexOf("shell-drawer-open.n_clicks") !== -1 ? !isOpen : false;
  }

  function mark(pathname, isOpen) {
    window.requestAnimationFrame(function () {
      window.assayTheme.mark();
    });
    return NO_UPDATE();
  }

  // ---- Tabs: a panel's content is asked for when it is first opened ---------------------------------------------------

  function select(tab) {
    var list = tab.closest("[role='tablist']");
    list.querySelectorAll("[role='tab']").forEach(function (other) {
      var chosen = other === tab;
      other.setAttribute("aria-selected", chosen ? "true" : "false");
      other.setAttribute("tabindex", chosen ? "0" : "-1");
      var panel = document.getElementById(other.getAttribute("aria-controls"));
      if (panel) {
        panel.hidden = !chosen;
      }
    });
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (tab.dataset.store && !tab.dataset.opened) {
      tab.dataset.opened = "true";
      window.dash_clientside.set_props(tab.dataset.store, { data: true });
    }
    if (!tab.dataset.store) {
      return;
    }
    var url = new URL(window.location.href);
    url.searchParams.set("tab", tab.dataset.tab);
    window.history.replaceState(window.history.state, "", url.pathname + url.search);
    // Charts that were drawn while hidden have no width yet.
    window.dispatchEvent(new Event("resize"));
  }

  document.addEventListener("click", function (event) {
    var tab = event.target.closest("[role='tab'][data-tab]");
    if (tab) {
      select(tab);
    }
  });

  // A secret that is shown this once is seen, wherever on the page it was asked for.
  function show(secret) {
    secret.dataset.seen = "true";
    secret.scrollIntoView({ block: "center" });
  }

  // A page that opens at a later tab shows it, where the row of tabs is wider than the screen. And Dash's dropdown has a
  // field before its button that is hidden from screen readers but not from Tab: the button is enough.
  new MutationObserver(function () {
    document.querySelectorAll(".dash-dropdown-focus-target[tabindex='0']").forEach(function (field) {
      field.setAttribute("tabindex", "-1");
    });
    document.querySelectorAll("[data-shown-once]:not([data-seen])").forEach(show);
    document.querySelectorAll("[role='tablist']:not([data-seen])").forEach(function (list) {
      list.dataset.seen = "true";
      var tab = list.querySelector("[aria-selected='true']");
      if (tab) {
        list.scrollLeft = tab.offsetLeft + tab.offsetWidth / 2 - list.offsetLeft - list.clientWidth / 2;
      }
    });
  }).observe(document, { childList: true, subtree: true });

  document.addEventListener("keydown", function (event) {
    var tab = event.target.closest && event.target.closest("[role='tab'][data-tab]");
    var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!tab || !step) {
      return;
    }
    var tabs = Array.prototype.slice.call(tab.closest("[role='tablist']").querySelectorAll("[role='tab']"));
    var next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    event.preventDefault();
    next.focus();
    select(next);
  });

  // ---- Copying ------------------------------------------------------------------------------------------------------

  function copied(button, done) {
    var icon = button.querySelector(".bi");
    button.setAttribute("aria-label", done ? "Copied" : "Copying is not allowed here");
    if (icon) {
      icon.className = done ? "bi bi-check2" : "bi bi-x";
      window.setTimeout(function () {
        icon.className = "bi bi-copy";
        button.setAttribute("aria-label", "Copy");
      }, 1500);
    }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) {
      return;
    }
    var source = document.getElementById(button.dataset.copy);
    var text = source ? source.textContent : button.dataset.copy;
    if (!navigator.clipboard) {
      copied(button, false);
      return;
    }
    navigator.clipboard.writeText(text).then(
      function () {
        copied(button, true);
      },
      function () {
        copied(button, false);
      }
    );
  });

  // ---- Running: by Ctrl+Enter too ------------------------------------------------------------------------------------

  document.addEventListener("click", function (event) {
    var problems = document.getElementById("new-analysis-problems");
    if (event.target.closest("#new-analysis-run") && problems && problems.firstChild) {
      problems.scrollIntoView({ block: "center" });
    }
  });

  document.addEventListener("keydown", function (event) {
    var run = document.getElementById("new-analysis-run");
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !run || run.disabled) {
      return;
    }
    event.preventDefault();
    if (document.activeElement && document.activeElement !== run) {
      document.activeElement.blur(); // a field hands over what was typed when it is left
    }
    window.setTimeout(function () {
      run.click();
    }, 50);
  });

  // A named problem in a list leads to its field, and opens the section that hides it.
  document.addEventListener("click", function (event) {
    var link = event.target.closest("[data-goto]");
    if (!link) {
      return;
    }
    event.preventDefault();
    var field = document.getElementById(link.dataset.goto);
    if (!field) {
      return;
    }
    var section = field.closest("details");
    if (section) {
      section.open = true;
    }
    field.scrollIntoView({ block: "center" });
    var input = field.matches("input,select,textarea,button") ? field : field.querySelector("input,select,textarea,button");
    if (input) {
      input.focus({ preventScroll: true });
    }
  });

  // ---- "2 min ago" stays true while a page is open ------------------------------------------------------------------

  window.setInterval(function () {
    document.querySelectorAll("time[data-ago]").forEach(function (time) {
      time.textContent = window.assayFormats.ago(time.dateTime);
    });
  }, 30000);

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    assay: Object.assign({}, (window.dash_clientside || {}).assay, { drawer: drawer, mark: mark }),
  });
})();
