// Compares two lists of words beside the page, which meanwhile scrolls and takes keys.
import { diffArrays } from "../vendor/jsdiff-9.0.0/diff/array.js";

const MILLISECONDS = 3000; // what differs everywhere takes the square of its length, and tells nobody anything

addEventListener("message", ({ data: [one, other] }) => {
  const changes = diffArrays(one, other, { timeout: MILLISECONDS });
  postMessage(changes?.map(({ added, removed, count }) => ({ added, removed, count })) ?? null);
});
