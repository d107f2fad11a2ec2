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
    view.logLevel(vega.Error).tooltip(slalomReading.handlerOf(chart)).initialize(chart.box);
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
    slalomReading.describe(chart);
  };

  let scheme = dark.matches ? "dark" : "light";
  const drawAll = (wanted) => {
    scheme = wanted;
    for (const chart of charts) draw(chart, scheme);
  };
  dark.addEventListener("change", () => drawAll(dark.matches ? "dark" : "light"));
  window.addEventListener("beforeprint", () => drawAll("light"));
  window.addEventListener("afterprint", () => drawAll(dark.matches ? "dark" : "light"));

  for (const chart of charts) slalomReading.connect(chart);

  for (const chart of charts) {
    for (const input of chart.inputs) {
      input.addEventListener("input", () => {
        showValue(input);
        chart.view.signal(input.dataset.signal, valueOf(input)).run();
        slalomReading.describe(chart);
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
