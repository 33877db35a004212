// Presses that the server would not take: nothing is thrown away before the person says so.
import { forget, keep } from "./outbox.js";
import { refused, resume, sending } from "./sending.js";

const place = document.getElementById("message");

/** Offer to send them again or to throw them away, now and whenever one more is refused. */
export function showRefused() {
  sending.addEventListener("change", () => { if (refused().length && !place.querySelector("[data-refused]")) offer(); });
  if (refused().length) offer();
}

function offer() {
  const n = refused().length;
  const note = document.createElement("div");
  note.className = "note error";
  note.dataset.refused = "";
  const words = document.createElement("span");
  words.textContent = `${n} of your presses could not be saved. ${n === 1 ? "It is" : "They are"} kept in this browser.`;
  note.append(words, button("Try again", again), button("Throw away", drop));
  place.append(note);
}

function again() {
  for (const press of refused()) keep({ ...press, refused: undefined });
  resume();
}

function drop() {
  refused().forEach(forget);
  resume();
}

function button(text, work) {
  const made = document.createElement("button");
  Object.assign(made, { type: "button", className: "link", textContent: text });
  made.addEventListener("click", () => {
    place.querySelector("[data-refused]").remove();
    work();
  });
  return made;
}
