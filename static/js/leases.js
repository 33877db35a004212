// Keep the pairs that somebody is looking at, and let go of them when the page is left.
import { get, post, postAndLeave } from "./answer.js";

const AFTER_LOAD_MS = 3000;
const LEFT = "tiebreak:left";

/** Renew while the page can be seen; `ids` returns the pairs to let go of, `take` reads what the server answers. */
export function holdLeases({ url, seconds, ids, take }) {
  const renew = () => {
    if (!document.hidden && ids().length) post(url, [["renew", "1"], ...have(ids())]).then(take, () => {});
  };
  setTimeout(renew, AFTER_LOAD_MS);
  setInterval(renew, (1000 * seconds) / 3);
  document.addEventListener("visibilitychange", renew);
  addEventListener("pageshow", (event) => { if (event.persisted) renew(); });
  addEventListener("storage", (event) => { if (event.key === LEFT) renew(); }); // another tab has let go of the same pairs
  addEventListener("pagehide", () => leave(url, ids()));
}

function leave(url, ids) {
  if (!ids.length) return;
  postAndLeave(url, ids.map((id) => ["leave", id]));
  try {
    localStorage.setItem(LEFT, String(Date.now()));
  } catch {
    // a browser without storage tells no other tab: their pairs come back to them with their next renewal
  }
}

/** Look for a pair again after the time that the waiting state names, for as long as it is on screen and can be seen. */
export function lookAgain({ url, ids, take }) {
  const panel = () => document.querySelector("#sheet [data-poll-after]");
  let asked = performance.now();
  setInterval(() => {
    countDown();
    const due = panel() && performance.now() - asked > 1000 * Number(panel().dataset.pollAfter);
    if (!due || document.hidden) return;
    asked = performance.now();
    get(`${url}?${new URLSearchParams(have(ids()))}`).then(take, () => {});
  }, 1000);
}

function countDown() {
  for (const clock of document.querySelectorAll("#sheet [data-counts-down]")) {
    const left = Math.max(1, Number(clock.dataset.countsDown) - 1);
    clock.dataset.countsDown = String(left);
    clock.textContent = left >= 120 ? `${Math.floor(left / 60)} min` : `${left} s`;
  }
}

const have = (ids) => ids.map((id) => ["have", id]);
