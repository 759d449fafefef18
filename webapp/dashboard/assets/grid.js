// Tables of AG Grid: names that open, badges, times, buttons; rows that open by click and by Enter; a height that follows
// the rows; an empty state in place of an empty grid; fewer columns where there is little room; all rows on paper.
(function () {
  "use strict";

  var HEADER = 34;
  var ROW = 32;
  var BELOW = 18; // the line below the last row, and room for the bar that scrolls sideways
  var NARROW = 640;

  // ---- Cells ----------------------------------------------------------------------------------------------------------

  var cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});

  function element(tag, attributes, children) {
    return window.React.createElement(tag, attributes, children);
  }

  function icon(name, className) {
    return element("i", { key: "icon", className: "bi bi-" + name + (className ? " " + className : ""), "aria-hidden": "true" });
  }

  cells.AssayName = function (props) {
    var row = props.data || {};
    var name = row[props.colDef.field];
    // Enter on the cell opens: a stop for Tab at every row would be a wall.
    var link = row.href ? element("a", { key: "name", href: row.href, className: "grid-name", tabIndex: -1 }, name) : name;
    var below = row[props.colDef.context.below];
    return below ? [link, element("div", { key: "below", className: "grid-below" }, below)] : link;
  };

  cells.AssayBadge = function (props) {
    var cell = props.data && props.data[props.colDef.field];
    if (!cell) {
      return null;
    }
    var sign = cell.share === undefined || cell.share === null
      ? icon(cell.icon)
      : element("span", { key: "icon", className: "status-ring", style: { "--share": cell.share }, "aria-hidden": "true" });
    return element("span", { className: "status status-" + cell.tone }, [sign, element("span", { key: "word" }, cell.text)]);
  };

  cells.AssayTags = function (props) {
    var tags = (props.data && props.data[props.colDef.field]) || [];
    return element("span", { className: "grid-tags" }, tags.map(function (tag, place) {
      return tag.text === undefined
        ? element("span", { key: place, className: "tag" }, tag)
        : element("span", { key: place, className: "muted small" }, [icon(tag.icon), element("span", { key: "word" }, " " + tag.text)]);
    }));
  };

  cells.AssayAgo = function (props) {
    if (!props.value) {
      return props.colDef.context.unknown;
    }
    var exact = props.value.slice(0, 19).replace("T", " ") + " UTC";
    return element("time", { dateTime: props.value, title: exact, "data-ago": "true" }, window.assayFormats.ago(props.value));
  };

  cells.AssayAction = function (props) {
    var cell = props.data && props.data[props.colDef.field];
    if (!cell) {
      return null;
    }
    var name = props.data[props.colDef.context.name];
    var attributes = {
      type: "button",
      className: "btn btn-secondary btn-sm grid-action",
      tabIndex: -1,
      "aria-label": name ? cell.text + ": " + name : cell.text,
      onClick: function () {
        props.setData(cell.text);
      },
    };
    return element("button", attributes, [cell.icon ? icon(cell.icon) : null, element("span", { key: "word" }, cell.text)]);
  };

  // ---- Rows that open -------------------------------------------------------------------------------------------------

  function linkOf(row) {
    var grid = row && row.closest(".grid");
    var same = grid && grid.querySelectorAll('.ag-row[row-id="' + window.CSS.escape(row.getAttribute("row-id")) + '"] a.grid-name');
    return same && same.length ? same[0] : null;
  }

  function go(link, inNewTab) {
    if (inNewTab) {
      window.open(link.href, "_blank", "noopener");
      return;
    }
    var target = new URL(link.href);
    if (!target.pathname.startsWith("/app/")) {
      window.location.assign(link.href);
      return;
    }
    window.history.pushState({}, "", link.href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate")); // as dcc.Link does
    window.scrollTo(0, 0);
  }

  document.addEventListener("click", function (event) {
    var row = event.target.closest(".grid .ag-row");
    if (!row || event.button !== 0 || event.target.closest("button, input, .ag-selection-checkbox")) {
      return;
    }
    var inNewTab = event.ctrlKey || event.metaKey || event.shiftKey;
    var link = event.target.closest("a");
    if (link && (inNewTab || !link.classList.contains("grid-name"))) {
      return; // the browser's own affair
    }
    link = linkOf(row);
    if (link && !String(window.getSelection())) {
      event.preventDefault();
      go(link, inNewTab);
    }
  });

  document.addEventListener("keydown", function (event) {
    var cell = event.target.closest && event.target.closest(".grid .ag-cell");
    if (event.key !== "Enter" || !cell || event.target !== cell) {
      return;
    }
    var button = cell.querySelector("button");
    var link = button ? null : linkOf(cell.closest(".ag-row"));
    if (button || link) {
      event.preventDefault();
      button ? button.click() : go(link, event.ctrlKey || event.metaKey);
    }
  });

  // ---- Height, emptiness, width ---------------------------------------------------------------------------------------

  function changed(api, id) {
    var grid = document.querySelector('.grid[data-grid="' + id + '"]');
    if (!grid) {
      return;
    }
    var rows = 0;
    api.forEachNode(function () {
      rows += 1;
    });
    grid.querySelector(".grid-empty").hidden = rows > 0;
    grid.querySelector(".grid-body").hidden = rows === 0;
    grid.querySelector(".grid-body").style.height = HEADER + heightOf(api, Number(grid.dataset.most)) + BELOW + "px";
    if (rows > 0 && api.getDisplayedRowCount() === 0) {
      api.showNoRowsOverlay();
    } else {
      api.hideOverlay();
    }
    sized(api, id);
  }

  // Rows whose text goes on in further lines are higher. Rows that a filter hides keep their place.
  function heightOf(api, most) {
    var heights = [];
    api.forEachNode(function (node) {
      heights.push(node.rowHeight || ROW);
    });
    return heights.slice(0, most).reduce(function (sum, height) { return sum + height; }, 0);
  }

  function hasAction(api, field) {
    var found = false;
    api.forEachNode(function (node) {
      found = found || Boolean(node.data && node.data[field]);
    });
    return found;
  }

  function isWanted(api, definition, isNarrow) {
    var context = definition.context || {};
    return !(context.optional && isNarrow) && (!context.isAction || hasAction(api, definition.field));
  }

  function sized(api, id) {
    var grid = document.querySelector('.grid[data-grid="' + id + '"]');
    if (!grid || grid.clientWidth === 0) {
      return;
    }
    var isNarrow = grid.clientWidth < NARROW;
    var own = (api.getColumns() || []).filter(function (column) { return column.getColDef().context; }); // not the boxes
    [true, false].forEach(function (isShown) {
      var wrong = own.filter(function (column) {
        return column.isVisible() !== isShown && isWanted(api, column.getColDef(), isNarrow) === isShown;
      });
      if (wrong.length > 0) {
        api.setColumnsVisible(wrong, isShown);
      }
    });
  }

  window.assayGrid = { changed: changed, sized: sized, go: go };

  // A table may be drawn before Dash listens to it, and then nothing changes any more: look once when it is there.
  function whenReady(grid) {
    var id = grid.dataset.grid;
    window.dash_ag_grid.getApiAsync(id).then(function (api) {
      if (api && !api.isDestroyed()) { // the page may have been left meanwhile
        sized(api, id);
      }
    });
  }

  new MutationObserver(function (changes) {
    changes.forEach(function (change) {
      change.addedNodes.forEach(function (node) {
        if (node.nodeType === Node.ELEMENT_NODE) {
          var grids = Array.from(node.querySelectorAll(".grid[data-grid]"));
          (node.matches(".grid[data-grid]") ? grids.concat(node) : grids).forEach(whenReady);
        }
      });
    });
  }).observe(document.documentElement, { childList: true, subtree: true });

  // ---- Paper shows every row -------------------------------------------------------------------------------------------

  function eachGrid(act) {
    document.querySelectorAll(".grid[data-grid]").forEach(function (grid) {
      var api = window.dash_ag_grid && window.dash_ag_grid.getApi && window.dash_ag_grid.getApi(grid.dataset.grid);
      if (api) {
        act(api, grid.querySelector(".grid-body"));
      }
    });
  }

  var PAPER = 690; // pixels between the margins of A4

  function shrink(api, body) {
    // Columns that grow take what they need, and a table that is still wider than the paper is printed smaller.
    var state = api.getColumnState();
    body.assayColumns = state;
    api.applyColumnState({
      state: state.map(function (column) {
        return column.flex ? { colId: column.colId, flex: null, width: api.getColumn(column.colId).getMinWidth() } : column;
      }),
    });
    // Of a wide table those columns are drawn, and printed, that are in view: all of them nobody could read on paper.
    var isWide = !api.getGridOption("suppressColumnVirtualisation");
    var drawn = isWide ? api.getAllDisplayedVirtualColumns() : api.getAllDisplayedColumns();
    var width = (drawn || []).reduce(function (sum, column) {
      return sum + column.getActualWidth();
    }, 0);
    body.style.zoom = Math.min(1, PAPER / width);
  }

  window.addEventListener("beforeprint", function () {
    eachGrid(function (api, body) {
      body.dataset.height = body.style.height;
      body.style.height = "auto";
      shrink(api, body);
      api.setGridOption("domLayout", "print");
    });
  });
  window.addEventListener("afterprint", function () {
    eachGrid(function (api, body) {
      api.setGridOption("domLayout", "normal");
      api.applyColumnState({ state: body.assayColumns });
      body.style.height = body.dataset.height;
      body.style.zoom = "";
    });
  });
})();
