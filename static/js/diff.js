// The words in which two responses differ, marked where they stand: the texts themselves are not touched.
import { diffArrays } from "../vendor/jsdiff-9.0.0/diff/array.js";

const MILLISECONDS = 1000; // while it counts, nothing else happens on the page
const WORD = /[\p{L}\p{N}_]+|[^\s]/gu;

/** Mark the words that only one of two boxes has; without boxes, take the marks away. */
export function markDifferences(boxes) {
  const marks = globalThis.CSS?.highlights;
  marks?.delete("only-here");
  const said = document.getElementById("differences");
  said.textContent = "";
  if (boxes.length !== 2) return;
  const words = boxes.map(wordsOf);
  const changes = diffArrays(words[0].map(text), words[1].map(text), { timeout: MILLISECONDS });
  if (!changes || !marks) {
    said.textContent = marks ? "These responses are too long and too different to be compared word by word." : "This browser cannot mark words.";
    return;
  }
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
  said.textContent = `${only[0].length} words only in A, ${only[1].length} only in B.`;
}

const text = (word) => word.text;

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
  const range = new StaticRange({
    startContainer: node, startOffset: match.index, endContainer: node, endOffset: match.index + match[0].length,
  });
  return range;
}
