/* Small behaviour: theme, menus, tooltips, panels that fail alone. Every page works without it. */
(() => {
  document.querySelectorAll(".tabs [aria-current=page]").forEach((tab) => { tab.parentElement.scrollLeft = tab.offsetLeft - 16; });

  const root = document.documentElement;
  const year = 365 * 24 * 60 * 60;

  const isDark = () => getComputedStyle(root).colorScheme === "dark"
    || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);

  function switchTheme(event) {
    const form = event.target.closest("form[data-theme-switch]");
    if (!form) return;
    event.preventDefault();
    root.dataset.theme = isDark() ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=${year}; samesite=lax`;
    document.dispatchEvent(new CustomEvent("themechange"));
  }
  document.addEventListener("submit", switchTheme);

  function closeMenus(except) {
    document.querySelectorAll("details.dd[open]").forEach((menu) => { if (!menu.contains(except)) menu.open = false; });
  }
  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const eye = event.target.closest("[data-show-password]");
    if (eye) showPassword(eye);
  });

  function showPassword(button) {
    const field = document.getElementById(button.dataset.showPassword);
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  }

  function hideTip(kpi) {
    kpi.classList.add("notip");
    const again = () => kpi.classList.remove("notip");
    kpi.addEventListener("mouseleave", again, { once: true });
    kpi.addEventListener("blur", again, { once: true });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.querySelectorAll("details.dd[open]").forEach((menu) => { menu.open = false; menu.firstElementChild.focus(); });
      document.querySelectorAll(".kpi:hover, .kpi:focus").forEach(hideTip);
      return;
    }
    if (event.key !== "/" || event.metaKey || event.ctrlKey || event.target.closest("input, textarea, select")) return;
    const search = document.querySelector("[data-search]");
    if (search) { event.preventDefault(); search.focus(); }
  });

  /* a panel that could not be loaded says so and offers another try; its neighbours live on */
  function panelFailed(event) {
    const panel = event.target.closest("[data-panel]");
    if (!panel) return;
    panel.removeAttribute("aria-busy");
    panel.querySelector("[data-panel-body]").replaceChildren(document.getElementById("panel-failed").content.cloneNode(true));
    panel.querySelector("[data-panel-name]").textContent = panel.dataset.panel;
    panel.querySelector("[data-retry]").addEventListener("click", () => window.htmx.trigger(panel, "retry"));
  }
  ["htmx:responseError", "htmx:sendError", "htmx:timeout"].forEach((name) => document.addEventListener(name, panelFailed));

  /* the breakdown's links open the side that was last chosen below it */
  document.addEventListener("htmx:pushedIntoHistory", (event) => {
    const side = new URL(event.detail.path, location).searchParams.get("side");
    document.querySelectorAll("#breakdown a[href*='side=']").forEach((link) => {
      const address = new URL(link.href);
      address.searchParams.set("side", side);
      link.href = address.href;
    });
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-submit-on-change]");
    if (form) form.requestSubmit();
  });
})();
