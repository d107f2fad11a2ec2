// SPDX-License-Identifier: Apache-2.0
// Draws the charts of a page, keeps them as wide as there is room and in the reader's colours, and connects their inputs.
// window.slalomReady is true once all are drawn; window.slalomViews has Vega's view of each by its id. What an input
// changes is drawn a moment later (view.runAsync() waits for it).
"use strict";
window.slalomReady = false;
window.slalomViews = {};
(() => {
  const configs = JSON.parse(document.getElementById("chart-config").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const charts = [...document.querySelectorAll("[data-chart]")].map((box) => ({
    box,
    id: box.dataset.chart,
    spec: JSON.parse(document.getElementById("spec-" + box.dataset.chart).textContent),
    inputs: [...box.closest("figure").querySelectorAll("[data-signal]")],
    width: 0,
    view: null,
  }));

  const tooltip = document.body.appendChild(document.createElement("div"));
  tooltip.id = "tooltip";
  tooltip.hidden = true;
  const showTooltip = (_handler, event, _item, value) => {
    tooltip.hidden = value === null || value === undefined || value === "";
    if (tooltip.hidden) return;
    const lines = typeof value === "object" ? Object.entries(value).map(([name, text]) => name + ": " + text) : [value];
    tooltip.replaceChildren(
      ...lines.map((line) => {
        const row = document.createElement("div");
        row.textContent = line;
        return row;
      }),
    );
    const x = Math.min(event.clientX + 14, window.innerWidth - tooltip.offsetWidth - 8);
    const below = event.clientY + 16;
    const fits = below + tooltip.offsetHeight < window.innerHeight;
    tooltip.style.left = Math.max(8, x) + "px";
    tooltip.style.top = (fits ? below : event.clientY - tooltip.offsetHeight - 10) + "px";
  };

  const valueOf = (input) => {
    if (input.type === "checkbox") return input.checked;
    return input.type === "range" ? Number(input.value) : input.value;
  };
  const showValue = (input) => {
    const output = input.parentElement.querySelector("output");
    if (output) output.textContent = input.value;
  };

  const draw = (chart, scheme) => {
    if (chart.view) chart.view.finalize();
    const runtime = vega.parse(chart.spec, configs[scheme], { ast: true });
    const view = new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: "svg", hover: true });
    view.logLevel(vega.Error).tooltip(showTooltip).initialize(chart.box);
    for (const input of chart.inputs) view.signal(input.dataset.signal, valueOf(input));
    chart.view = window.slalomViews[chart.id] = view;
    fit(chart);
  };

  // The room for a chart, less what its axes and legends take beside it.
  const fit = (chart) => {
    const room = chart.box.clientWidth;
    if (room <= 0) return;
    chart.width = room;
    chart.view.width(Math.max(160, room)).run();
    chart.view.resize().run(); // legends may have taken another shape
  };

  let scheme = dark.matches ? "dark" : "light";
  const drawAll = (wanted) => {
    scheme = wanted;
    for (const chart of charts) draw(chart, scheme);
  };
  dark.addEventListener("change", () => drawAll(dark.matches ? "dark" : "light"));
  window.addEventListener("beforeprint", () => drawAll("light"));
  window.addEventListener("afterprint", () => drawAll(dark.matches ? "dark" : "light"));

  // Charts of curves: a line at the place nearest to the pointer, with the values of all curves there.
  const short = (value) => (typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value));
  const readAt = (chart, event) => {
    const { data, titles } = chart.spec.usermeta.hover;
    const svg = chart.box.querySelector("svg");
    if (!svg || !chart.view) return;
    const at = event.clientX - svg.getBoundingClientRect().left - chart.view.origin()[0];
    const scale = chart.view.scale("x");
    const nearest = new Map();
    for (const row of chart.view.data(data)) {
      const distance = Math.abs(scale(row.x) - at);
      if (!nearest.has(row.s) || distance < nearest.get(row.s).distance) nearest.set(row.s, { distance, row });
    }
    const found = [...nearest.values()].sort((a, b) => a.distance - b.distance);
    if (found.length === 0 || at < -8 || at > chart.view.width() + 8) return leave(chart);
    const x = found[0].row.x;
    const lines = { [titles[chart.view.signal("axis")]]: short(x) };
    for (const [name, { row, distance }] of nearest) {
      if (distance - found[0].distance < 12) lines[name] = short(row.v);
    }
    chart.view.signal("place", x).run();
    showTooltip(null, event, null, lines);
  };
  const leave = (chart) => {
    tooltip.hidden = true;
    chart.view.signal("place", null).run();
  };
  for (const chart of charts) {
    if (!chart.spec.usermeta || !chart.spec.usermeta.hover) continue;
    chart.box.addEventListener("pointermove", (event) => readAt(chart, event));
    chart.box.addEventListener("pointerleave", () => leave(chart));
  }

  for (const chart of charts) {
    for (const input of chart.inputs) {
      input.addEventListener("input", () => {
        showValue(input);
        chart.view.signal(input.dataset.signal, valueOf(input)).run();
      });
    }
  }

  // Moves a slider from its lowest to its highest value in about six seconds.
  for (const button of document.querySelectorAll("[data-play]")) {
    const input = document.getElementById(button.dataset.play);
    let timer = 0;
    const stop = () => {
      clearInterval(timer);
      timer = 0;
      button.textContent = "Play";
    };
    button.addEventListener("click", () => {
      if (timer) return stop();
      const low = Number(input.min);
      const high = Number(input.max);
      const step = Math.max(Number(input.step), (high - low) / 150);
      if (Number(input.value) >= high) input.value = low;
      button.textContent = "Pause";
      timer = setInterval(() => {
        input.value = Math.min(high, Number(input.value) + step);
        input.dispatchEvent(new Event("input"));
        if (Number(input.value) >= high) stop();
      }, 40);
    });
  }

  drawAll(scheme);
  const fitAll = () => {
    for (const chart of charts) {
      if (chart.box.clientWidth !== chart.width) fit(chart);
    }
  };
  new ResizeObserver(() => requestAnimationFrame(fitAll)).observe(document.querySelector("main"));
  Promise.all(charts.map((chart) => chart.view.runAsync())).then(() => {
    window.slalomReady = true;
  });
})();
