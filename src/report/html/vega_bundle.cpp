// SPDX-License-Identifier: Apache-2.0
// Wraps each module in a function, as module loaders do.
#include "report/html/vega_bundle.hpp"

#include <array>
#include <string_view>

#include "report/html/asset.hpp"
#include "report/html/escape.hpp"

namespace slalom::report::html {
namespace {

/// Every module after those that it needs.
constexpr std::array<std::string_view, 21> kModules{"vega-util",
                                                    "vega-time",
                                                    "vega-format",
                                                    "vega-loader",
                                                    "vega-dataflow",
                                                    "vega-statistics",
                                                    "vega-expression",
                                                    "vega-event-selector",
                                                    "vega-canvas",
                                                    "vega-scale",
                                                    "vega-scenegraph",
                                                    "vega-selection",
                                                    "vega-functions",
                                                    "vega-runtime",
                                                    "vega-parser",
                                                    "vega-transforms",
                                                    "vega-view-transforms",
                                                    "vega-encode",
                                                    "vega-projection",
                                                    "vega-geo",
                                                    "vega-view"};

/// Without the line that names a source map: nobody shall look for that file.
std::string_view without_source_map(std::string_view source) {
  return source.substr(0, source.rfind("//# sourceMappingURL="));
}

}  // namespace

std::string vega_script() {
  std::string license = clean_text(asset("vega-license")) + "\n" + clean_text(asset("d3-license"));
  for (std::size_t at = 0; (at = license.find("*/", at)) != std::string::npos; at += 3) license.insert(at + 1, " ");
  std::string script = "/*! Vega with parts of D3\n\n" + license + "*/\nconst vegaModules = {};\n";
  const auto add = [&](std::string_view name) {
    script.append("vegaModules[\"").append(name).append("\"] = function (exports, module, require) {\n");
    script.append(without_source_map(asset(name))).append("\n};\n");
  };
  for (const std::string_view name : kModules) add(name);
  add("vega-interpreter");
  return script.append(asset("vega_bundle.js"));
}

}  // namespace slalom::report::html
