// Follows what happens and has the parts of the page renew themselves; says whether it does.
//
// One event stream while the page is to be seen and not paused. What it hears becomes events on the body:
// tm-counts, tm-rows, tm-job, tm-operations, tm-reports, tm-access. `detail.jobs`: the ids of changed jobs, null for all.
// tm-arrived: how many jobs are new in which tab; tm-missed: there may be some that were not heard of.
// A page is read again whole after each connection, for nothing is replayed.

const RENEW_MILLISECONDS = 1000; // rows at most so often
const COUNTS_MILLISECONDS = 2000; // menus and sums, which every open page asks for
const RETRY_MILLISECONDS = 1000;
const RETRY_MOST_MILLISECONDS = 30000;
const SILENCE_MILLISECONDS = 10000; // between two looks at what no event tells
const STABLE_MILLISECONDS = 5000; // a connection that lasted so long was a good one

const box = document.getElementById("live"); // not there for those who may not read
const word = document.getElementById("live-state");
const button = document.getElementById("live-pause");
const plugin = document.body.dataset.livePlugin;
const address = plugin ? `/ui/live?plugin=${encodeURIComponent(plugin)}` : "/ui/live";

let source = null;
let failures = 0;
let heard = false; // whether there was a connection before
let retry = null;
let loggedOut = false;
let paused = sessionStorage.getItem("tm-paused") === "yes";

const say = (name, detail = {}) => document.body.dispatchEvent(new CustomEvent(name, { detail }));

// --- parts renew at most so often: the first time at once, later news together ------------------------------

function paced(milliseconds, act) {
  let news = null;
  let timer = null;
  const tell = () => {
    timer = null;
    const told = news;
    news = null;
    if (told === null || !wanted()) return; // whoever looks again has all read again
    timer = setTimeout(tell, milliseconds);
    act(told);
  };
  return (add) => {
    news = add(news);
    if (timer === null) tell();
  };
}

// ids of jobs, or null in a list of its own: all
const union = (before, more) =>
  before?.all || more === null
    ? { all: true, ids: [] }
    : { all: false, ids: [...new Set([...(before?.ids ?? []), ...more])] };

// once more when it is quiet: sums that were read for another page a moment before may miss the last news
let settle = null;
const tellCounts = paced(COUNTS_MILLISECONDS, () => {
  clearTimeout(settle);
  settle = setTimeout(() => wanted() && say("tm-counts", { live: true }), COUNTS_MILLISECONDS + 500);
  say("tm-counts", { live: true });
});
const tellRows = paced(RENEW_MILLISECONDS, (news) => {
  const jobs = news.all ? null : news.ids;
  say("tm-rows", { live: true, jobs });
  const shown = [...document.querySelectorAll("[data-live-job]")].map((one) => one.dataset.liveJob);
  if (jobs === null || !shown.length || shown.some((id) => jobs.includes(id))) say("tm-job", { live: true, jobs });
});
const tellOperations = paced(RENEW_MILLISECONDS, () => say("tm-operations", { live: true }));

function renewAll() {
  tellCounts(() => true);
  tellRows((before) => union(before, null));
  tellOperations(() => true);
  say("tm-reports", { live: true });
  say("tm-access", { live: true }); // every stream is ended when users or tokens change, and followed anew
}

function hear(digest) {
  if (digest.plugins) {
    tellCounts(() => true);
    tellRows((before) => union(before, []));
  } else {
    if (digest.counts || digest.plugin || digest.many) tellCounts(() => true);
    if (digest.jobs.length || digest.many) tellRows((before) => union(before, digest.many ? null : digest.jobs.map((one) => one.job)));
    if (Object.keys(digest.arrived ?? {}).length) say("tm-arrived", digest.arrived);
  }
  if (digest.operations.length) tellOperations(() => true);
}

// nobody tells that a runner went silent: it is what has not been heard for a while
setInterval(() => source && tellCounts(() => true), SILENCE_MILLISECONDS);

// --- the connection -------------------------------------------------------------------------------------------

function wanted() {
  return box && !paused && !loggedOut && document.visibilityState === "visible";
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
  retry = setTimeout(follow, most / 2 + (Math.random() * most) / 2); // not all pages at the same moment
}

function show(state) {
  box.hidden = false;
  box.dataset.state = state;
  word.textContent = word.dataset[state];
  button.setAttribute("aria-pressed", String(paused));
}

// --- what the reader and the browser say --------------------------------------------------------------------------

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
  if (box) box.hidden = true; // the line about the log-in says it
});
document.body.addEventListener("logged-in", () => {
  loggedOut = false;
  failures = 0;
  if (paused) show("paused");
  follow();
});

document.addEventListener("visibilitychange", follow);
window.addEventListener("online", () => {
  failures = 0;
  follow();
});
window.addEventListener("pagehide", end);
window.addEventListener("pageshow", (event) => event.persisted && follow());

if (box && paused) show("paused");
follow();
