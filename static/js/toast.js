// What has just happened, above the bar: said at once, and said to be saved when the server has said so.
const SHOWN_MS = 10000;
const place = document.getElementById("message");
let timer = 0;

/** Say something; {undo: true} offers to take it back. A warning stays until something else is said. */
export function say(text, { kind = "success", undo = false } = {}) {
  const note = document.createElement("div");
  note.className = `note ${kind}`;
  const words = document.createElement("span");
  words.textContent = text;
  note.append(words, ...(undo ? [undoButton()] : []));
  put([note], kind);
}

/** Show the messages of the server's answer. */
export function showAnswer(nodes) {
  const notes = [...nodes].filter((node) => node.nodeType === Node.ELEMENT_NODE);
  if (notes.length) put(notes, notes.at(-1).classList.contains("success") ? "success" : "warning");
}

/** Take the first of the page's own messages, which it was delivered with, away in time. */
export const fade = () => { if (place.querySelector(".success")) later(); };

function put(notes, kind) {
  const focused = place.contains(document.activeElement);
  place.replaceChildren(...notes);
  if (focused) place.querySelector("button, a")?.focus();
  clearTimeout(timer);
  if (kind === "success" || kind === "info") later();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    if (place.matches(":hover, :focus-within")) return later();
    place.replaceChildren();
  }, SHOWN_MS);
}

function undoButton() {
  const button = document.createElement("button");
  Object.assign(button, { type: "submit", className: "link", name: "undo", textContent: "Undo" });
  button.setAttribute("form", "pair");
  const cap = document.querySelector("#undo kbd")?.cloneNode(true);
  if (cap) button.append(" ", cap);
  return button;
}
