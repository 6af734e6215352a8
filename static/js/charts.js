/* Charts are declared in the markup: <canvas data-chart="kind" data-source="id of a JSON script">. */
(() => {
  const root = document.documentElement;
  const probe = document.createElement("i");
  probe.hidden = true;
  document.body.append(probe);

  /* colours come from the tokens, resolved for the theme in force */
  function colour(name, alpha) {
    probe.style.color = alpha ? `color-mix(in srgb, var(--${name}) ${alpha}%, transparent)` : `var(--${name})`;
    return getComputedStyle(probe).color;
  }
  const number = (value, decimals = 0) => value
    .toLocaleString("en-GB", { maximumFractionDigits: decimals, minimumFractionDigits: decimals }).replace("-", "−");
  const trim = (value) => (Math.abs(value) >= 100 || Number.isInteger(value) ? number(value) : number(value, 1));
  const withUnit = (value, unit) => `${unit.before || ""}${trim(value)}${unit.after || ""}`;

  function halo(ctx, text, x, y) {
    ctx.setLineDash([]);
    ctx.save();
    ctx.strokeStyle = colour("canvas");
    ctx.lineWidth = 4;
    ctx.lineJoin = "round";
    ctx.strokeText(text, x, y);
    ctx.restore();
    ctx.fillText(text, x, y);
  }
  const LABEL = '500 11px "Inter Variable", sans-serif';

  /* a labelled line: a target across, or a limit between two bars */
  const lines = { id: "lines", afterDatasetsDraw(chart, _, options) {
    const { ctx, chartArea: area, scales } = chart;
    (options.at || []).forEach((line) => {
      ctx.save();
      ctx.strokeStyle = ctx.fillStyle = colour("text");
      ctx.lineWidth = 1.25;
      ctx.font = LABEL;
      ctx.beginPath();
      if (line.y !== undefined) {
        const y = scales.y.getPixelForValue(line.y);
        ctx.setLineDash([4, 3]);
        ctx.moveTo(area.left, y);
        ctx.lineTo(area.right, y);
        ctx.stroke();
        if (line.aside) {
          ctx.textBaseline = "middle";
          line.label.split(" ").forEach((word, i) => halo(ctx, word, area.right + 6, y - 6 + 13 * i));
        } else {
          ctx.textBaseline = "bottom";
          halo(ctx, line.label, area.left + 2, y - 3);
        }
      } else {
        const x = area.left + line.share * (area.right - area.left);
        ctx.moveTo(x, area.top - 18);
        ctx.lineTo(x, area.bottom);
        ctx.stroke();
        ctx.textBaseline = "top";
        halo(ctx, line.label, x + 6, area.top - 18);
      }
      ctx.restore();
    });
  } };
  const barLabels = { id: "barLabels", afterDatasetsDraw(chart, _, options) {
    if (!options.format) return;
    const { ctx, scales } = chart;
    const line = options.line === undefined ? -1 : scales.y.getPixelForValue(options.line);
    const clear = (y) => (line > y - 14 && line < y + 2 ? line - 3 : y); // a label stands above a line it would cross
    ctx.save();
    ctx.font = LABEL;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    ctx.fillStyle = colour("text-2");
    chart.getDatasetMeta(0).data.forEach((bar, i) => {
      const value = chart.data.datasets[0].data[i];
      if (value === null) return;
      halo(ctx, options.format(value), bar.x, value < 0 ? bar.y + 15 : clear(bar.y - 3));
    });
    ctx.restore();
  } };
  const pointNames = { id: "pointNames", afterDatasetsDraw(chart, _, options) {
    if (!options.on) return;
    const { ctx, chartArea: area } = chart;
    ctx.save();
    ctx.font = LABEL;
    ctx.fillStyle = colour("text-2");
    ctx.textAlign = "center";
    const taken = [];
    chart.getDatasetMeta(0).data.forEach((point, i) => {
      const { name, size } = chart.data.datasets[0].data[i];
      const half = ctx.measureText(name).width / 2;
      const x = Math.min(Math.max(point.x, area.left + half), area.right - half);
      const spots = [point.y - size - 3, point.y + size + 14];
      const y = spots.find((at) => !taken.some((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - at) < 13));
      if (y === undefined) return;
      taken.push({ x, y, half });
      ctx.textBaseline = "bottom";
      halo(ctx, name, x, y);
    });
    ctx.restore();
  } };

  function setDefaults(Chart) {
    const { defaults } = Chart;
    Object.assign(defaults, { color: colour("text-3"), borderColor: colour("grid"), animation: false, responsive: true, maintainAspectRatio: false });
    Object.assign(defaults.font, { family: '"Inter Variable", system-ui, sans-serif', size: 11 });
    defaults.interaction = { mode: "index", intersect: false };
    defaults.plugins.legend.display = false;
    Object.assign(defaults.plugins.tooltip, { backgroundColor: colour("raised"), titleColor: colour("text"), bodyColor: colour("text-2"),
      footerColor: colour("text-3"), borderColor: colour("line-2"), borderWidth: 1, padding: 10, cornerRadius: 8, boxPadding: 4,
      usePointStyle: true, titleFont: { weight: 600 }, footerFont: { weight: 400 } });
  }
  const axes = (x, y) => ({
    x: { grid: { display: false }, border: { color: colour("line-2") }, ticks: { maxRotation: 0, autoSkipPadding: 16 }, ...x },
    y: { border: { display: false }, grid: { color: colour("grid"), drawTicks: false }, beginAtZero: true, ...y, ticks: { padding: 8, maxTicksLimit: 5, ...(y.ticks || {}) } },
  });
  const title = (text) => ({ display: true, text, color: colour("text-3") });

  const kinds = {
    response: (data) => ({
      type: "bar",
      data: { labels: data.labels, datasets: [{ label: "Leads", data: data.values, borderRadius: 3, barPercentage: .92, categoryPercentage: .96,
        backgroundColor: data.values.map((_, i) => colour(i < data.cut ? "c1" : "c1-soft")) }] },
      options: { layout: { padding: { top: 22 } },
        scales: axes({ ticks: { autoSkip: window.innerWidth < 700, maxRotation: 0 }, title: title("Minutes from lead created to first attempt") }, { ticks: { maxTicksLimit: 4, precision: 0 } }),
        plugins: { barLabels: { format: (v) => number(v) }, lines: { at: [{ share: data.cut / data.labels.length, label: "5-minute limit" }] },
          tooltip: { callbacks: { footer: (items) => `${number(items[0].raw / data.n * 100, 1)}% of ${number(data.n)} answered leads` } } } },
    }),
    scores: (data) => ({
      type: "bar",
      data: { labels: data.labels, datasets: [{ label: "Leads", data: data.values, borderRadius: 2, barPercentage: .92, categoryPercentage: .98,
        backgroundColor: data.tones.map((tone) => colour(tone)) }] },
      options: { layout: { padding: { top: 22 } },
        scales: axes({ ticks: { maxRotation: 0, autoSkipPadding: 16 } }, { ticks: { maxTicksLimit: 4, precision: 0 } }),
        plugins: { lines: { at: data.cuts.map((cut) => ({ share: cut / 100, label: trim(cut) })) },
          tooltip: { callbacks: { title: ([item]) => `Score ${data.labels[item.dataIndex]} to ${data.ends[item.dataIndex]}` } } } },
    }),
    bars: (data) => ({
      type: "bar",
      data: { labels: data.labels, datasets: data.sets.map((set) => ({ label: set.name, data: set.values, backgroundColor: colour(set.colour), borderRadius: 3, barPercentage: .86, categoryPercentage: .84 })) },
      options: { layout: { padding: { top: 8 } },
        scales: axes({ ticks: { maxRotation: 0, autoSkipPadding: 6 }, title: title(data.x) }, { ticks: { callback: (v) => withUnit(v, data.unit) } }),
        plugins: { tooltip: { callbacks: { label: (c) => ` ${c.dataset.label}: ${number(c.raw, 1)}${data.unit.after}` } } } },
    }),
    velocity: (data) => ({
      type: "bar",
      data: { labels: data.labels, datasets: [{ label: data.name, data: data.values, borderRadius: 3, barPercentage: .78,
        backgroundColor: data.values.map((v) => colour(data.target !== null && v >= data.target ? "c1" : v < 0 ? "c0" : "c1-soft")) }] },
      options: { layout: { padding: { top: 14, right: data.target === null ? 0 : 44 } },
        scales: axes({ ticks: { maxRotation: 0, autoSkipPadding: 6 } }, { ticks: { callback: (v) => `${trim(v)}%` }, grid: { drawTicks: false, color: (c) => colour(c.tick.value === 0 ? "line-2" : "grid") } }),
        plugins: { barLabels: { format: (v) => number(v, window.innerWidth < 700 ? 0 : 1), line: data.target ?? undefined }, lines: { at: data.target === null ? [] : [{ y: data.target, label: `Target ${trim(data.target)}%`, aside: true }] },
          tooltip: { callbacks: { label: (c) => ` ${c.dataset.label}: ${number(c.raw, 1)}%` } } } },
    }),
    spend: (data) => ({
      type: "scatter",
      data: { datasets: [
        { data: data.points, clip: false, pointRadius: data.points.map((p) => p.size), pointHoverRadius: data.points.map((p) => p.size + 2),
          backgroundColor: data.points.map((p) => colour(p.good ? "c1" : "c2", 85)), borderColor: data.points.map((p) => colour(p.good ? "c1" : "c2")) },
        ...(data.target ? [{ type: "line", data: targetLine(data), borderColor: colour("text-3"), borderWidth: 1.25, borderDash: [4, 3], pointRadius: 0, fill: false }] : []),
      ] },
      options: { layout: { padding: { right: 16, top: 14 } }, interaction: { mode: "nearest", intersect: true },
        scales: axes({ type: "linear", min: 0, grid: { display: false }, border: { color: colour("line-2") }, ticks: { maxTicksLimit: 5, callback: (v) => (v >= 1000 ? `${data.unit.before}${trim(v / 1000)}k` : withUnit(v, data.unit)) }, title: title("Spend") },
          { ticks: { precision: 0 }, title: title(data.result) }),
        plugins: { pointNames: { on: true }, tooltip: { callbacks: { label: (c) => (c.raw.name ? `${c.raw.name}: ${withUnit(c.raw.x, data.unit)} → ${number(c.raw.y)} ${data.result}` : "") } } } },
    }),
    trend: (data) => ({
      type: "line",
      data: { labels: data.labels, datasets: [
        { label: data.name, data: data.now, borderColor: colour("c1"), backgroundColor: colour("c1", 9), fill: true, borderWidth: 2, pointRadius: alone(data.now), pointHoverRadius: 4, tension: .25 },
        { label: data.previousName, data: data.previous, borderColor: colour("c0"), borderWidth: 1.5, borderDash: [3, 3], pointRadius: alone(data.previous), tension: .25 },
      ] },
      options: { layout: { padding: { top: 10 } },
        scales: axes({ ticks: { maxRotation: 0, autoSkipPadding: 24 } }, { ticks: { callback: (v) => withUnit(v, data.unit) } }),
        plugins: { lines: { at: data.target === null ? [] : [{ y: data.target, label: `Target ${withUnit(data.target, data.unit)}` }] },
          tooltip: { callbacks: { label: (c) => ` ${c.dataset.label}: ${withUnit(c.raw, data.unit)}` } } } },
    }),
  };
  kinds.compare = (data) => ({
    type: "line",
    data: { labels: data.labels, datasets: data.sets.map((set, i) => ({ label: set.name, data: set.data, borderColor: colour(set.color), borderDash: set.dash, borderWidth: i ? 1.5 : 2, pointRadius: alone(set.data), pointHoverRadius: 4, tension: .2 })) },
    options: { scales: axes({ ticks: { maxRotation: 0, autoSkipPadding: 24 } }, { ticks: { precision: 0 } }) },
  });
  /* a value between two gaps has no line to be seen by */
  const alone = (values) => values.map((v, i) => (v !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null ? 2.5 : 0));

  function targetLine(data) {
    const widest = Math.max(...data.points.map((p) => p.x));
    const highest = Math.max(...data.points.map((p) => p.y)) * 1.1;
    const end = Math.min(widest, highest * data.target);
    return [{ x: 0, y: 0 }, { x: end, y: end / data.target }];
  }

  function draw(canvas) {
    const old = window.Chart.getChart(canvas);
    if (old) old.destroy();
    const data = JSON.parse(document.getElementById(canvas.dataset.source).textContent);
    new window.Chart(canvas, { plugins: [barLabels, lines, pointNames], ...kinds[canvas.dataset.chart](data) });
  }
  function drawAll(within) {
    const canvases = within.querySelectorAll("canvas[data-chart]");
    if (!canvases.length) return;
    Promise.all([window.chartReady, document.fonts.ready]).then(([Chart]) => {
      setDefaults(Chart);
      canvases.forEach(draw);
      root.dataset.charts = "drawn";
    }).catch(() => { within.querySelectorAll("details.as-table").forEach((table) => { table.open = true; }); });
  }
  drawAll(document);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.elt.isConnected) drawAll(event.detail.elt); });
  document.addEventListener("themechange", () => drawAll(document));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(document));
})();
