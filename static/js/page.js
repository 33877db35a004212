// What every page does: poll while somebody looks, copy a secret, say when the server could not answer.
(() => {
  "use strict";

  // What scrolls sideways can be reached by keyboard in every browser.
  function makeScrollable(root) {
    for (const box of root.querySelectorAll("pre, .text .table, .text .formula")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  }

  document.addEventListener("DOMContentLoaded", () => makeScrollable(document));
  document.addEventListener("htmx:load", (event) => makeScrollable(event.detail.elt));

  const lastPoll = new WeakMap();

  // htmx's own polling goes on in hidden tabs; this one asks only while the page can be seen.
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-poll-seconds]")) {
      const since = lastPoll.get(element) ?? performance.now();
      lastPoll.set(element, since);
      if (performance.now() - since < 1000 * Number(element.dataset.pollSeconds)) continue;
      lastPoll.set(element, performance.now());
      htmx.trigger(element, "poll");
    }
  }, 250);

  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    if (status < 500) event.target.removeAttribute("data-poll-seconds");
    const message = document.getElementById("message");
    if (message && !message.childElementCount) {
      const note = document.createElement("p");
      note.className = "note error";
      note.textContent = `The server could not answer (${status}). Try again in a moment.`;
      message.append(note);
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copies]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copies);
    field.select();
    navigator.clipboard?.writeText(field.value).then(() => { button.textContent = "Copied"; });
  });
})();
