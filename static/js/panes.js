// How the texts of a pair are looked at: folded or whole, scrolled together, one side at a time on a phone, with their
// differences or their invisible characters marked.

const SIDE_BY_SIDE = matchMedia("(min-width: 48.01rem)");

let form;
let together = false;

/** Set up the tools and every pair that is shown from now on. */
export function watchPanes(of) {
  form = of;
  form.addEventListener("tiebreak:shown", prepare);
  tool("expand", (on) => { form.toggleAttribute("data-expanded", on); });
  tool("synchronise", (on) => { together = on; });
  tool("diff", async (on) => (await import("./diff.js")).markDifferences(on ? panes().map(text) : []));
  form.addEventListener("click", (event) => {
    const button = event.target.closest(".unfold, [data-side], [data-shows-invisible]");
    if (button?.matches(".unfold")) unfold(button);
    if (button?.matches("[data-side]")) showSide(button);
    if (button?.matches("[data-shows-invisible]")) showInvisible(button);
  });
  form.addEventListener("scroll", follow, { capture: true, passive: true });
}

const panes = () => [...form.querySelectorAll(".responses .pane")];
const text = (pane) => pane.querySelector(".text");

/** Make a button of the toolbar, where there is one, switch something on and off; it stays on from pair to pair. */
function tool(id, work) {
  const button = document.getElementById(id);
  if (!button) return;
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    work(on);
  });
  form.addEventListener("tiebreak:shown", () => { if (id === "diff" && button.getAttribute("aria-pressed") === "true") work(true); });
}

/** Show the response that has not been on screen yet, where they are shown one at a time; return its label or null. */
export function showUnseen() {
  const hidden = [...form.querySelectorAll("[data-side]")].find((button) => !("seen" in button.dataset));
  if (!hidden || getComputedStyle(hidden.parentElement).display === "none") return null;
  showSide(hidden);
  return hidden.dataset.side;
}

/** Lay out the beginnings of long responses alone: the frame that shows a pair does not wait for what lies below. */
export function showBeginnings() {
  form.dataset.beginnings = "";
}

/** Lay out the rest, as soon as the page has nothing else to do. */
export function showRest() {
  whenIdle(() => {
    delete form.dataset.beginnings;
    offerUnfolding();
  });
}

const whenIdle = (work) => (globalThis.requestIdleCallback ? requestIdleCallback(work, { timeout: 200 }) : setTimeout(work));

function offerUnfolding() {
  const buttons = [...form.querySelectorAll("#sheet .unfold")];
  const panes = buttons.map((button) => button.parentElement.querySelector(".pane"));
  const isWhole = panes.map((pane) => pane.scrollHeight <= pane.clientHeight + 1); // all is read before anything is written
  buttons.forEach((button, n) => { button.hidden = isWhole[n] && button.getAttribute("aria-expanded") === "false"; });
}

function prepare() {
  offerUnfolding();
  const turns = form.querySelector(".turns");
  if (turns) turns.scrollTop += turns.querySelector(".latest").getBoundingClientRect().top - turns.getBoundingClientRect().top;
  const sides = form.querySelector(".sides");
  if (sides) sides.hidden = false;
  const first = form.querySelector("[data-side]");
  if (first) showSide(first);
}

function unfold(button) {
  const unfolded = button.parentElement.classList.toggle("unfolded");
  button.textContent = unfolded ? "Show less" : "Show all";
  button.setAttribute("aria-expanded", String(unfolded));
}

/** On a narrow screen one response is shown at a time; style sheets decide what is narrow. */
function showSide(button) {
  for (const other of form.querySelectorAll("[data-side]")) other.setAttribute("aria-pressed", String(other === button));
  form.dataset.side = button.dataset.side;
  button.dataset.seen = "";
}

async function showInvisible(button) {
  const { markInvisible } = await import("./invisible.js");
  const on = button.getAttribute("aria-pressed") !== "true";
  for (const other of form.querySelectorAll("#sheet [data-shows-invisible]")) other.setAttribute("aria-pressed", String(on));
  markInvisible([...form.querySelectorAll("#sheet .text")], on);
}

let led = null; // the pane that was scrolled by us, whose own event is to be passed over

function follow({ target }) {
  if (!together || !SIDE_BY_SIDE.matches || !panes().includes(target)) return;
  if (led === target) return void (led = null);
  const share = target.scrollTop / Math.max(1, target.scrollHeight - target.clientHeight);
  for (const other of panes()) {
    if (other === target) continue;
    const top = Math.round(share * (other.scrollHeight - other.clientHeight));
    if (Math.abs(other.scrollTop - top) < 1) continue;
    led = other;
    other.scrollTop = top;
  }
}
