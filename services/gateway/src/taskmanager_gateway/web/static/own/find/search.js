// The search in the head of every page: what was found is listed below the box while somebody types.

import { combobox } from "./combobox.js";

const PAUSE_MILLISECONDS = 150; // after the last key, before the server is asked
const FEWEST = 2; // characters

const input = document.getElementById("find");
const list = document.getElementById("found");

if (input) begin();

function begin() {
  const around = document.getElementById("found-around");
  const note = document.getElementById("found-note");
  const box = combobox(input, list, (option) => {
    show(false);
    location.assign(option.href);
  });
  let timer = null;
  let asked = null;
  let shown = ""; // the text whose findings are listed

  function show(open) {
    around.hidden = !open;
    input.setAttribute("aria-expanded", String(open && list.childElementCount > 0));
    if (!open) box.fresh(false);
  }

  function put(html, text) {
    const made = document.createElement("template");
    made.innerHTML = html;
    const said = made.content.querySelector("[data-said]");
    note.textContent = said?.textContent ?? note.dataset.silent;
    said?.remove();
    list.replaceChildren(made.content);
    shown = text;
    show(document.activeElement === input);
    box.fresh(false);
  }

  async function ask() {
    const text = input.value.trim();
    asked?.abort();
    if (text.length < FEWEST) {
      shown = "";
      return show(false);
    }
    asked = new AbortController();
    const { signal } = asked;
    try {
      const address = `${list.dataset.address}?q=${encodeURIComponent(text)}`;
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal });
      if (answer.status === 401) document.body.dispatchEvent(new CustomEvent("log-in-needed"));
      put(answer.ok ? await answer.text() : "", text);
    } catch (error) {
      if (!signal.aborted && error instanceof TypeError) put("", text); // no connection
      else if (!signal.aborted) throw error;
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MILLISECONDS);
  });
  input.addEventListener("focus", () => shown && shown === input.value.trim() && show(true));
  input.addEventListener("blur", () => show(false));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || around.hidden) return;
    event.preventDefault();
    show(false);
  });
}
