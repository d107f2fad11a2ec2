// SPDX-License-Identifier: Apache-2.0
// Formats the result of a range test.
#include "report/lr_find_report.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json_number.hpp"
#include "text/table.hpp"

namespace slalom::report {
namespace {

constexpr std::size_t kShownPoints = 20;
constexpr std::size_t kLongestBar = 40, kShortestBar = 8;
constexpr std::size_t kBesideBar = 52;  ///< columns that the numbers and the mark take at most

/// A bar as long as `value` is high between `low` and `high`, at most `longest`.
std::string bar(double value, double low, double high, std::size_t longest) {
  if (!(high > low) || !std::isfinite(value)) return "";
  const double part = std::clamp((value - low) / (high - low), 0.0, 1.0);
  return std::string(static_cast<std::size_t>(std::lround(static_cast<double>(longest) * part)), '#');
}

}  // namespace

std::string lr_find_table(const LrFindResult& result, const text::Style& style) {
  const std::vector<RatePoint>& curve = result.finding.curve;
  using text::ColumnKind;
  text::TextTable table({ColumnKind::kNumber, ColumnKind::kNumber, ColumnKind::kNumber, ColumnKind::kNote});
  table.heading({"lr", "loss", "smoothed"});
  const std::size_t room = style.columns > kBesideBar ? style.columns - kBesideBar : 0;
  const std::size_t longest = style.columns == 0 ? kLongestBar : std::clamp(room, kShortestBar, kLongestBar);
  double low = 0.0, high = 0.0;
  if (!curve.empty()) {
    const auto [least, most] = std::minmax_element(
        curve.begin(), curve.end(), [](const RatePoint& a, const RatePoint& b) { return a.smoothed < b.smoothed; });
    low = std::min(0.0, least->smoothed);
    high = std::min(most->smoothed, 2.0 * curve.front().smoothed);  // a divergence would flatten all the rest
  }
  const std::size_t every = std::max<std::size_t>(1, (curve.size() + kShownPoints - 1) / kShownPoints);
  for (std::size_t i = 0; i < curve.size(); i += every) {
    const RatePoint& point = curve[i];
    const double next = i + every < curve.size() ? curve[i + every].learning_rate : INFINITY;
    const double suggested = result.finding.suggested.value_or(-1.0);
    const bool here = suggested >= point.learning_rate && suggested < next;
    table.add({fmt::format("{:.3g}", point.learning_rate),
               fmt::format("{:.6g}", point.loss),
               fmt::format("{:.6g}", point.smoothed),
               {bar(point.smoothed, low, high, longest) + (here ? " <- suggested" : ""),
                here ? text::Tone::kGood : text::Tone::kPlain}});
  }
  std::string text = table.text(style);
  const auto out = std::back_inserter(text);
  if (result.finding.suggested) {
    fmt::format_to(out, "\n{} --lr {} at batch size {} on {}: {}\n", style.paint(text::Tone::kGood, "suggested:"),
                   *result.finding.suggested, result.batch_size, result.device_description, result.finding.reason);
  } else {
    fmt::format_to(out, "\n{}\n", result.finding.reason);
  }
  return text;
}

std::string lr_find_json(const LrFindResult& result) {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (const RatePoint& point : result.finding.curve) {
    points.push_back({{"lr", point.learning_rate},
                      {"loss", json_number(point.loss)},
                      {"smoothed_loss", json_number(point.smoothed)}});
  }
  const nlohmann::ordered_json json = {{"suggested_lr", json_number(result.finding.suggested)},
                                       {"lowest_loss_lr", json_number(result.finding.lowest_at)},
                                       {"diverged", result.finding.diverged},
                                       {"reason", result.finding.reason},
                                       {"batch_size", result.batch_size},
                                       {"train_rows", result.train_rows},
                                       {"device", result.device_description},
                                       {"interrupted", result.interrupted},
                                       {"curve", points}};
  return json.dump();
}

std::string lr_find_csv(const LrFindResult& result) {
  std::string text = "learning_rate,loss,smoothed_loss\n";
  for (const RatePoint& point : result.finding.curve) {
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", point.learning_rate, point.loss, point.smoothed);
  }
  return text;
}

}  // namespace slalom::report
