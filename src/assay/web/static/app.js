// Small comforts; every page works without them.
document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector('meta[name="form-token"]');
  if (token) event.detail.headers["x-assay-form"] = token.content;
});
// What was wrong with a form that htmx sent is said at the top; the page stays as it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Retarget") !== "#mistaken") return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) navigator.clipboard.writeText(button.dataset.copy);
});
// Single keys (WCAG 2.1.4): only outside fields, only without modifiers, and not at all where they are switched off.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && typing) typing.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off") return;
  const meant = event.key === "/" ? document.getElementById("gs") : document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!meant) return;
  event.preventDefault();
  const fold = meant.closest("details");
  if (fold && meant.matches("input, textarea")) fold.open = true;
  if (meant.matches("input, textarea")) meant.focus();
  else meant.click();
  if (meant.matches("summary") && fold.open) fold.querySelector("textarea, input")?.focus();
});
// How many rows are ticked.
document.addEventListener("change", (event) => {
  const form = event.target.name === "ids" || event.target.name === "records" ? event.target.form : null;
  const said = form?.querySelector("[data-ticked]");
  if (said) said.textContent = said.dataset.ticked.replace("{n}", form.querySelectorAll("input[type=checkbox]:checked").length);
});
// A slider moves the number that the form sends.
for (const slider of document.querySelectorAll("[data-moves]")) {
  const number = document.getElementById(slider.dataset.moves);
  slider.hidden = false;
  slider.addEventListener("input", () => { number.value = slider.value; });
  number.addEventListener("input", () => { slider.value = number.value; });
  slider.addEventListener("change", () => slider.form.requestSubmit());
}
// What was waited for is there, and it is another page.
document.addEventListener("htmx:afterSwap", (event) => { if (event.target.querySelector?.("[data-reload]")) location.reload(); });
