/* The definition editor: every form saves itself, one request at a time. Without this script the forms post. */
(() => {
  const FORM = "form[data-edits]";
  const queue = [];
  let busy = null;
  let told = 0;
  let held = 0; // a pointer is down: what is under it must not be drawn anew before it is up

  function ask(form, action) {
    const last = queue.at(-1);
    if (last && last.id === form.id && !last.action) queue.pop();
    queue.push({ id: form.id, action });
    setTimeout(next); // so that Enter, which changes and submits, asks once
  }

  function next() {
    if (busy || held || !queue.length) return;
    const job = queue.shift();
    const form = document.getElementById(job.id);
    if (!form) { next(); return; }
    busy = job;
    job.focused = focused();
    tell("Saving…");
    form.setAttribute("aria-busy", "true");
    window.htmx.ajax("POST", form.getAttribute("action"), {
      source: form, target: form.dataset.swap || form, swap: form.dataset.swap ? "outerHTML" : "innerHTML", values: { do: job.action },
    }).catch(() => {}).finally(() => {
      const drawn = document.getElementById(job.id);
      if (drawn) drawn.removeAttribute("aria-busy");
      busy = null;
      next();
    });
  }

  function focused() {
    const { id, value } = document.activeElement || {};
    return { id, value };
  }

  function tell(text, form) {
    const status = document.getElementById("save-status");
    if (!status) return;
    status.replaceChildren(text);
    status.classList.toggle("bad", Boolean(form));
    clearTimeout(told);
    if (text === "Saved") told = setTimeout(() => status.replaceChildren(), 4000);
    if (!form) return;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "btn btn-s";
    again.textContent = "Send again";
    again.addEventListener("click", () => ask(form, ""));
    status.append(" ", again);
  }

  document.addEventListener("change", (event) => {
    const form = event.target.closest(FORM);
    if (form) ask(form, "");
  });
  document.addEventListener("input", (event) => { // a suggestion was picked
    const form = event.target.closest(FORM);
    if (form && event.inputType === "insertReplacementText") ask(form, "");
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest(FORM);
    if (!form || !window.htmx) return;
    event.preventDefault();
    const action = event.submitter && event.submitter.name === "do" ? event.submitter.value : "";
    const repeated = action && [busy, ...queue].some((job) => job && job.id === form.id && job.action);
    if (!repeated) ask(form, action);
  });
  document.addEventListener("focusout", (event) => {
    const form = event.target.closest(FORM);
    if (!form || !event.target.dataset.typed) return;
    delete event.target.dataset.typed;
    ask(form, "");
  });

  const release = () => { clearTimeout(held); held = 0; setTimeout(next); };
  document.addEventListener("pointerdown", () => { clearTimeout(held); held = setTimeout(release, 400); });
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", release);

  document.addEventListener("keydown", (event) => {
    const form = event.target.closest(FORM);
    if (!form) return;
    if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) move(event);
    if (event.key === "Backspace" && event.target.matches(".vals .new") && !event.target.value) {
      const chips = event.target.closest(".vals").querySelectorAll(".x");
      if (chips.length) form.requestSubmit(chips[chips.length - 1]);
    }
  });
  function move(event) {
    const place = event.target.closest("[data-place]");
    const button = place && document.getElementById(`${place.dataset.place}-${event.key === "ArrowUp" ? "up" : "down"}`);
    if (!button) return;
    event.preventDefault();
    button.form.requestSubmit(button);
  }

  /* what was typed while the answer came is not drawn over */
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { detail } = event;
    const form = detail.requestConfig.elt;
    if (!form || !form.matches || !form.matches(FORM)) return;
    if ([409, 422].includes(detail.xhr.status)) {
      Object.assign(detail, { shouldSwap: true, isError: false });
      queue.splice(0, queue.length, ...queue.filter((job) => job.id !== form.id));
      tell("Not saved");
      return;
    }
    if (detail.xhr.status !== 200) { tell("Not saved.", form); return; }
    tell("Saved");
    if (busy && !busy.action && queue.some((job) => job.id === form.id)) { detail.shouldSwap = false; return; }
    keep(detail.target);
  });
  ["htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, (event) => {
    const form = event.detail.requestConfig.elt;
    if (form && form.matches && form.matches(FORM)) tell("No connection. Not saved.", form);
  }));

  let kept = null;
  function keep(target) {
    const active = document.activeElement;
    const hits = [...target.querySelectorAll(".hit[id]")].map((hit) => [hit.id, hit.textContent]);
    kept = { hits, id: "", text: "" };
    if (!active || !active.id || !active.matches("input:not([type=checkbox])") || !target.contains(active)) return;
    const before = busy && busy.focused.id === active.id ? busy.focused.value : active.defaultValue;
    if (active.value !== before) Object.assign(kept, { id: active.id, text: active.value });
  }
  document.addEventListener("htmx:afterSwap", () => {
    if (!kept) return;
    const { hits, id, text } = kept;
    kept = null;
    hits.forEach(([place, number]) => {
      const hit = document.getElementById(place);
      if (hit && !hit.textContent) { hit.textContent = number; hit.classList.add("stale"); }
    });
    const input = id && document.getElementById(id);
    if (!input) return;
    input.value = text;
    input.dataset.typed = "yes";
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => event.detail.target.classList.remove("stale"));

  document.addEventListener("focus-on", (event) => {
    const input = document.getElementById(event.detail.id);
    if (!input) return;
    input.focus();
    if (input.matches("input[type=text], input:not([type])")) input.select();
  });
  document.addEventListener("draft-saved", (event) => {
    document.querySelectorAll("input[name=revision]").forEach((input) => { input.value = event.detail.revision; });
  });
})();
