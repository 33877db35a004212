// Characters that take no room or reorder what follows them, marked where they stand.
const INVISIBLE = /[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;

/** Put a mark with its code before every invisible character in the boxes, or take the marks away. */
export function markInvisible(boxes, on) {
  for (const box of boxes) {
    box.querySelectorAll(".code-point").forEach((mark) => mark.remove());
    if (on) textsOf(box).forEach(mark);
    else box.normalize();
  }
}

function textsOf(box) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

function mark(node) {
  const places = [...node.data.matchAll(INVISIBLE)].map((match) => match.index).reverse();
  for (const place of places) {
    const made = document.createElement("span");
    made.className = "code-point";
    made.textContent = `U+${node.data.codePointAt(place).toString(16).toUpperCase().padStart(4, "0")}`;
    node.splitText(place).before(made);
  }
}
