// The palette of commands (Ctrl K): every page, and every action that the menu and the open page offer.

import { combobox } from "./combobox.js";
import { commands } from "./commands.js";
import { score } from "./fuzzy.js";

const MOST = 50; // options shown at once
const JOB_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const dialog = document.getElementById("palette");

if (dialog) begin();

function begin() {
  const input = document.getElementById("palette-input");
  const list = document.getElementById("palette-list");
  const note = document.getElementById("palette-note");
  const words = dialog.dataset;
  let known = [];
  let shown = [];

  const box = combobox(input, list, (option) => run(shown[Number(option.dataset.place)]));

  function run(command) {
    dialog.close();
    if (command.href) location.assign(command.href);
    else command.run();
  }

  function typedCommands(text) {
    if (!text) return [];
    const job = JOB_ID.test(text) ? [{ kind: words.job, label: text, href: `/jobs/${text.toLowerCase()}` }] : [];
    return [...job, { kind: words.search, label: text, href: `/search?q=${encodeURIComponent(text)}` }];
  }

  function fitting(text) {
    if (!text) return known;
    const scored = known.map((command) => [score(text, `${command.label} ${command.kind}`), command]);
    return scored.filter(([fit]) => fit > 0).sort(([one], [other]) => other - one).map(([, command]) => command);
  }

  function option(command, place) {
    const one = document.createElement(command.href ? "a" : "div");
    Object.assign(one, { id: `palette-${place}`, tabIndex: -1 });
    if (command.href) one.href = command.href;
    one.dataset.place = place;
    one.setAttribute("role", "option");
    one.setAttribute("aria-selected", "false");
    const [name, kind] = ["span", "span"].map((tag) => document.createElement(tag));
    name.className = "tm-found-title";
    name.dir = "auto";
    name.textContent = command.label;
    kind.className = "tm-found-more";
    kind.textContent = command.kind;
    one.append(name, " ", kind);
    return one;
  }

  function put() {
    const text = input.value.trim();
    const found = fitting(text);
    shown = [...found.slice(0, MOST), ...typedCommands(text)];
    list.replaceChildren(...shown.map(option));
    input.setAttribute("aria-expanded", String(shown.length > 0));
    note.textContent = words.count.replace("{n}", found.length.toLocaleString(document.documentElement.lang));
    box.fresh(true);
  }

  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault(); // browsers have a search of their own there
    if (dialog.open) dialog.close();
    else if (!document.querySelector("dialog[open]")) openPalette();
  });

  function openPalette() {
    known = commands(words);
    input.value = "";
    dialog.showModal();
    put();
  }

  document.getElementById("palette-open")?.addEventListener("click", openPalette);
  input.addEventListener("input", put);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
