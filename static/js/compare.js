// The compare screen: keys, arming, and a badge that says "Saved" only when the server has said so.
(() => {
  "use strict";

  const RETRY_MS = [1000, 2000, 4000, 8000, 15000];
  const TOAST_MS = 10000;

  let armed = false; // true once the pair on screen has been painted and nothing is on its way
  let shownAt = "";
  let decidedAt = "";
  let pressed = null; // the button whose press is on its way or waits for the server
  let failures = 0;
  let retryTimer = 0;
  let toastTimer = 0;

  const form = () => document.getElementById("pair");

  function say(state, text) {
    const badge = document.getElementById("saving");
    badge.dataset.state = state;
    badge.textContent = text;
  }

  function tell(text) {
    const note = document.createElement("p");
    note.className = "note warning";
    note.textContent = text;
    document.getElementById("message").replaceChildren(note);
  }

  function arm() {
    requestAnimationFrame(() => requestAnimationFrame(() => {
      armed = true;
      shownAt = new Date().toISOString();
      form().dataset.armed = "true";
    }));
  }

  function show() {
    pressed = null;
    failures = 0;
    decidedAt = "";
    window.scrollTo(0, 0);
    fold();
    watchPrompt();
    arm();
  }

  function fold() {
    const turns = document.getElementById("turns");
    const button = document.querySelector("#pair .unfold");
    if (!turns || turns.scrollHeight <= turns.clientHeight + 1) return;
    turns.scrollTop = turns.querySelector(".latest").offsetTop - turns.offsetTop;
    button.hidden = false;
    button.addEventListener("click", () => {
      const unfolded = button.closest(".prompt").classList.toggle("unfolded");
      button.textContent = unfolded ? "Show less" : "Show all";
      button.setAttribute("aria-expanded", String(unfolded));
    });
  }

  // The captions A and B stay in sight below the pinned prompt, whatever its height.
  const promptHeight = new ResizeObserver(([{ target }]) => {
    const pinned = getComputedStyle(target).position === "sticky" ? target.offsetHeight : 0;
    form().style.setProperty("--prompt-height", `${pinned}px`);
  });

  function watchPrompt() {
    promptHeight.disconnect();
    const prompt = document.querySelector("#pair .prompt");
    if (prompt) promptHeight.observe(prompt);
  }

  function fadeToast() {
    clearTimeout(toastTimer);
    const toast = document.querySelector("#message .success");
    if (toast) toastTimer = setTimeout(() => toast.remove(), TOAST_MS);
  }

  function retryLater() {
    clearTimeout(retryTimer);
    const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] * (0.75 + Math.random() / 2);
    failures += 1;
    say("waiting", navigator.onLine ? "1 waiting" : "Offline · 1 waiting");
    tell("Your verdict is kept on this page and is sent as soon as the server answers. Leave the page open.");
    retryTimer = setTimeout(retry, wait);
  }

  function retry() {
    if (!pressed || !pressed.isConnected) return;
    armed = true; // the same pair, the same client_key: the server stores it once
    pressed.click();
  }

  function typing(element) {
    return element.closest("input, textarea, select, [contenteditable]") !== null;
  }

  function buttonFor(key) {
    const dialog = document.querySelector("#skip:popover-open");
    const buttons = (dialog ?? form()).querySelectorAll("[aria-keyshortcuts]:not(:disabled)");
    const names = (button) => button.getAttribute("aria-keyshortcuts").toLowerCase().split(" ");
    return [...buttons].find((button) => names(button).includes(key) && (dialog || !button.closest("#skip")));
  }

  document.addEventListener("keydown", (event) => {
    const inPair = event.target.closest("#pair button");
    if (event.repeat && inPair && (event.key === "Enter" || event.key === " ")) event.preventDefault();
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const button = typing(event.target) ? undefined : buttonFor(event.key.toLowerCase());
    if (!button) return;
    event.preventDefault();
    if (armed) button.click();
  });

  // Nobody judges what they have not seen: a second click of a double click lands on the pair that came after.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#pair button");
    if (!button || button.type !== "submit") return;
    if (armed && event.detail < 2) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target !== form()) return;
    decidedAt ||= new Date().toISOString();
    event.detail.parameters.shown_at = shownAt;
    event.detail.parameters.decided_at = decidedAt;
  });

  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.target !== form()) return;
    armed = false;
    pressed = event.detail.requestConfig.triggeringEvent?.submitter ?? null;
    pressed?.classList.add("pressed");
    document.querySelector("#skip:popover-open")?.hidePopover();
    say("saving", "Saving");
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "pair") return;
    show();
    if (event.detail.requestConfig.verb === "post") say("saved", "Saved");
  });

  document.addEventListener("htmx:oobAfterSwap", fadeToast);

  // The toast's button does what the bar's does; without a script it submits the form by itself.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clicks]");
    if (!button) return;
    event.preventDefault();
    document.getElementById(button.dataset.clicks)?.click();
  });

  for (const unreached of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(unreached, (event) => { if (event.target === form()) retryLater(); });
  }

  document.addEventListener("htmx:responseError", (event) => {
    if (event.target !== form()) return;
    if (event.detail.xhr.status >= 500) return retryLater();
    pressed?.classList.remove("pressed");
    pressed = null;
    decidedAt = "";
    armed = true;
    say("unsaved", "Not saved");
  });

  window.addEventListener("online", () => { if (failures) retry(); });
  window.addEventListener("beforeunload", (event) => { if (pressed) event.preventDefault(); });
  document.addEventListener("DOMContentLoaded", () => { show(); fadeToast(); });
})();
