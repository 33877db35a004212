// The compare screen, and the ranking screen with it: a press is kept, what is next is painted, and the server is told; in
// this order.
import { follow } from "./badge.js";
import { buildKeySheet } from "./key_sheet.js";
import { listen, resetScopes } from "./keys.js";
import { holdLeases, lookAgain } from "./leases.js";
import { showBeginnings, showRest, showUnseen, watchPanes } from "./panes.js";
import { wouldLose } from "./outbox.js";
import { add, along, resume, sending, state, waiting } from "./sending.js";
import * as sheets from "./sheets.js";
import { fade, say, showAnswer } from "./toast.js";
import { showRefused } from "./refused.js";

const form = document.getElementById("pair");
const outcomes = document.getElementById("outcomes");
const undoButton = document.getElementById("undo");
const flagButton = document.getElementById("flag");
const url = form.getAttribute("action");

let armed = false; // true once what is on screen has been painted
let shownAt = "";
let awaited = ""; // the key of a press whose answer must be seen before the next pair
let nothingLeft = null; // what the server says in place of a pair

// -- what is on screen

function show() {
  const sheet = sheets.shown();
  showBeginnings();
  armed = false;
  delete form.dataset.armed;
  outcomes.disabled = !sheet;
  for (const button of form.querySelectorAll("#skip-open, #flag")) button.disabled = !sheet;
  drawFlag(Boolean(sheet && "flagged" in sheet.dataset));
  drawUndo();
  resetScopes();
  scrollTo(0, 0);
  form.dispatchEvent(new Event("tiebreak:shown", { bubbles: true }));
  requestAnimationFrame(() => requestAnimationFrame(arm));
}

function arm() {
  armed = true;
  shownAt = new Date().toISOString();
  form.dataset.armed = "true";
  showRest();
}

function next() {
  sheets.advance(placeholder);
  show();
}

/** Return what to show where there is no pair: what the server said, or that its answer is on its way. */
function placeholder() {
  const waitsForAnswer = waiting().length > 0 || !nothingLeft;
  const offline = !navigator.onLine || state === "unreachable";
  const template = waitsForAnswer ? document.getElementById(offline ? "kept" : "on-its-way") : nothingLeft;
  return document.importNode(template.content, true);
}

function drawFlag(isFlagged) {
  if (!flagButton) return;
  flagButton.setAttribute("aria-pressed", String(isFlagged));
  flagButton.value = isFlagged ? "off" : "on";
}

function drawUndo() {
  undoButton.disabled = !sheets.lastJudged() && !undoButton.value;
}

// -- what is pressed

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button?.name === "undo") return undo();
  if (!button || !sheets.shown()) return;
  if ("stays" in button.dataset) return press(button, { key: newKey() });
  const unseen = button.name === "skip" ? null : showUnseen();
  if (unseen) return say(`This is ${unseen}. Choose now that you have seen both.`, { kind: "info" });
  const key = newKey();
  press(button, { key, finishes: sheets.idOf(sheets.shown()) });
  document.querySelector("[popover]:popover-open")?.hidePopover();
  form.reset();
  if ("waits" in sheets.shown().dataset) return waitFor(key);
  sheets.setAside(button.name === "skip" ? "" : key);
  next();
  say(button.dataset.said ?? "Sent.", { undo: button.name !== "skip" });
});

/** Keep everything that the form says at this moment, under a key of its own. */
function press(button, { key, finishes = "" }) {
  const body = new FormData(form, button);
  body.delete("csrfmiddlewaretoken");
  body.set("client_key", key);
  body.set("shown_at", shownAt);
  body.set("decided_at", new Date().toISOString());
  if (button === flagButton) toggleFlag();
  add({ key, url, finishes, body: new URLSearchParams(body).toString() });
}

function toggleFlag() {
  const isFlagged = sheets.shown().toggleAttribute("data-flagged");
  drawFlag(isFlagged);
}

function undo() {
  const last = sheets.lastJudged();
  const target = last?.key ?? undoButton.value;
  if (!target) return;
  const back = last && sheets.takeBack();
  undoButton.value = "";
  add({ key: newKey(), url, brings: back ? sheets.idOf(back) : "", body: `undo=${target}` });
  show();
  say("Undone.");
}

function waitFor(key) {
  awaited = key;
  armed = false;
  outcomes.disabled = true;
}

/** Return a version 4 UUID; `crypto.randomUUID` exists on secure origins alone. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Nobody judges what they have not seen: a second click of a double click lands on the pair that came after.
document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button?.form || button.form !== form || button.type !== "submit" || (armed && event.detail < 2)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

// -- what is answered

sending.addEventListener("answer", ({ detail: { press: sent, answer } }) => {
  if (sent.url !== url) return tellRefusal(answer);
  if (answer.status === 409 || answer.status === 422) sheets.forget(sent.key);
  take(answer, { quietly: waiting().length > 0 && answer.status < 400 });
  const held = answer.parts.state?.[0].dataset.held.split(" ") ?? [];
  if (sent.brings && !held.includes(sent.brings)) dropShown(sent.brings);
  if (sent.key === awaited) goOn(answer);
  else showNotice(answer.parts.dialog);
});

/**
 * Put the parts of an answer where they belong; `quietly` where a later press has had its say already. Where the project
 * asks something else by now, what is here is judged as it was lent, and the page is opened anew for the rest.
 */
function take({ parts, status, refusal }, { quietly = false } = {}) {
  if (!parts.state) return tellRefusal({ parts, status, refusal });
  const { held, undo: undoable, asks } = parts.state[0].dataset;
  const isOutdated = asks !== form.dataset.asks;
  undoButton.value = undoable;
  nothingLeft = parts.waiting?.[0] ?? null;
  if (!waiting().length) sheets.keepOnly(held.split(" "));
  const before = sheets.shown();
  if (!isOutdated) sheets.take(parts.sheet);
  document.getElementById("progress").replaceChildren(document.importNode(parts.progress[0].content, true));
  if (!quietly) showAnswer(document.importNode(parts.message[0].content, true).childNodes);
  if (!before) next();
  else if (sheets.shown() !== before) show();
  else drawUndo();
  if (isOutdated && !sheets.shown() && !waiting().length) location.reload();
}

/** Take a pair off the screen that turned out to be lent to this person no more. */
function dropShown(id) {
  if (sheets.shown() && sheets.idOf(sheets.shown()) === id) next();
}

function tellRefusal({ parts, status, refusal }) {
  if (refusal) return showAnswer([...refusal.children]);
  if (parts.message) return showAnswer(document.importNode(parts.message[0].content, true).childNodes);
  if (status >= 400) say(`The server could not answer (${status}).`, { kind: "warning" });
}

/** Go on to the next pair after the answer that had to be seen first. */
function goOn({ parts }) {
  awaited = "";
  showNotice(parts.dialog)?.addEventListener("close", next, { once: true });
  if (!parts.dialog) next();
}

/** Open what the server wants to be read now, if there is anything; return its dialog. */
function showNotice([template] = []) {
  if (!template) return null;
  const dialog = document.getElementById("notice");
  dialog.replaceChildren(document.importNode(template.content, true));
  dialog.showModal();
  return dialog;
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});

// -- from the beginning

along.fields = () => sheets.ids().map((id) => ["have", id]);

const delivered = [...document.querySelectorAll("template[data-part=sheet]")];
const gone = new Set(waiting().map((kept) => kept.finishes));
nothingLeft = sheets.toldInstead();
sheets.take(delivered);
if (!sheets.shown() || gone.has(sheets.idOf(sheets.shown()))) sheets.advance(placeholder);

follow();
fade();
showRefused();
buildKeySheet();
watchPanes(form);
listen(() => armed);
holdLeases({ url, seconds: Number(form.dataset.leaseSeconds), ids: sheets.ids, take });
lookAgain({ url, ids: sheets.ids, take });
sending.addEventListener("change", () => { if (!sheets.shown() && waiting().length) sheets.advance(placeholder); });
addEventListener("beforeunload", (event) => { if (wouldLose()) event.preventDefault(); });
show();
showNotice(document.querySelectorAll("template[data-part=dialog]"));
resume();
