// The selected jobs: kept across live updates and the pages of the list, separately for each plugin and tab.

const form = document.getElementById("bulk");
const list = document.getElementById("list"); // its rows may be replaced at any time
const LIMIT = 10000;

if (form) begin();

function begin() {
  const key = `tm-chosen:${form.dataset.key}`;
  const language = document.documentElement.lang;
  const count = document.getElementById("bulk-count");
  const page = () => document.getElementById("choose-page");
  const boxes = () => [...document.querySelectorAll(".tm-choose")];
  let chosen = new Set(JSON.parse(sessionStorage.getItem(key) ?? "[]"));
  let all = false; // all matching jobs, on this page and others
  let last = null;

  function keep() {
    sessionStorage.setItem(key, JSON.stringify([...chosen]));
    show();
  }

  function show() {
    for (const box of boxes()) {
      box.checked = all || chosen.has(box.value);
      box.closest("tr").classList.toggle("table-active", box.checked);
    }
    const here = boxes();
    const marked = here.filter((box) => box.checked).length;
    if (page()) {
      page().checked = here.length > 0 && marked === here.length;
      page().indeterminate = marked > 0 && marked < here.length;
    }
    form.hidden = !all && !chosen.size;
    if (form.hidden) document.body.dispatchEvent(new CustomEvent("tm-chosen", { bubbles: true }));
    document.getElementById("bulk-ids").value = all ? "" : [...chosen].join(" ");
    document.getElementById("bulk-list").value = all ? form.dataset.list || "tab=queue" : "";
    if (!all) {
      const said = chosen.size === 1 ? form.dataset.one : form.dataset.many.replace("{n}", chosen.size.toLocaleString(language));
      if (count.textContent !== said) count.textContent = said;
    }
  }

  function choose(ids, wanted) {
    all = false;
    const more = ids.filter((id) => !chosen.has(id));
    if (wanted && chosen.size + more.length > LIMIT) {
      const message = form.dataset.full.replace("{n}", LIMIT.toLocaleString(language));
      document.body.dispatchEvent(new CustomEvent("tm-toast", { detail: { message, tone: "warning" } }));
    } else for (const id of ids) wanted ? chosen.add(id) : chosen.delete(id);
    keep();
  }

  list.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches(".tm-choose")) return;
    const ids = event.shiftKey && last ? between(last, box.value) : [box.value];
    if (all) chosen = new Set(boxes().map((one) => one.value));
    choose(ids, box.checked);
    last = box.value;
  });

  function between(one, other) {
    const ids = boxes().map((box) => box.value);
    const [from, to] = [ids.indexOf(one), ids.indexOf(other)].sort((a, b) => a - b);
    return from < 0 ? [other] : ids.slice(from, to + 1);
  }

  list.addEventListener("change", (event) => {
    if (event.target === page()) choose(boxes().map((box) => box.value), page().checked);
  });

  document.getElementById("bulk-none").addEventListener("click", clear);

  function clear() {
    chosen.clear();
    all = false;
    keep();
  }

  document.getElementById("bulk-all").addEventListener("click", async () => {
    all = true;
    show();
    count.textContent = "…";
    const answer = await fetch(`${form.dataset.matching}?${form.dataset.list}`, { headers: { "HX-Request": "true" } });
    if (answer.status === 401) document.body.dispatchEvent(new CustomEvent("log-in-needed"));
    if (answer.ok && all) count.textContent = (await answer.text()).trim();
    else if (!answer.ok) clear();
  });

  document.body.addEventListener("tm-rows-put", show);
  document.body.addEventListener("tm-follow", clear);
  show();
}
