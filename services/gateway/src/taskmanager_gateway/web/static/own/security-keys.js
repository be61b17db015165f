// A button with data-key calls a security key with the options in the page, and submits its form with the answer
// of the key: "create" creates a key, "get" signs with one.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-key]");
  if (button !== null && button.form.reportValidity()) ask(button);
});

async function ask(button) {
  const { form } = button;
  tell(form, "");
  if (!window.PublicKeyCredential) return tell(form, button.dataset.unable);
  button.disabled = true;
  try {
    const publicKey = decoded(JSON.parse(button.dataset.options));
    const credential = await navigator.credentials[button.dataset.key]({ publicKey });
    form.elements.key_answer.value = JSON.stringify(encoded(credential));
  } catch (error) {
    return tell(form, reason(error, button.dataset));
  } finally {
    button.disabled = false;
  }
  form.requestSubmit();
}

function tell(form, sentence) {
  form.querySelector("[data-key-problem]").textContent = sentence;
}

function reason(error, words) {
  if (error.name === "SecurityError") return words.elsewhere;
  if (error.name === "InvalidStateError") return words.known;
  return words.failed; // browsers do not distinguish a missing key from a cancelled request
}

// binary values are base64url in the JSON

function decoded(options) {
  const list = (keys) => keys?.map((key) => ({ ...key, id: bytes(key.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: list(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: list(options.allowCredentials) }),
  };
}

function encoded({ rawId, type, response }) {
  const { clientDataJSON, attestationObject, authenticatorData, signature } = response;
  const parts = Object.entries({ clientDataJSON, attestationObject, authenticatorData, signature });
  const said = parts.filter(([, part]) => part).map(([name, part]) => [name, text(part)]);
  return { id: text(rawId), rawId: text(rawId), type, response: Object.fromEntries(said) };
}

function bytes(words) {
  const plain = atob(words.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer) {
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
