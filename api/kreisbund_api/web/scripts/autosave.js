// Saves a draft while its author writes: the page's own form, sent in the background as its button would send it.
// The answer is the page after saving; what it says anew replaces what stands here, except the text being written.
// Without scripts the button saves. A save that is refused stops this: the button then shows why, and both texts.

const PAUSE = 3000; // milliseconds without a key
const RENEWED = ["version", "idempotency_key", "csrf_token"];
const SHOWN = ["pruefung", "dateien", "gespeichert"];

const form = document.querySelector("form[data-autosave]");
let timer = 0;
let changed = false;
let underway = false;

function say(text) {
  document.getElementById("gesichert").textContent = text;
}

async function save() {
  if (underway) return wait();
  underway = true;
  changed = false;
  const sent = new URLSearchParams(new FormData(form));
  sent.set("action", "save");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: sent });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const saved = page.querySelector("form[data-autosave]");
    if (!answer.redirected || !saved) throw new Error(`refused: ${answer.status}`);
    for (const name of RENEWED) form.elements[name].value = saved.elements[name].value;
    for (const id of SHOWN) document.getElementById(id).replaceWith(page.getElementById(id));
    say(form.dataset[changed ? "waiting" : "autosave"]);
  } catch {
    changed = true;
    form.removeEventListener("input", wait);
    clearTimeout(timer);
    say(form.dataset.failed);
  } finally {
    underway = false;
  }
}

function wait() {
  changed = true;
  say(form.dataset.waiting);
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

if (form) {
  form.addEventListener("input", wait);
  form.addEventListener("submit", () => {
    changed = false;
    clearTimeout(timer);
  });
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}
