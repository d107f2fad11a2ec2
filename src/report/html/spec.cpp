// SPDX-License-Identifier: Apache-2.0
// Writes the common pieces of specs.
#include "report/html/spec.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace slalom::report::html {
namespace {

constexpr int kAxisDigits = 5;

/// "1.5e+09"
std::string power_expression(const std::string& value, int digits) {
  return fmt::format(
      "replace(replace(format({}, '.{}e'), regexp('[.]?0*e'), 'e'), regexp('e([+-])([0-9])$'), 'e$10$2')", value,
      digits - 1);
}

}  // namespace

Json empty_spec(double height) {
  return {{"autosize", {{"type", "fit-x"}, {"contains", "padding"}, {"resize", true}}},
          {"width", 600},
          {"height", height},
          {"padding", {{"left", 2}, {"right", 8}, {"top", 4}, {"bottom", 2}}}};
}

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

std::string number_expression(const std::string& value, int digits) {
  return fmt::format("({0} !== 0 && (abs({0}) < 1e-4 || abs({0}) >= 1e6) ? {1} : format({0}, '.{2}~r'))", value,
                     power_expression(value, digits), digits);
}

Json number_labels(const std::string& scale, AxisNumbers numbers) {
  const bool logarithmic = numbers == AxisNumbers::kLogarithmic || numbers == AxisNumbers::kLogarithmicCounts;
  const bool counts = numbers == AxisNumbers::kCounts || numbers == AxisNumbers::kLogarithmicCounts;
  const std::string value = "datum.value", power = power_expression(value, kAxisDigits);
  const std::string plain =
      fmt::format("abs({0}) >= 1e4 ? format({0}, '.{1}~s') : format({0}, '.{1}~r')", value, kAxisDigits);
  const std::string low = fmt::format("abs(domain('{}')[0])", scale),
                    high = fmt::format("abs(peek(domain('{}')))", scale);
  const auto unless = [&](const std::string& large) {
    return fmt::format("{0} === 0 ? '0' : {1} || abs({0}) < 1e-4 ? {2} : {3}", value, large, power, plain);
  };
  std::string text = plain;
  if (!logarithmic && !counts) text = unless(fmt::format("max({}, {}) >= 1e6", low, high));
  if (logarithmic) {
    const std::string times = "round(datum.value / pow(10, floor(log(datum.value) / LN10 + 1e-9)))";
    text = fmt::format("{1} / {0} < 4 || {2} === 1 || ({1} / {0} < 1000 && ({2} === 2 || {2} === 5)) ? ({3}) : ''", low,
                       high, times, unless(counts ? "false" : "datum.value >= 1e6"));
  }
  return {{"labels", {{"update", {{"text", {{"signal", text}}}}}}}};
}

Json value_axis(const std::string& scale, const Json& title, AxisNumbers numbers) {
  Json axis = {{"scale", scale},       {"orient", "left"}, {"title", title}, {"grid", true},
               {"domain", false},      {"ticks", false},   {"tickCount", 5}, {"encode", number_labels(scale, numbers)},
               {"labelOverlap", true}, {"minExtent", 36}};
  if (numbers == AxisNumbers::kLogarithmic || numbers == AxisNumbers::kLogarithmicCounts)
    axis["labelOverlap"] = "greedy";
  return axis;
}

Json wide_legend(const std::string& scale, const char* channel, std::size_t longest) {
  constexpr int kCharacter = 7, kSymbol = 48, kMostLabel = 330;  // pixels
  const int label = std::min(kMostLabel, kCharacter * static_cast<int>(longest) + kCharacter);
  return {{channel, scale},
          {"orient", "top"},
          {"direction", "horizontal"},
          {"columns", {{"signal", fmt::format("max(1, floor(width / {}))", label + kSymbol)}}},
          {"columnPadding", 18},
          {"labelLimit", kMostLabel},
          {"offset", 8}};
}

}  // namespace slalom::report::html
