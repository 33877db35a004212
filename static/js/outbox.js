// What was pressed and is not yet known to be stored. It outlives the page: one item of the browser's storage per press,
// under the person who pressed it, so that two tabs never overwrite each other and nobody sends what somebody else judged.
const PREFIX = "tiebreak:press:";
const spare = new Map(); // for browsers that refuse storage: kept as long as the page lives

let count = 0;

const place = ({ user, at, key }) => `${PREFIX}${user}:${at}:${key}`;

/** Keep a press {key, user, url, body, ...}; keeping it again overwrites it in its place. */
export function keep(press) {
  press.at ??= `${String(Date.now()).padStart(14, "0")}.${String(count++).padStart(6, "0")}`;
  try {
    localStorage.setItem(place(press), JSON.stringify(press));
  } catch {
    spare.set(place(press), press);
  }
}

export function forget(press) {
  spare.delete(place(press));
  localStorage.removeItem(place(press));
}

/** Return what the person has pressed and nobody has answered yet, the oldest first. */
export function kept(user) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(`${PREFIX}${user}:`));
  const presses = names.map((name) => localStorage.getItem(name)).filter(Boolean).map((text) => JSON.parse(text));
  const own = [...spare.values()].filter((press) => press.user === user);
  return [...presses, ...own].sort((one, other) => (one.at < other.at ? -1 : 1));
}

/** Say whether closing the page now would lose something. */
export const wouldLose = () => spare.size > 0;
