// Send what is kept, one press after another in their order, until each has a final answer.
import { post } from "./answer.js";
import { forget, keep, kept } from "./outbox.js";

const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

/** Tells "change" whenever the state or the number of kept presses may differ, and "answer" with {press, answer}. */
export const sending = new EventTarget();

/** "idle", "sending", "unreachable" or "signed-out". */
export let state = "idle";

/** Returns what goes along with every press, such as the pairs that the page has. The compare screen sets it. */
export const along = { fields: () => [] };

const user = document.body.dataset.user;
let running = false;
let failures = 0;
let timer = 0;

/** Return the presses that wait for their answer, without those that the server refused. */
export const waiting = () => kept(user).filter((press) => !press.refused);

/** Return the presses that the server refused: the person decides about them. */
export const refused = () => kept(user).filter((press) => press.refused);

/** Keep a press and send it. */
export function add(press) {
  keep({ ...press, user });
  resume();
}

/** Send whatever waits, now. */
export async function resume() {
  clearTimeout(timer);
  if (running || !user) return;
  running = true;
  try {
    for (let press; (press = waiting()[0]);) {
      change("sending");
      if (!(await one(press))) return;
    }
    change("idle");
  } finally {
    running = false;
  }
}

function change(now) {
  state = now;
  sending.dispatchEvent(new Event("change"));
}

/** Send one press; return whether to go on with the next. */
async function one(press) {
  let answer;
  try {
    answer = await alone(() => (isKept(press) ? post(press.url, fields(press)) : null));
  } catch {
    return later(0);
  }
  if (answer === null) return true; // another tab has just sent it
  if (answer.status === 401 || answer.status === 403) return stop(press, answer);
  if (answer.status === 429 || answer.status >= 500) return later(answer.retryAfter);
  failures = 0;
  settle(press, answer);
  return true;
}

const isKept = (press) => waiting().some((other) => other.key === press.key);

function fields(press) {
  return [...new URLSearchParams(press.body), ["by", press.user], ...along.fields()];
}

// One tab sends at a time, where the browser has locks; where it has none, the press's key makes a second sending harmless.
const alone = (work) => (navigator.locks ? navigator.locks.request(`tiebreak:${user}`, work) : work());

function settle(press, answer) {
  const final = answer.status < 400 || answer.status === 409 || answer.status === 422;
  if (final) forget(press);
  else keep({ ...press, refused: answer.status });
  tell(press, answer);
}

function stop(press, answer) {
  change("signed-out");
  tell(press, answer);
  return false;
}

function tell(press, answer) {
  sending.dispatchEvent(new CustomEvent("answer", { detail: { press, answer } }));
}

function later(seconds) {
  const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
  failures += 1;
  timer = setTimeout(resume, Math.max(wait, 1000 * seconds));
  change("unreachable");
  return false;
}

addEventListener("online", resume);
addEventListener("offline", () => change("unreachable"));
addEventListener("focus", resume);
document.addEventListener("visibilitychange", () => { if (!document.hidden) resume(); });
