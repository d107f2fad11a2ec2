// SPDX-License-Identifier: Apache-2.0
// Runs after Vega in the engine of vega_svg.cpp: draws slalomSpec with slalomConfig, slalomWidth pixels wide, into slalomResult.
"use strict";
globalThis.slalomProblems = [];
const complain = (...words) => slalomProblems.push(words.join(" "));
globalThis.console = { log: complain, warn: complain, error: complain, info() {}, debug() {} };
(() => {
  const runtime = vega.parse(JSON.parse(slalomSpec), JSON.parse(slalomConfig), { ast: true });
  const view = new vega.View(runtime, { expr: vega.expressionInterpreter, renderer: "none", logLevel: vega.Warn });
  view
    .width(slalomWidth)
    .runAsync()
    .then(() => view.resize().runAsync())
    .then(() => view.toSVG())
    .then((svg) => { globalThis.slalomResult = svg; })
    .catch((error) => complain(error));
})();
