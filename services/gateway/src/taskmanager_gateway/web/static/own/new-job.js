// The form for a new job: folders are taken from a pop-up, and the form can be kept as a link.

const form = document.getElementById("new-job");
const link = document.getElementById("as-link");
const NOT_KEPT = ["csrf", "key", "preset_name", "preset_shared", "preset_replace", "preset_chosen", "new_name"];

// the pop-up begins where the field points to
document.addEventListener("htmx:configRequest", (event) => {
  const field = event.detail.elt.dataset.browse;
  if (field) event.detail.parameters.set("path", document.getElementById(field).value);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-take]");
  if (!button) return;
  const field = document.getElementById(button.dataset.into);
  field.value = button.dataset.take;
  document.getElementById("dialog").close();
  field.focus();
  keep();
});

function keep() {
  const values = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value && !NOT_KEPT.includes(name)) values.append(name, value);
  }
  link.href = `/new-job/${form.dataset.plugin}?${values}`;
}

form.addEventListener("input", keep);
keep();
