// The pairs that are in the page already: the one on screen, those ahead of it, and those judged in this visit. Where a
// project asks for rankings, a lineup takes the place of a pair.
import { waiting } from "./sending.js";

const MOST_JUDGED = 50;
const ahead = [];
const judged = []; // {key, sheet}, the newest last; no sheet where the server brings what is undone
const done = new Set(); // the ids of the pairs judged or given back in this visit: a late answer must not bring them again

const stage = document.getElementById("sheet");

export const shown = () => stage.querySelector(":scope > .sheet");
export const idOf = (sheet) => sheet.dataset.assignment ?? sheet.dataset.ranking;

/** Say whether what is undone comes back by itself; a ranking is lent anew, and the server's answer brings it. */
const comesBack = (sheet) => "assignment" in sheet.dataset;

/** Return the ids of all pairs that need not be sent again. */
export const ids = () => [shown(), ...ahead].filter(Boolean).map(idOf);

export const lastJudged = () => judged.at(-1);

/** Show what is next: a pair, or what the page says where there is none. What it says already stays, and who reads it. */
export function advance(otherwise) {
  const next = ahead.shift();
  const put = next ?? otherwise();
  const clocks = [stage, put].map((place) => place.querySelector("[data-counts-down]"));
  const isSame = !next && headingOf(put) === headingOf(stage);
  if (!isSame) stage.replaceChildren(put);
  else if (clocks.every(Boolean)) clocks[0].dataset.countsDown = clocks[1].dataset.countsDown;
}

/** Return a template of what the page was opened with in place of a pair, or null where it has one. */
export function toldInstead() {
  const told = stage.querySelector(":scope > .waiting");
  if (!told) return null;
  const template = document.createElement("template");
  template.content.append(told.cloneNode(true));
  return template;
}

const headingOf = (place) => place.querySelector("h2")?.textContent;

/** Count the pair on screen as done; one with a verdict is remembered under the verdict's key. */
export function setAside(key) {
  done.add(idOf(shown()));
  if (!key) return;
  judged.push({ key, sheet: comesBack(shown()) ? shown() : null });
  if (judged.length > MOST_JUDGED) judged.shift();
}

/** Take back what was judged last in this visit: its pair is on screen again, before what was. Return the pair's sheet. */
export function takeBack() {
  const { sheet } = judged.pop();
  if (sheet) show(sheet);
  return sheet;
}

/** Forget a verdict that was refused: it is not what undo would take back. */
export function forget(key) {
  const at = judged.findIndex((one) => one.key === key);
  if (at >= 0) judged.splice(at, 1);
}

/** Take pairs out of the server's answer, but none that is here already or whose verdict waits to be sent. */
export function take(templates = []) {
  const gone = new Set(waiting().map((press) => press.finishes));
  for (const template of templates) {
    const sheet = document.importNode(template.content, true).querySelector(".sheet");
    const id = idOf(sheet);
    if (ids().includes(id) || gone.has(id)) continue;
    if ("inFront" in sheet.dataset) show(sheet);
    else if (!done.has(id)) ahead.push(sheet);
  }
}

/** Forget the pairs ahead that are lent to this person no more. */
export function keepOnly(held) {
  ahead.splice(0, ahead.length, ...ahead.filter((sheet) => held.includes(idOf(sheet))));
}

function show(sheet) {
  done.delete(idOf(sheet));
  if (shown()) ahead.unshift(shown());
  stage.replaceChildren(sheet);
}
