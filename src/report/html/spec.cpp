// SPDX-License-Identifier: Apache-2.0
// Writes the common pieces of specs.
#include "report/html/spec.hpp"

#include <cmath>

namespace slalom::report::html {

Json empty_spec(double height) {
  return {{"autosize", {{"type", "fit-x"}, {"contains", "padding"}, {"resize", true}}},
          {"width", 600},
          {"height", height},
          {"padding", {{"left", 2}, {"right", 8}, {"top", 4}, {"bottom", 2}}}};
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json number_labels() {
  const Json text = {
      {"signal", "abs(datum.value) >= 10000 ? format(datum.value, '.3~s') : format(datum.value, '.5~g')"}};
  return {{"labels", {{"update", {{"text", text}}}}}};
}

Json value_axis(const std::string& scale, const Json& title) {
  return {{"scale", scale},       {"orient", "left"}, {"title", title}, {"grid", true},
          {"domain", false},      {"ticks", false},   {"tickCount", 5}, {"encode", number_labels()},
          {"labelOverlap", true}, {"minExtent", 36}};
}

Json wide_legend(const std::string& scale, const char* channel) {
  return {{channel, scale},
          {"orient", "top"},
          {"direction", "horizontal"},
          {"columns", {{"signal", "max(1, floor(width / 210))"}}},
          {"columnPadding", 18},
          {"offset", 8}};
}

}  // namespace slalom::report::html
