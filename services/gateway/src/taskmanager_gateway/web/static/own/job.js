// One job, on any page: changing its priority step by step, copying a long error, and its log.

// --- plus and minus ----------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const field = document.getElementById(button.dataset.stepOf);
  if (button.dataset.step > 0) field.stepUp();
  else field.stepDown();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// --- copying: the whole text is fetched, since the page shows only its beginning ---------------------------

const COPIED_MILLISECONDS = 3000;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-code]");
  if (!button || button.disabled) return;
  const title = [...button.childNodes];
  button.disabled = true;
  const copied = await copy(button);
  button.textContent = copied ? button.dataset.copied : button.dataset.failed;
  setTimeout(() => {
    button.replaceChildren(...title);
    button.disabled = false;
  }, COPIED_MILLISECONDS);
});

async function copy(button) {
  const { copy: address } = button.dataset;
  try {
    const text = address ? await fetched(address) : button.parentElement.querySelector("code").textContent;
    if (text === null) return false;
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else return copyThroughField(text);
    return true;
  } catch {
    return false; // no network, or forbidden by the browser: the button says so
  }
}

async function fetched(address) {
  const answer = await fetch(address);
  return answer.ok ? answer.text() : null;
}

// without TLS there is no navigator.clipboard; the field is put into the open pop-up, as nothing else can get focus
function copyThroughField(text) {
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = text;
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  return copied;
}

// --- the log -----------------------------------------------------------------------------------------------

const KEPT_LINES = 20000; // in memory, to filter by level
const SHOWN_LINES = 2000; // in the DOM
const RETRY_MILLISECONDS = 5000;
const LEVELS = ["debug", "info", "warning", "error"];
const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium" });

class Log {
  constructor(box) {
    this.box = box;
    this.part = (name) => box.querySelector(`[data-log-${name}]`);
    this.lines = []; // {attempt, at, level, text}
    this.fresh = []; // not shown yet
    this.dropped = 0;
    this.last = null;
    this.ended = false;
    this.wake = null;
    this.part("level").addEventListener("change", () => this.showAll());
    this.part("follow").addEventListener("change", () => this.follow());
    this.part("lines").addEventListener("scroll", () => this.scrolled());
  }

  connect() {
    if (this.source || !this.box.isConnected || !this.box.open) return;
    const after = this.last ? `&after=${this.last}` : "";
    const source = new EventSource(`${this.box.dataset.jobLog}?format=stream${after}`);
    this.source = source;
    this.ended = false;
    source.onopen = () => this.say(this.box.dataset.live);
    source.addEventListener("log", (event) => this.take(JSON.parse(event.data), event.lastEventId));
    source.addEventListener("end", () => {
      this.disconnect();
      this.ended = true;
      this.say(this.lines.length || this.fresh.length ? this.box.dataset.ended : this.box.dataset.empty);
    });
    source.onerror = () => {
      this.say(this.box.dataset.lost);
      if (source.readyState !== EventSource.CLOSED) return; // the browser reconnects and resumes after its last block
      this.disconnect();
      this.wake = setTimeout(() => this.connect(), RETRY_MILLISECONDS);
    };
    if (!this.lines.length) this.say(this.box.dataset.waits);
  }

  disconnect() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.wake);
  }

  take(block, position) {
    this.last = position || this.last;
    for (const line of block.lines) this.fresh.push({ attempt: block.attempt, ...line });
    if (!this.frame) this.frame = requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.frame = null;
    if (!this.box.isConnected) return this.disconnect();
    const fresh = this.fresh.splice(0);
    this.lines.push(...fresh);
    if (this.lines.length > KEPT_LINES) {
      const surplus = this.lines.length - KEPT_LINES;
      this.lines.splice(0, surplus);
      this.dropped += surplus;
    }
    this.show(fresh.slice(-SHOWN_LINES));
  }

  showAll() {
    this.part("lines").replaceChildren();
    this.attempt = null;
    this.show(this.lines.filter((line) => this.wants(line)).slice(-SHOWN_LINES));
  }

  wants(line) {
    return LEVELS.indexOf(line.level) >= LEVELS.indexOf(this.part("level").value);
  }

  show(lines) {
    const place = this.part("lines");
    const rows = document.createDocumentFragment();
    for (const line of lines) {
      if (!this.wants(line)) continue;
      if (line.attempt !== this.attempt) rows.append(this.heading(line.attempt));
      rows.append(this.row(line));
    }
    place.append(rows);
    let surplus = place.childElementCount - SHOWN_LINES;
    const cut = surplus > 0;
    for (; surplus > 0; surplus--) place.firstElementChild.remove();
    if (cut || this.dropped) this.tellOlder();
    this.follow();
  }

  heading(attempt) {
    this.attempt = attempt;
    const row = document.createElement("div");
    row.className = "tm-log-attempt";
    row.textContent = `${this.box.dataset.attempt} ${attempt}`;
    return row;
  }

  row(line) {
    const row = document.createElement("div");
    row.className = `tm-log-line tm-log-${line.level}`;
    const at = document.createElement("time");
    at.dateTime = line.at;
    at.textContent = clock.format(new Date(line.at));
    const level = document.createElement("span");
    level.className = "tm-log-level";
    level.textContent = this.box.dataset[line.level];
    const text = document.createElement("span");
    text.textContent = line.text;
    row.append(at, level, text);
    return row;
  }

  tellOlder() {
    const older = this.part("older");
    older.textContent = this.box.dataset.older;
    older.hidden = false;
  }

  follow() {
    const place = this.part("lines");
    if (this.part("follow").checked) place.scrollTop = place.scrollHeight;
  }

  scrolled() {
    const place = this.part("lines");
    const atEnd = place.scrollHeight - place.scrollTop - place.clientHeight < 40;
    this.part("follow").checked = atEnd; // a user who scrolls back wants to read
  }

  say(words) {
    const state = this.part("state");
    if (state.textContent !== words) state.textContent = words;
  }
}

const logs = new Map();

function look() {
  for (const [box, log] of logs) {
    if (box.isConnected) continue;
    log.disconnect();
    logs.delete(box);
  }
  for (const box of document.querySelectorAll("[data-job-log]")) {
    if (!logs.has(box)) logs.set(box, new Log(box));
    const log = logs.get(box);
    const final = document.getElementById("job-state")?.dataset.final === "yes";
    if (!box.open) log.disconnect();
    else if (!log.ended || !final) log.connect();
  }
}

document.addEventListener("toggle", look, true);
document.addEventListener("htmx:afterSwap", look);
document.body.addEventListener("tm-closed", look);
look();
