// The order of a lineup: cards are put in order by dragging, by arrow keys, or by their numbers from best to worst. The
// ranks stand in the form's own number fields, which is all that is sent; compare.js keeps it, sends it and shows what is
// next, as it does with a verdict on a pair.
import { buildKeySheet } from "./key_sheet.js";

const form = document.getElementById("pair");
const tieNext = document.getElementById("tie-next");
const send = document.getElementById("send");

const order = () => document.getElementById("order");
const cards = () => [...order().children];
const draft = () => `tiebreak:order:${form.elements.ranking.value}`;

// -- the order

/** Put a card behind those that have a place; with the one before it where `ties` says so. */
function place(card, ties) {
  const behind = cards().filter((one) => "placed" in one.dataset && one !== card);
  card.toggleAttribute("data-placed", true);
  card.toggleAttribute("data-tied", ties && behind.length > 0);
  order().insertBefore(card, behind.length ? behind.at(-1).nextSibling : order().firstChild);
  const left = cards().filter((one) => !("placed" in one.dataset));
  if (left.length === 1) left[0].toggleAttribute("data-placed", true);
  draw(card);
}

/** Move a card to another place among all; everything has a place from then on. */
function move(card, to) {
  const others = cards().filter((one) => one !== card);
  const at = Math.max(0, Math.min(to, others.length));
  const below = card.nextElementSibling;
  if (below && !("tied" in card.dataset)) below.removeAttribute("data-tied"); // it was tied to the card that leaves
  card.removeAttribute("data-tied");
  order().insertBefore(card, others[at] ?? null);
  placeAll();
  draw(card);
}

function placeAll() {
  for (const card of cards()) card.toggleAttribute("data-placed", true);
}

function startOver() {
  const inOrderShown = cards().sort((one, other) => one.dataset.number - other.dataset.number);
  for (const card of inOrderShown) {
    card.removeAttribute("data-placed");
    card.removeAttribute("data-tied");
  }
  order().replaceChildren(...inOrderShown);
  draw();
}

/** Write the ranks into the fields and onto the cards, and say where the moved card is now. */
function draw(moved) {
  const all = cards();
  all[0].removeAttribute("data-tied");
  let rank = 0;
  for (const card of all) {
    if (!("tied" in card.dataset)) rank += 1;
    const placed = "placed" in card.dataset;
    card.querySelector("input").value = placed ? rank : "";
    card.querySelector(".rank").textContent = placed ? rank : "–";
    card.querySelector("[data-does=tie]").setAttribute("aria-pressed", String("tied" in card.dataset));
    card.querySelector("[data-does=tie]").disabled = card === all[0];
  }
  tieNext.setAttribute("aria-pressed", "false");
  send.disabled = all.some((card) => !("placed" in card.dataset));
  const ranks = all.map((card) => [card.dataset.number, "placed" in card.dataset, "tied" in card.dataset]);
  sessionStorage.setItem(draft(), JSON.stringify(ranks));
  if (moved) tell(moved);
}

function tell(card) {
  const rank = card.querySelector("input").value;
  const tied = cards().filter((one) => one.querySelector("input").value === rank).length > 1;
  const text = `Response ${card.dataset.number}: place ${rank} of ${cards().length}${tied ? ", a tie" : ""}.`;
  document.getElementById("told").textContent = text;
}

/** Show the order that was on its way when the page was left or reloaded. */
function restore() {
  const ranks = JSON.parse(sessionStorage.getItem(draft()) ?? "[]");
  for (const [number, placed, tied] of ranks) {
    const card = order().querySelector(`[data-number="${number}"]`);
    card.toggleAttribute("data-placed", placed);
    card.toggleAttribute("data-tied", tied);
    order().append(card);
  }
}

// -- what is pressed

const DOES = {
  next: pick,
  up: (card) => move(card, cards().indexOf(card) - 1),
  down: (card) => move(card, cards().indexOf(card) + 1),
  tie: (card) => { placeAll(); card.toggleAttribute("data-tied"); draw(card); },
};

/** Take a card as the next best; once all have a place, any but the last one, which is in its place, begins anew. */
function pick(card) {
  if (!send.disabled && card === cards().at(-1)) return;
  if (!send.disabled) startOver();
  place(card, isPressed(tieNext));
}

const isPressed = (button) => button.getAttribute("aria-pressed") === "true";

function onClick(event) {
  const button = event.target.closest("#order [data-does]");
  if (!button) return;
  const card = button.closest("li");
  DOES[button.dataset.does](card);
  if (event.detail === 0 && button.dataset.does !== "next") button.focus(); // moving a card takes its focus away
}

function onKey(event) {
  const card = event.target.closest("#order > li");
  if (!card || event.target !== card || event.ctrlKey || event.metaKey || event.altKey) return;
  const does = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!does) return;
  event.preventDefault();
  DOES[does](card);
  card.focus();
}

// -- dragging

let dragged = null;

function onDragStart(event) {
  dragged = event.target.closest?.("#order .handle")?.closest("li") ?? null;
  if (!dragged) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.number);
  dragged.dataset.dragged = "";
}

function onDragOver(event) {
  if (!dragged) return;
  event.preventDefault();
  const below = cards().find((card) => card !== dragged && event.clientY < middle(card));
  if (below !== dragged.nextElementSibling) order().insertBefore(dragged, below ?? null);
}

function onDragEnd() {
  if (!dragged) return;
  dragged.removeAttribute("data-dragged");
  dragged.removeAttribute("data-tied");
  placeAll();
  draw(dragged);
  dragged = null;
}

const middle = (card) => card.getBoundingClientRect().top + card.offsetHeight / 2;

// -- from the beginning

/** Make the lineup on screen ready, as it was when this tab last showed it. */
function prepare() {
  if (!order()) return;
  for (const hidden of order().parentElement.querySelectorAll(".moves, .handle, .rank, .scripted")) hidden.hidden = false;
  for (const card of cards()) {
    card.querySelector("label").hidden = true;
    card.querySelector(".handle").draggable = true;
  }
  restore();
  draw();
  buildKeySheet();
}

// What is sent needs no draft: the outbox has it.
form.addEventListener("submit", ({ submitter }) => {
  if (order() && ["send", "skip"].includes(submitter?.name)) sessionStorage.removeItem(draft());
});

for (const button of [tieNext, document.getElementById("start-over")]) button.hidden = false;
form.addEventListener("tiebreak:shown", prepare);
form.addEventListener("click", onClick);
form.addEventListener("keydown", onKey);
form.addEventListener("dragstart", onDragStart);
form.addEventListener("dragover", onDragOver);
form.addEventListener("dragend", onDragEnd);
form.addEventListener("drop", (event) => { if (dragged) event.preventDefault(); });
tieNext.addEventListener("click", () => tieNext.setAttribute("aria-pressed", String(!isPressed(tieNext))));
document.getElementById("start-over").addEventListener("click", startOver);
