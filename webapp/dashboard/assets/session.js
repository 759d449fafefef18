// Watches what pages ask the server: an ended session leads to the sign-in page, a lost connection is said aloud.
(function () {
  "use strict";

  var ask = window.fetch;

  function has(input, part) {
    var url = typeof input === "string" ? input : (input && input.url) || "";
    return url.indexOf(part) !== -1;
  }

  function isMark(input) {
    return has(input, "/app/marks/");
  }

  function offline(is) {
    document.documentElement.classList.toggle("is-offline", is);
  }

  window.fetch = function (input, options) {
    var answer = ask.call(window, input, options);
    if (!has(input, "/_dash-") && !isMark(input)) {
      return answer;
    }
    return answer.then(
      function (response) {
        offline(response.status >= 500 && isMark(input)); // a page that follows something goes on as if it were away
        if (response.status === 401) {
          var here = window.location.pathname + window.location.search;
          window.location.assign("/login?next=" + encodeURIComponent(here));
          return new Promise(function () {}); // the page is being left: nobody waits for this answer
        }
        return response;
      },
      function (error) {
        offline(true);
        throw error;
      }
    );
  };
})();
