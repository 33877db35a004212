// What every page does: send what still waits, poll while somebody looks, copy a secret, say when the server could not answer.
import { resume, sending } from "./sending.js";

// What scrolls sideways can be reached by keyboard in every browser.
function makeScrollable(root) {
  for (const box of root.querySelectorAll("pre, .text .table, .text .formula")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
}

makeScrollable(document);
document.addEventListener("htmx:load", (event) => makeScrollable(event.detail.elt));
document.addEventListener("tiebreak:shown", (event) => makeScrollable(event.target));

// A verdict that an earlier page could not send; the compare screen sends its own and shows more of the answer.
if (!document.getElementById("sheet")) {
  sending.addEventListener("answer", ({ detail: { answer } }) => {
    if (answer.refusal) document.getElementById("message").replaceChildren(...answer.refusal.children);
  });
  resume();
}

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
