// A text field with a list of options below it, as the combobox pattern of the ARIA Authoring Practices wants it: the focus
// stays in the field, the arrow keys move through the options, and aria-activedescendant names the one that Enter takes.

export function combobox(input, list, pick) {
  let active = null;
  const options = () => [...list.querySelectorAll("[role=option]")];

  function mark(option) {
    active?.setAttribute("aria-selected", "false");
    active = option;
    if (!option) return void input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function move(step) {
    const all = options();
    if (!all.length) return;
    const place = all.indexOf(active);
    const next = place < 0 ? (step > 0 ? 0 : all.length - 1) : (place + step + all.length) % all.length;
    mark(all[next]);
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.closest("[hidden]")) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter" && active?.isConnected) pick(active);
    else return;
    event.preventDefault();
  });

  // the field keeps the focus while the mouse is used
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option || (option.href && (event.ctrlKey || event.metaKey || event.shiftKey))) return;
    event.preventDefault();
    pick(option);
  });

  // `fresh`: the options have been made anew; `first`: whether one is marked at once
  return { fresh: (first) => mark((first && options()[0]) || null) };
}
