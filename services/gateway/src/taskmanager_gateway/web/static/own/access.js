// A secret that is shown once: copied by a button, also where pages come without TLS and browsers keep the
// clipboard from scripts.

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
    return document.execCommand("copy"); // the selection stays for Ctrl+C if this is refused too
  }
}
