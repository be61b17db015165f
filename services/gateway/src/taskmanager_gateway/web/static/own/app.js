// What every page needs: pop-ups, toasts, and the CSRF token, which proves that a change comes from our own page.

import { rememberOpener, returnFocus } from "./focus.js";

const dialog = document.getElementById("dialog");
const body = document.getElementById("dialog-body");

// --- pop-ups: anything htmx swaps into the dialog opens it -------------------------------------------------

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== body || !body.childElementCount || dialog.open) return;
  const { elt, triggeringEvent } = event.detail.requestConfig;
  rememberOpener(elt, triggeringEvent?.submitter);
  dialog.showModal();
});

dialog.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) dialog.close();
});

dialog.addEventListener("close", () => {
  body.replaceChildren();
  returnFocus();
  document.body.dispatchEvent(new CustomEvent("tm-closed"));
});

document.body.addEventListener("tm-close", () => dialog.close());

// a link to a pop-up is still a link: with a modifier key held down, its address opens in a new tab or window
document.addEventListener(
  "click",
  (event) => {
    const held = event.ctrlKey || event.metaKey || event.shiftKey;
    if (held && event.target.closest("a[href][hx-get]")) event.stopPropagation();
  },
  true,
);

// --- errors: shown where the user acted --------------------------------------------------------------------

// parts of the page that refresh themselves: their errors are not the result of anything the user did
export const inBackground = (element) => /tm-|every /.test(element.getAttribute("hx-trigger") ?? "");

const problemPlace = () => (dialog.open && dialog.querySelector(".dialog-problem")) || document.getElementById("problem");

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status < 400) return;
  if (inBackground(event.detail.requestConfig.elt)) {
    event.detail.shouldSwap = false;
    return;
  }
  const place = problemPlace();
  event.detail.target = place;
  event.detail.swapOverride = "innerHTML";
  place.scrollIntoView({ block: "nearest" });
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (inBackground(event.detail.elt)) return;
  for (const place of document.querySelectorAll(".dialog-problem, #problem")) place.replaceChildren();
});

// parts that refresh themselves every few seconds pause while the page is hidden
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && inBackground(event.detail.elt)) event.preventDefault();
});

document.addEventListener("htmx:sendError", (event) => {
  if (inBackground(event.detail.elt)) return;
  const place = problemPlace();
  const line = document.createElement("p");
  line.className = "alert alert-danger";
  line.textContent = document.getElementById("problem").dataset.silent;
  place.replaceChildren(line);
  place.scrollIntoView({ block: "nearest" });
});

// --- what the user has typed, ticked or opened is kept when the part around it is refreshed ----------------

Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) =>
  !(["value", "checked"].includes(name) && element.matches("input:not([type=hidden]), textarea")) &&
  !(name === "open" && element.matches("details"));

// --- toasts ------------------------------------------------------------------------------------------------

const TOAST_MILLISECONDS = 6000;

export function toast(message, tone = "success") {
  const box = document.createElement("div");
  box.className = `toast align-items-center text-bg-${tone} border-0`;
  const line = document.createElement("div");
  line.className = "toast-body";
  line.textContent = message;
  box.append(line);
  document.getElementById("toasts").append(box);
  const shown = new bootstrap.Toast(box, { delay: TOAST_MILLISECONDS });
  box.addEventListener("hidden.bs.toast", () => box.remove());
  shown.show();
}

document.body.addEventListener("tm-toast", (event) => toast(event.detail.message, event.detail.tone));

// --- CSRF --------------------------------------------------------------------------------------------------

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = document.querySelector("meta[name=csrf]").content;
});

// --- a double click submits once: a form's buttons are disabled while it is being sent ---------------------

document.addEventListener("htmx:beforeRequest", (event) => setBusy(event.target, true));
document.addEventListener("htmx:afterRequest", (event) => setBusy(event.target, false));

let pressed = null; // a disabled button loses the focus; it is restored afterwards

function setBusy(element, busy) {
  if (!(element instanceof HTMLFormElement)) return;
  if (busy) pressed = element.contains(document.activeElement) ? document.activeElement : null;
  for (const button of element.querySelectorAll("button[type=submit]")) button.disabled = busy;
  if (!busy && pressed?.isConnected && document.activeElement === document.body) pressed.focus();
}
