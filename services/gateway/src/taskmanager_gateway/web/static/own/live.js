// Follows changes on the server, makes the parts of the page refresh themselves, and shows whether it is connected.
//
// One event stream is open while the page is visible and not paused. Its messages become events on the body:
// tm-counts, tm-rows, tm-job, tm-operations, tm-reports, tm-letters, tm-access. `detail.jobs`: ids of changed jobs, null for all;
// `detail.list`: whether jobs may have come into a list, left it, or changed their places in it.
// tm-failed: how many jobs came into the tab Error, by plugin; also while the page is hidden, if its user wants to be told.
// tm-arrived: the number of new jobs in each tab; tm-missed: there may be new jobs that were not announced.
// Everything is read again after each connection, because no event is replayed.

import { tells } from "./tell.js";

const RENEW_MILLISECONDS = 1000; // minimum interval between refreshes of rows
const COUNTS_MILLISECONDS = 2000; // the same for menus and totals, which every open page requests
const RETRY_MILLISECONDS = 1000;
const RETRY_MOST_MILLISECONDS = 30000;
const SILENCE_MILLISECONDS = 10000; // between two refreshes of what causes no event
const STABLE_MILLISECONDS = 5000; // a connection that lasted this long resets the retry delay

const box = document.getElementById("live"); // missing for users without the right to read
const word = document.getElementById("live-state");
const button = document.getElementById("live-pause");
const plugin = document.body.dataset.livePlugin;
const address = plugin ? `/ui/live?plugin=${encodeURIComponent(plugin)}` : "/ui/live";

let source = null;
let failures = 0;
let heard = false; // whether there has been a connection before
let retry = null;
let loggedOut = false;
let paused = sessionStorage.getItem("tm-paused") === "yes";

const say = (name, detail = {}) => document.body.dispatchEvent(new CustomEvent(name, { detail }));

// --- refreshes are throttled: the first is immediate, later changes are combined ---------------------------

function paced(milliseconds, act) {
  let news = null;
  let timer = null;
  const tell = () => {
    timer = null;
    const told = news;
    news = null;
    if (told === null || !shown()) return; // when the page is shown or resumed, everything is read again
    timer = setTimeout(tell, milliseconds);
    act(told);
  };
  return (add) => {
    news = add(news);
    if (timer === null) tell();
  };
}

// the union of ids of jobs; null stands for all jobs
const union = (before, more, list = true) => ({
  list: list || Boolean(before?.list),
  all: more === null || Boolean(before?.all),
  ids: more === null || before?.all ? [] : [...new Set([...(before?.ids ?? []), ...more])],
});

// once more after the last change: totals read for another page a moment earlier may not include it
let settle = null;
const tellCounts = paced(COUNTS_MILLISECONDS, () => {
  clearTimeout(settle);
  settle = setTimeout(() => shown() && say("tm-counts", { live: true }), COUNTS_MILLISECONDS + 500);
  say("tm-counts", { live: true });
});
const tellRows = paced(RENEW_MILLISECONDS, (news) => {
  const jobs = news.all ? null : news.ids;
  say("tm-rows", { live: true, jobs, list: news.list });
  const shown = [...document.querySelectorAll("[data-live-job]")].map((one) => one.dataset.liveJob);
  if (jobs === null || !shown.length || shown.some((id) => jobs.includes(id))) say("tm-job", { live: true, jobs });
});
const tellOperations = paced(RENEW_MILLISECONDS, () => say("tm-operations", { live: true }));

function renewAll() {
  tellCounts(() => true);
  tellRows((before) => union(before, null));
  tellOperations(() => true);
  say("tm-reports", { live: true });
  say("tm-letters", { live: true });
  say("tm-access", { live: true }); // when users or tokens change, the server ends every stream
}

// whether a list can look different now: jobs that only make progress stay where they are
const WAITS = ["STARTED", "PAUSED"];
const changesLists = (digest) => digest.many || digest.counts || digest.jobs.some((one) => WAITS.includes(one.status));

// what came into the tab Error, by plugin
function failedIn(digest) {
  const seen = digest.plugins ?? { [digest.name]: digest };
  const counts = Object.entries(seen).map(([name, one]) => [name, one.arrived?.error ?? 0]);
  return Object.fromEntries(counts.filter(([, jobs]) => jobs));
}

function hear(digest) {
  const failed = failedIn(digest);
  if (Object.keys(failed).length) say("tm-failed", failed);
  if (digest.plugins) {
    tellCounts(() => true);
    tellRows((before) => union(before, []));
  } else {
    if (digest.counts || digest.plugin || digest.many) tellCounts(() => true);
    if (digest.jobs.length || digest.many) {
      const jobs = digest.many ? null : digest.jobs.map((one) => one.job);
      tellRows((before) => union(before, jobs, changesLists(digest)));
    }
    if (Object.keys(digest.arrived ?? {}).length) say("tm-arrived", digest.arrived);
  }
  if (digest.operations.length) tellOperations(() => true);
}

// no event says that a runner has stopped sending heartbeats, so the counts are also refreshed at intervals
setInterval(() => source && tellCounts(() => true), SILENCE_MILLISECONDS);

// --- the connection ----------------------------------------------------------------------------------------

function wanted() {
  return box && !paused && !loggedOut && (document.visibilityState === "visible" || tells());
}

// whether refreshing is of use: a hidden page that tells only listens
function shown() {
  return wanted() && document.visibilityState === "visible";
}

function follow() {
  clearTimeout(retry);
  retry = null;
  if (!wanted()) return end();
  if (source) return;
  const mine = new EventSource(address);
  let opened = 0;
  source = mine;
  mine.addEventListener("open", () => {
    opened = Date.now();
    show("live");
    if (heard) say("tm-missed");
    heard = true;
    renewAll();
  });
  mine.addEventListener("digest", (event) => hear(JSON.parse(event.data)));
  mine.addEventListener("reset", () => {
    say("tm-missed");
    renewAll();
  });
  mine.addEventListener("error", () => {
    if (source !== mine) return;
    if (opened && Date.now() - opened > STABLE_MILLISECONDS) failures = 0;
    end();
    lost();
  });
}

function end() {
  source?.close();
  source = null;
}

function lost() {
  show("lost");
  failures += 1;
  const most = Math.min(RETRY_MOST_MILLISECONDS, RETRY_MILLISECONDS * 2 ** (failures - 1));
  clearTimeout(retry);
  retry = setTimeout(follow, most / 2 + (Math.random() * most) / 2); // jitter, so that not all pages reconnect at once
}

function show(state) {
  box.hidden = false;
  box.dataset.state = state;
  word.textContent = word.dataset[state];
  button.setAttribute("aria-pressed", String(paused));
}

// --- input from the user and the browser -------------------------------------------------------------------

button?.addEventListener("click", () => {
  paused = !paused;
  sessionStorage.setItem("tm-paused", paused ? "yes" : "no");
  if (paused) {
    end();
    clearTimeout(retry);
    show("paused");
  } else {
    failures = 0;
    follow();
  }
});

document.body.addEventListener("logged-out", () => {
  loggedOut = true;
  follow();
  if (box) box.hidden = true; // the notice about the ended log-in says so
});
document.body.addEventListener("logged-in", () => {
  loggedOut = false;
  failures = 0;
  if (paused) show("paused");
  follow();
});

document.addEventListener("visibilitychange", () => {
  if (source && shown()) renewAll(); // it listened while it was hidden, and refreshed nothing
  follow();
});
document.body.addEventListener("tm-tells", follow);
window.addEventListener("online", () => {
  failures = 0;
  follow();
});
window.addEventListener("pagehide", end);
window.addEventListener("pageshow", (event) => event.persisted && follow());

if (box && paused) show("paused");
follow();
