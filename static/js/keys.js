// A key presses the control that names it in `aria-keyshortcuts`. Which control may be meant depends on where one is: in
// an open dialog its own alone; else the first unfinished [data-key-scope], then whatever stands outside of any.

const form = document.getElementById("pair");
const open = () => document.querySelector("dialog[open], [popover]:popover-open");

/** Press controls by key for as long as the page lives, and leave a closed dialog for its control; `isArmed` says whether what is on screen has been painted. */
export function listen(isArmed) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (isTyping(event.target)) return sendFromField(event);
    if (event.repeat) return dropHeldPress(event);
    if (scrolls(event)) return;
    const control = controlFor(nameOf(event));
    if (!control) return;
    event.preventDefault();
    if (isArmed() || open()) control.click();
  });
  document.addEventListener("beforetoggle", ({ target, newState }) => {
    const isLeft = newState === "closed" && target.contains(document.activeElement);
    if (isLeft) document.querySelector(`[popovertarget="${target.id}"]`)?.focus({ preventScroll: true });
  }, true);
  form.addEventListener("change", (event) => {
    event.target.closest("[data-key-scope]")?.setAttribute("data-done", "");
  });
}

/** Make every scope's keys live again, for a new pair. */
export function resetScopes() {
  for (const scope of form.querySelectorAll("[data-done]")) scope.removeAttribute("data-done");
}

/** Return the key with its held modifiers, as `aria-keyshortcuts` writes it. Shift is part of what a character is. */
function nameOf(event) {
  const held = [["Control", event.ctrlKey], ["Alt", event.altKey], ["Meta", event.metaKey]];
  const shifted = event.shiftKey && (/^[a-z]$/i.test(event.key) || event.key.length > 1);
  const names = held.filter(([, isHeld]) => isHeld).map(([name]) => name);
  return [...names, ...(shifted ? ["Shift"] : []), event.key].join("+").toLowerCase();
}

function controlFor(name) {
  const controls = [...(open() ?? form).querySelectorAll("[aria-keyshortcuts]:not(:disabled)")];
  const named = controls.filter((control) => keysOf(control).includes(name));
  if (open()) return named[0];
  const scope = form.querySelector("[data-key-scope]:not([data-done])");
  const outside = named.filter((control) => !control.closest("[data-key-scope], [popover]"));
  return named.find((control) => scope?.contains(control)) ?? outside[0];
}

const keysOf = (control) => control.getAttribute("aria-keyshortcuts").toLowerCase().split(" ");

function isTyping(element) {
  const field = element.closest("input, textarea, select, [contenteditable]");
  return Boolean(field) && !["radio", "checkbox", "button"].includes(field.type);
}

/** An arrow key inside a box that can scroll that way scrolls it. */
function scrolls({ key, target }) {
  const box = target.closest(".pane, pre, .table, .formula");
  if (!box || !key.startsWith("Arrow")) return false;
  const isUpright = key === "ArrowUp" || key === "ArrowDown";
  return isUpright ? box.scrollHeight > box.clientHeight : box.scrollWidth > box.clientWidth;
}

/** Ctrl/Cmd+Enter in a text field presses the button that sends it; a bare Enter never presses a verdict. */
function sendFromField(event) {
  if (event.key !== "Enter" || event.target.closest("#pair") === null) return;
  const sends = (open() ?? form).querySelector("[data-sends]:not(:disabled)");
  if (event.ctrlKey || event.metaKey) sends?.click();
  if (event.ctrlKey || event.metaKey || event.target.matches("input")) event.preventDefault();
}

/** A key that is held down presses its button once, also where the browser itself would press it again. */
function dropHeldPress(event) {
  if ((event.key === "Enter" || event.key === " ") && event.target.closest("#pair button")) event.preventDefault();
}
