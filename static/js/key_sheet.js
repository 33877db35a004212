// The list of keys, made from the controls themselves, so that it says what they do.
const PRINTED = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Control: "Ctrl", Meta: "Cmd" };

/** Fill the list with every control of the page that has keys; those of dialogs under the dialog's title. */
export function buildKeySheet() {
  const list = document.createElement("dl");
  document.querySelector("#keys dl")?.remove();
  document.querySelector("#keys h2").after(list);
  const controls = [...document.querySelectorAll("#pair [aria-keyshortcuts]")];
  const outside = controls.filter((control) => !control.closest("[popover]"));
  const verdictsFirst = outside.sort((one, other) => Boolean(other.closest(".bar")) - Boolean(one.closest(".bar")));
  list.replaceChildren(...verdictsFirst.map(row));
  for (const dialog of document.querySelectorAll("#pair [popover]")) {
    const inside = controls.filter((control) => dialog.contains(control));
    if (inside.length) list.append(group(inside, dialog.querySelector("h2").textContent));
  }
}

function row(control) {
  const line = document.createElement("div");
  const term = document.createElement("dt");
  term.append(...control.getAttribute("aria-keyshortcuts").split(" ").map(cap));
  const meaning = document.createElement("dd");
  meaning.textContent = nameOf(control);
  line.append(term, meaning);
  return line;
}

function group(controls, title) {
  const line = document.createElement("div");
  const term = document.createElement("dt");
  term.append(cap("1"), "–", cap(String(controls.length)));
  const meaning = document.createElement("dd");
  meaning.textContent = title;
  line.append(term, meaning);
  return line;
}

function cap(keys) {
  const made = document.createElement("kbd");
  made.textContent = keys.split("+").map((key) => PRINTED[key] ?? key).join(" ");
  return made;
}

function nameOf(control) {
  if (control.ariaLabel) return control.ariaLabel;
  const copy = control.cloneNode(true);
  copy.querySelectorAll("kbd").forEach((key) => key.remove());
  return copy.textContent.trim().replace(/\s+/g, " ");
}
