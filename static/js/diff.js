// The words in which two responses differ, marked where they stand: the texts themselves are not touched.
const WORD = /[\p{L}\p{N}_]+|[^\s]/gu;
const TOO_DIFFERENT = "These responses are too long and too different to be compared word by word.";

const marks = globalThis.CSS?.highlights;
const said = document.getElementById("differences");
let worker = null;

/** Mark the words that only one of two boxes has, as soon as they are known; without boxes, take the marks away. */
export function markDifferences(boxes) {
  worker?.terminate(); // it may still be at work on the pair before
  worker = null;
  marks?.delete("only-here");
  said.textContent = "";
  if (boxes.length !== 2) return;
  if (!marks) return say("This browser cannot mark words.");
  const words = boxes.map(wordsOf);
  say("Comparing word by word …");
  worker = new Worker(document.getElementById("diff").dataset.worker, { type: "module" });
  worker.addEventListener("message", ({ data: changes }) => (changes ? mark(words, changes) : say(TOO_DIFFERENT)));
  worker.addEventListener("error", () => say("The words could not be compared. Reload the page to try again."));
  worker.postMessage(words.map((list) => list.map(({ text }) => text)));
}

function mark(words, changes) {
  const places = [0, 0];
  const only = [[], []];
  for (const change of changes) {
    const sides = change.added ? [1] : change.removed ? [0] : [0, 1];
    for (const side of sides) {
      if (sides.length === 1) only[side].push(...words[side].slice(places[side], places[side] + change.count));
      places[side] += change.count;
    }
  }
  marks.set("only-here", new Highlight(...only.flat().map(({ range }) => range())));
  say(`${only[0].length} words only in A, ${only[1].length} only in B.`);
}

function say(text) {
  said.textContent = text;
}

function wordsOf(box) {
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  const words = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const match of node.data.matchAll(WORD)) words.push({ text: match[0], range: () => rangeOf(node, match) });
  }
  return words;
}

function rangeOf(node, match) {
  return new StaticRange({
    startContainer: node, startOffset: match.index, endContainer: node, endOffset: match.index + match[0].length,
  });
}
