// A log-in that ended in the middle of an action: log in within a pop-up of its own, so that what was typed stays.

const HEADERS = { "HX-Request": "true" };

let box = null;

document.body.addEventListener("log-in-needed", () => {
  if (box === null) open();
});

async function open() {
  box = document.createElement("dialog");
  box.className = "tm-dialog p-3";
  document.body.append(box);
  box.addEventListener("close", () => {
    box.remove();
    box = null;
  });
  box.addEventListener("submit", send);
  show(await fetch("/log-in", { headers: HEADERS }));
}

async function send(event) {
  event.preventDefault();
  const form = event.target;
  form.querySelector("button[type=submit]").disabled = true;
  const answer = await fetch("/log-in", { method: "POST", headers: HEADERS, body: new URLSearchParams(new FormData(form)) });
  if (answer.status !== 204) return show(answer);
  const { csrf, go } = JSON.parse(answer.headers.get("HX-Trigger"))["logged-in"];
  if (go) return location.assign(go);
  document.querySelector("meta[name=csrf]").content = csrf;
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = csrf;
  for (const place of document.querySelectorAll(".dialog-problem, #problem")) place.replaceChildren();
  box.close();
  document.body.dispatchEvent(new CustomEvent("logged-in"));
}

async function show(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  box.setAttribute("aria-label", page.querySelector("button[type=submit]")?.textContent ?? "");
  box.replaceChildren(...page.body.childNodes);
  if (!box.open) box.showModal();
  box.querySelector("[autofocus]")?.focus();
}
