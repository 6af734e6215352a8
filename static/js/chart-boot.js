/* Chart.js from its CDN, or the copy kept here when the CDN is blocked, tampered with or hangs.
   Runs before the CDN tag: load and error events of scripts do not bubble, so they are caught on the way down. */
(() => {
  const me = document.currentScript;
  let settle, done = false, tried = false;
  window.chartReady = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  window.chartReady.catch(() => { document.documentElement.dataset.charts = "unavailable"; });
  const finish = (source) => {
    if (done || !window.Chart) return;
    done = true;
    document.documentElement.dataset.chartSource = source;
    settle.resolve(window.Chart);
  };
  const useLocal = () => {
    if (done || tried) return;
    tried = true;
    const script = document.createElement("script");
    script.src = me.dataset.fallback;
    script.onload = () => finish("local");
    script.onerror = () => settle.reject(new Error("Chart.js unavailable"));
    document.head.append(script);
  };
  const heard = (event) => {
    if (event.target && event.target.id === "chartjs-cdn") event.type === "load" ? finish("cdn") : useLocal();
  };
  document.addEventListener("load", heard, true);
  document.addEventListener("error", heard, true);
  setTimeout(() => (window.Chart ? finish("cdn") : useLocal()), Number(me.dataset.wait)); // a hanging CDN fires no event
})();
