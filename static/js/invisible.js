// Characters that take no room or reorder what follows them, marked where they stand.
const INVISIBLE = /[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\u{e0000}-\u{e0fff}]/gu;

/** Put a mark with its code in place of every invisible character in the boxes, or the characters back. */
export function markInvisible(boxes, on) {
  for (const box of boxes) {
    if (on) textsOf(box).forEach(mark);
    else box.querySelectorAll(".code-point").forEach((made) => made.replaceWith(made.dataset.character));
    box.normalize();
  }
}

function textsOf(box) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  return found;
}

/** Without the character itself what follows stands in the order in which it was written. */
function mark(node) {
  for (const { 0: character, index } of [...node.data.matchAll(INVISIBLE)].reverse()) {
    const made = document.createElement("span");
    made.className = "code-point";
    made.dataset.character = character;
    made.textContent = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
    const after = node.splitText(index);
    after.deleteData(0, character.length);
    after.before(made);
  }
}
