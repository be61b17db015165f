// The list on a plugin's page. It follows the server: what is shown is brought up to date as a whole, unless somebody
// touches it. Or it is read: rows are then updated where they are, and jobs that came or left are announced.

import { onReleased, renewList } from "./list.js";
import { isOpen, leftRows, renewRows, rows, table } from "./rows.js";

const KEY = "tm-reading";
const list = document.getElementById("list");
const news = document.getElementById("news");
const modes = document.getElementById("list-mode");
const language = document.documentElement.lang;
const counted = (one, many, n) => (n === 1 ? one : many.replace("{n}", n.toLocaleString(language)));

// --- follow or read ----------------------------------------------------------------------------------------

const reads = () => sessionStorage.getItem(KEY) === "yes";
const isSelecting = () => document.querySelector("#bulk:not([hidden])") !== null || !getSelection().isCollapsed && list.contains(getSelection().anchorNode);
const isPaused = () => document.getElementById("live-pause")?.getAttribute("aria-pressed") === "true";
const mayPut = () => !isPaused() && (!table() || (!reads() && !isSelecting() && !rows().some(isOpen)));

function showMode() {
  for (const button of modes.querySelectorAll("button")) button.setAttribute("aria-pressed", String((button.value === "read") === reads()));
}

modes.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  sessionStorage.setItem(KEY, button.value === "read" ? "yes" : "no");
  showMode();
  follow();
});
showMode();

let late = false; // whether the list has changed while it could not be put

async function follow() {
  late = !mayPut();
  if (!late) await renewList(() => !(late = !mayPut()));
  if (!late) {
    arrived = 0;
    perhaps = false;
  }
  announce();
}

document.body.addEventListener("tm-rows", (event) => {
  const { live = false, jobs = null, list: whole = true } = event.detail ?? {};
  if (whole && mayPut()) follow();
  else {
    late = late || whole;
    renewRows(live ? jobs : null);
  }
});

// why jobs wait depends on the plugin and its runners, so it can change although the jobs do not
const around = () => document.getElementById("plugin-around").dataset.around;
let before = around();
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id !== "plugin-head" || around() === before) return;
  before = around();
  if (mayPut()) follow();
  else renewRows(null);
});

const catchUp = () => {
  if (late && mayPut()) follow();
};
for (const end of ["hidden.bs.dropdown", "tm-chosen"]) document.addEventListener(end, catchUp);
document.addEventListener("selectionchange", () => getSelection().isCollapsed && catchUp());
onReleased(() => mayPut() && follow());

// --- jobs that came or left while the list is read are announced -------------------------------------------

let arrived = 0;
let perhaps = false;

function announce() {
  const left = reads() || isSelecting() ? leftRows() : 0;
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

document.body.addEventListener("tm-rows-put", announce);

document.body.addEventListener("tm-arrived", (event) => {
  if (mayPut()) return; // they come by themselves
  arrived += event.detail[news.dataset.tab] ?? 0;
  announce();
});

document.body.addEventListener("tm-missed", () => {
  if (mayPut()) return;
  perhaps = true;
  announce();
});

// --- filters: fields left empty are omitted from the address -----------------------------------------------

document.getElementById("filter")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value.trim()) event.formData.delete(name);
});

// on a phone, search and filters come when they are asked for
document.getElementById("filter-toggle").addEventListener("click", (event) => {
  const open = document.getElementById("filter").classList.toggle("tm-open");
  event.currentTarget.setAttribute("aria-expanded", String(open));
  if (open) document.getElementById("q").focus();
});
