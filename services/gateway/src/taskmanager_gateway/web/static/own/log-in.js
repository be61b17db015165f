// Logging in again in a pop-up when the session has ended, or is too old for a change, so that nothing typed is lost.
//
// Only a user action opens it. Parts that refresh themselves stop, and a line at the top of the page says so.

import { inBackground } from "./app.js";

const HEADERS = { "HX-Request": "true" };
const note = document.getElementById("logged-out");

let box = null;
let ended = false;

document.body.addEventListener("log-in-needed", (event) => {
  end();
  if (!inBackground(event.target)) ask();
});

document.body.addEventListener("fresh-log-in-needed", ask); // the session is still valid, so the page keeps working
document.body.addEventListener("log-in-ended", end);
document.getElementById("log-in-again")?.addEventListener("click", ask);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (ended && inBackground(event.detail.elt)) event.preventDefault();
});

function end() {
  if (ended) return;
  ended = true;
  if (note) note.hidden = false;
  document.body.dispatchEvent(new CustomEvent("logged-out"));
}

function ask() {
  if (box !== null) return;
  box = document.createElement("dialog");
  box.className = "tm-dialog tm-log-in-again";
  box.setAttribute("aria-labelledby", "log-in-title");
  document.body.append(box);
  box.addEventListener("close", () => {
    box.remove();
    box = null;
  });
  box.addEventListener("click", (event) => event.target.closest("[data-close]") && box.close());
  box.addEventListener("submit", send);
  const here = encodeURIComponent(location.pathname + location.search);
  talk(() => fetch(`/log-in?next=${here}`, { headers: HEADERS }));
}

function send(event) {
  event.preventDefault();
  const form = event.target;
  const body = new URLSearchParams(new FormData(form));
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  talk(() => fetch("/log-in", { method: "POST", headers: HEADERS, body })).finally(() => (button.disabled = false));
}

async function talk(request) {
  const mine = box;
  let answer;
  try {
    answer = await request();
  } catch {
    return fail(mine); // no connection
  }
  if (box !== mine) return; // closed in the meantime
  if (answer.status === 204) return go(JSON.parse(answer.headers.get("HX-Trigger"))["logged-in"]);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("form")) return fail(mine, page.body.childNodes);
  mine.replaceChildren(...page.body.childNodes);
  if (!mine.open) mine.showModal();
  mine.querySelector("[autofocus]")?.focus();
}

function go({ csrf, user, address }) {
  const proof = document.querySelector("meta[name=csrf]");
  box.close();
  if (address) return location.assign(address);
  if (user !== proof.dataset.user) return location.reload(); // another user may see and do other things
  proof.content = csrf;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
  for (const place of document.querySelectorAll(".dialog-problem, #problem")) place.replaceChildren();
  ended = false;
  if (note) note.hidden = true;
  document.body.dispatchEvent(new CustomEvent("logged-in"));
}

// the form could not be loaded or sent: say so in the pop-up if it is open; otherwise the line at the top remains
function fail(mine, said = null) {
  if (box !== mine) return;
  const place = mine.querySelector(".dialog-problem");
  if (!place) return mine.close();
  if (said) place.replaceChildren(...said);
  else place.textContent = note?.dataset.failed ?? "";
}
