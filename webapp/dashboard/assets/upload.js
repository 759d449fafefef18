// Sends a file of prices or a bundle piece by piece, shows how far it is, and opens what came of it.
(function () {
  "use strict";

  var PLACES = {
    "upload-drop": { input: "upload-file", accept: ".csv,.txt,.tsv,.parquet,.xlsx,.xlsm,text/csv", route: "/api/v1/uploads",
      words: "Drop a file here, or choose one", opens: "/app/data/upload?upload=" },
    "import-drop": { input: "import-file", accept: ".zip,application/zip", route: "/api/v1/bundles",
      words: "Drop a bundle here, or choose one", opens: "/app/analyses/" }
  };

  function token() {
    var found = document.cookie.match(/(?:^|; )_csrf_token=([^;]*)/);
    return found ? decodeURIComponent(found[1]) : "";
  }

  function element(name, properties, children) {
    var made = document.createElement(name);
    Object.keys(properties || {}).forEach(function (key) {
      if (key in made) { made[key] = properties[key]; } else { made.setAttribute(key, properties[key]); }
    });
    (children || []).forEach(function (child) { made.append(child); });
    return made;
  }

  function refusal(request) {
    try {
      return JSON.parse(request.responseText).detail || "The server refused the file.";
    } catch (error) {
      return request.status ? "The server refused the file (" + request.status + ")." : "The connection to the server is lost. Try again.";
    }
  }

  function fill(place, kind) {
    var input = element("input", { type: "file", id: kind.input, className: "form-control", accept: kind.accept });
    var label = element("label", { htmlFor: kind.input, className: "form-label", textContent: kind.words });
    var bar = element("progress", { max: 1, value: 0, hidden: true, className: "upload-bar", "aria-label": "Sent" });
    var words = element("div", { className: "form-text", role: "status" });
    var problem = element("div", { className: "field-problem", role: "alert" });
    place.replaceChildren(label, input, bar, words, problem);

    function send(file) {
      var form = new FormData();
      var request = new XMLHttpRequest();
      form.append("file", file);
      problem.textContent = "";
      bar.hidden = false;
      input.disabled = true;
      request.upload.onprogress = function (event) {
        if (event.lengthComputable) {
          bar.value = event.loaded / event.total;
          words.textContent = event.loaded < event.total
            ? "Sending " + file.name + ": " + Math.round(100 * bar.value) + " %"
            : "Reading " + file.name + " …";
        }
      };
      request.onloadend = function () {
        input.disabled = false;
        if (request.status === 201) {
          window.location.assign(kind.opens + encodeURIComponent(JSON.parse(request.responseText).id));
          return;
        }
        if (request.status === 401) {
          window.location.assign("/login?next=" + encodeURIComponent(window.location.pathname));
          return;
        }
        bar.hidden = true;
        words.textContent = "";
        problem.textContent = refusal(request);
        input.value = "";
        input.focus();
      };
      request.open("POST", kind.route);
      request.setRequestHeader("X-CSRFToken", token());
      request.send(form);
    }

    input.addEventListener("change", function () { if (input.files.length) { send(input.files[0]); } });
    ["dragover", "dragleave", "drop"].forEach(function (name) {
      place.addEventListener(name, function (event) {
        event.preventDefault();
        place.classList.toggle("is-over", name === "dragover");
        if (name === "drop" && event.dataTransfer.files.length && !input.disabled) { send(event.dataTransfer.files[0]); }
      });
    });
  }

  function look() {
    Object.keys(PLACES).forEach(function (id) {
      var place = document.getElementById(id);
      if (place && !place.dataset.ready) {
        place.dataset.ready = "1";
        fill(place, PLACES[id]);
      }
    });
  }

  new MutationObserver(look).observe(document.documentElement, { childList: true, subtree: true });
  look();
})();
