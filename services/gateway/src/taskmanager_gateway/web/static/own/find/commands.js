// The commands of the palette, read off the page that is open: nothing is asked for. What the menu and the page do not offer
// the reader, the palette does not offer either.

const spaced = (text) => text.replace(/\s+/g, " ").trim();
const filled = (words, title) => words.replace("{title}", () => title);

// text without what only screen readers are told
function label(element) {
  const copy = element.cloneNode(true);
  for (const one of copy.querySelectorAll(".visually-hidden, .badge, [aria-hidden=true]")) one.remove();
  return spaced(copy.textContent);
}

const open = (address) => () => htmx.ajax("GET", address, { target: "#dialog-body" });

function pluginCommands(link, words) {
  const { plugin, acts = "" } = link.dataset;
  const title = label(link.querySelector(".text-truncate"));
  const base = `/ui/plugins/${plugin}`;
  const may = acts.split(" ").filter(Boolean);
  return may.map((act) =>
    act === "new"
      ? { kind: words.new, label: filled(words.newOf, title), href: `/new-job/${plugin}` }
      : { kind: words.plugin, label: filled(words[act], title), run: open(`${base}/${act}`) },
  );
}

// buttons of the open page: for its plugin, for its job
function pageCommands(words) {
  const buttons = document.querySelectorAll("#plugin-controls button, #job-state .tm-job-acts button");
  return [...buttons].map((button) => ({ kind: words.here, label: label(button).replace(/\s*…$/, ""), run: () => button.click() }));
}

export function commands(words) {
  const links = [...document.querySelectorAll("#menu-items a[href]")];
  const pages = links.map((link) => ({
    kind: link.dataset.plugin ? words.plugin : words.page,
    label: label(link.querySelector(".text-truncate") ?? link),
    href: link.getAttribute("href"),
  }));
  const views = [...document.querySelectorAll("#views a[href]")].map((link) => ({
    kind: words.view,
    label: label(link),
    href: link.getAttribute("href"),
  }));
  const own = [...document.querySelectorAll("#settings [data-command]")].map((one) => ({
    kind: one.dataset.command,
    label: label(one),
    run: () => one.click(),
  }));
  const plugins = links.filter((link) => link.dataset.plugin);
  return [...pageCommands(words), ...pages, ...views, ...plugins.flatMap((link) => pluginCommands(link, words)), ...own];
}
