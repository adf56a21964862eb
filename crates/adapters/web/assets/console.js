// Enhancements only: every page works without this script.

// A button that copies, beside what it copies.
for (const template of document.querySelectorAll("template[data-copy]")) {
  const button = template.content.firstElementChild.cloneNode(true);
  const source = document.getElementById(template.dataset.copy);
  template.replaceWith(button);
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP browsers offer no clipboard.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
    button.textContent = button.dataset.done;
  });
}

// The code of a link is in its fragment, which no server and no proxy sees.
const code = document.querySelector("[data-code]");
if (code && location.hash.length > 1) {
  code.querySelector("input").value = location.hash.slice(1);
  code.hidden = true;
  history.replaceState(null, "", location.pathname + location.search);
} else if (code && code.querySelector("input").value && !code.querySelector("[aria-invalid]")) {
  code.hidden = true;
}

// The business is probably where the browser is.
const zone = document.querySelector("[data-zone]");
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;

// The choice of scopes opens with the choice to choose.
const custom = document.querySelector("details.custom");
if (custom) {
  for (const radio of document.querySelectorAll("input[name=preset]")) {
    radio.addEventListener("change", () => (custom.open = radio.value === "custom"));
  }
}

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
