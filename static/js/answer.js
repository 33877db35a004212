// Ask the server in the page's name, and read the named parts of its answer.
const SECONDS = 15;
const MOST_KEPT_ALIVE = 60_000; // browsers refuse to finish a longer request after its page has gone

let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

/** Return {status, retryAfter, parts, refusal}; throws when the server cannot be reached or takes too long. */
export async function post(url, body) {
  let answer = await send(url, body);
  if (answer.status === 403) { // signed in again elsewhere: this page's token is of the session before
    await get(url);
    answer = await send(url, body);
  }
  return answer;
}

/** Ask for parts without sending anything. */
export const get = (url) => read(fetch(url, { ...common(), method: "GET" }));

/** Send without waiting for an answer, from a page that is being left. */
export function postAndLeave(url, body) {
  fetch(url, { ...common(), method: "POST", body: new URLSearchParams(body), keepalive: true }).catch(() => {});
}

function send(url, fields) {
  const body = new URLSearchParams(fields);
  const keepalive = body.toString().length < MOST_KEPT_ALIVE;
  return read(fetch(url, { ...common(), method: "POST", body, keepalive }));
}

function common() {
  const headers = { "HX-Request": "true", "X-CSRFToken": token };
  return { headers, credentials: "same-origin", signal: AbortSignal.timeout(1000 * SECONDS) };
}

async function read(asked) {
  const response = await asked;
  const parts = {};
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  for (const part of holder.content.querySelectorAll("template[data-part]")) {
    (parts[part.dataset.part] ??= []).push(part);
  }
  token = parts.state?.[0].dataset.token ?? token;
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  return { status: response.status, retryAfter, parts, refusal: holder.content.querySelector("#refusal") };
}
