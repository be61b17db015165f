// A button that copies a secret shown only once. It also works without TLS, where browsers deny scripts access to
// the clipboard.

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-field]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copyField);
  if (!(await copied(field))) return;
  button.textContent = button.dataset.copied;
  document.getElementById("copied").textContent = button.dataset.copied;
});

async function copied(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy"); // if this is refused too, the text stays selected for Ctrl+C
  }
}
