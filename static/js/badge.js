// Saved, n waiting, offline: what is known about the presses of this person.
import { refused, sending, state, waiting } from "./sending.js";

const badge = document.getElementById("saving");

/** Follow what is sent for as long as the page lives. */
export function follow() {
  sending.addEventListener("change", () => draw());
  addEventListener("storage", () => draw());
  draw();
}

function draw() {
  const n = waiting().length;
  const said = words(n);
  if (said === null) return;
  badge.textContent = said;
  badge.dataset.state = n || refused().length ? (state === "sending" ? "saving" : "waiting") : "saved";
}

function words(n) {
  if (n && !navigator.onLine) return `Offline · ${n} waiting`;
  if (n && state === "signed-out") return `Signed out · ${n} waiting`;
  if (n && state === "sending" && n <= 2) return "Saving";
  if (n) return `${n} waiting`;
  if (refused().length) return "Not saved";
  if (!navigator.onLine) return "Offline";
  return state === "idle" && badge.textContent ? "Saved" : null;
}
