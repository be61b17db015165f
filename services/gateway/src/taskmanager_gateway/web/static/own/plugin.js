// The list on a plugin's page: rows are updated in place and new ones announced, without disturbing the user.

const table = document.getElementById("jobs");
const rows = document.getElementById("rows");
const news = document.getElementById("news");
const language = document.documentElement.lang;
const counted = (one, many, n) => (n === 1 ? one : many.replace("{n}", n.toLocaleString(language)));

// --- updating rows in place --------------------------------------------------------------------------------

const shownIds = () => [...rows.querySelectorAll("tr[data-job]")].map((row) => row.dataset.job);
const isOpen = (row) => row.querySelector(".dropdown-menu.show, details[open]") !== null;
const owed = new Set(); // jobs that changed while their menu was open
let asking = false;
let again = null; // jobs that changed while a request was in progress

const quiet = {
  // keep what the user ticked
  beforeAttributeUpdated: (name, node) => !(name === "checked" && node.matches("input")),
};

async function renew(jobs) {
  if (!table) return;
  const shown = shownIds();
  const changed = jobs === null ? shown : shown.filter((id) => jobs.includes(id));
  if (!changed.length) return;
  if (asking) {
    again = again === null ? new Set(changed) : again.union?.(new Set(changed)) ?? new Set([...again, ...changed]);
    return;
  }
  asking = true;
  try {
    await fetchRows(shown, changed);
  } finally {
    asking = false;
    if (again !== null) {
      const next = [...again];
      again = null;
      renew(next);
    }
  }
}

async function fetchRows(shown, changed) {
  const body = new URLSearchParams({
    shown: shown.join(" "),
    changed: changed.join(" "),
    tab: table.dataset.tab,
    in_turn: table.dataset.inTurn,
  });
  const headers = { "HX-Request": "true", "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  let answer;
  try {
    answer = await fetch(table.dataset.rows, { method: "POST", body, headers });
  } catch {
    return; // no connection: live.js says so, and refreshes everything once it is back
  }
  if (answer.status === 401) document.body.dispatchEvent(new CustomEvent("log-in-ended"));
  if (answer.ok) put(await answer.text());
}

function put(html) {
  const box = document.createElement("template");
  box.innerHTML = html;
  for (const fresh of box.content.querySelectorAll("tr")) {
    if (fresh.dataset.job) putRow(fresh);
    else if (fresh.dataset.gone) putGone(fresh);
    else putPlace(fresh);
  }
  document.body.dispatchEvent(new CustomEvent("tm-rows-put"));
  announce();
}

function putRow(fresh) {
  const row = document.getElementById(fresh.id);
  if (!row) return;
  if (isOpen(row)) return void owed.add(row.dataset.job);
  Idiomorph.morph(row, fresh, { morphStyle: "outerHTML", callbacks: quiet });
  htmx.process(document.getElementById(fresh.id));
}

function putGone(fresh) {
  const row = rows.querySelector(`tr[data-job="${CSS.escape(fresh.dataset.gone)}"]`);
  if (!row || row.classList.contains("tm-left")) return;
  row.classList.add("tm-left");
  const note = document.createElement("span");
  note.className = "tm-moved";
  note.textContent = fresh.textContent.trim();
  row.querySelector(".tm-state").replaceChildren(note);
}

function putPlace(fresh) {
  const cell = rows.querySelector(`tr[data-status="STARTED"] [data-place="${CSS.escape(fresh.dataset.placeOf)}"]`);
  const place = fresh.textContent.trim();
  if (cell && cell.textContent.trim() !== place) cell.textContent = place;
}

document.body.addEventListener("tm-rows", (event) => renew(event.detail?.live ? event.detail.jobs : null));

// why jobs wait depends on the plugin and its runners, so it can change although the jobs do not
const around = () => document.getElementById("plugin-around").dataset.around;
let before = around();
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "plugin-head" || around() === before) return;
  before = around();
  renew(null);
});

document.addEventListener("hidden.bs.dropdown", () => {
  if (!owed.size) return;
  const late = [...owed];
  owed.clear();
  renew(late);
});

// --- jobs that came or left are announced, not added or removed --------------------------------------------

let arrived = 0;
let perhaps = false;

function announce() {
  const left = rows ? rows.querySelectorAll("tr.tm-left").length : 0;
  const said = [];
  const text = news.dataset;
  if (arrived && text.filtered === "yes") said.push(text.match);
  else if (arrived) said.push(counted(text.newOne, text.newMany, arrived));
  else if (perhaps) said.push(text.may);
  if (left) said.push(counted(text.leftOne, text.leftMany, left));
  news.hidden = !said.length;
  const sentence = said.join(" ");
  const place = document.getElementById("news-text");
  if (place.textContent !== sentence) place.textContent = sentence;
}

document.body.addEventListener("tm-arrived", (event) => {
  arrived += event.detail[news.dataset.tab] ?? 0;
  announce();
});

document.body.addEventListener("tm-missed", () => {
  perhaps = true;
  announce();
});

// --- filters: fields left empty are omitted from the address -----------------------------------------------

document.getElementById("filter")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value.trim()) event.formData.delete(name);
});
