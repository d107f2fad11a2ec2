// SPDX-License-Identifier: Apache-2.0
// Joins Vega's modules, which are in `vegaModules` in the order of their needs, into the global `vega`.
"use strict";
const vega = (() => {
  const loaded = {};
  // What a chart of ours cannot ask for (exotic map projections) is an empty module.
  const require = (name) => loaded[name === "vega-selections" ? "vega-selection" : name] || {};
  const joined = {};
  for (const [name, define] of Object.entries(vegaModules)) {
    const module = { exports: {} };
    define(module.exports, module, require);
    loaded[name] = module.exports;
    Object.assign(joined, module.exports);
  }
  Object.assign(joined, loaded["vega-util"]);
  joined.transforms = loaded["vega-dataflow"].transforms;
  for (const name of ["vega-transforms", "vega-view-transforms", "vega-encode", "vega-geo"]) {
    Object.assign(joined.transforms, loaded[name]);
  }
  return joined;
})();
