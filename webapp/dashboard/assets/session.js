// Watches what Dash asks the server: an ended session leads to the sign-in page, a lost connection is said aloud.
(function () {
  "use strict";

  var ask = window.fetch;

  function isDash(input) {
    var url = typeof input === "string" ? input : (input && input.url) || "";
    return url.indexOf("/_dash-") !== -1;
  }

  function offline(is) {
    document.documentElement.classList.toggle("is-offline", is);
  }

  window.fetch = function (input, options) {
    var answer = ask.call(window, input, options);
    if (!isDash(input)) {
      return answer;
    }
    return answer.then(
      function (response) {
        offline(false);
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
