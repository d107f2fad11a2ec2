// SPDX-License-Identifier: Apache-2.0
// Writes what a report shows of data and model.
#include "report/details_json.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include "report/json_number.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostColumns = 300, kMostLevels = 5, kMostClasses = 200;
constexpr std::size_t kMostCoefficients = 100;  ///< of an output
constexpr std::int64_t kMostOutputs = 12;

/// The most frequent levels with their shares.
Json levels_json(const std::vector<std::string>& names, const std::vector<double>& shares) {
  std::vector<std::size_t> order(std::min(names.size(), shares.size()));
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  Json levels = Json::array();
  for (std::size_t i = 0; i < std::min(order.size(), kMostLevels); ++i) {
    levels.push_back({{"name", names[order[i]]}, {"share", json_number(shares[order[i]])}});
  }
  return levels;
}

Json column_json(const std::string& name, const char* role, const std::vector<std::string>* levels,
                 const ColumnStatistics* statistics) {
  Json column = {{"name", name}, {"role", role}};
  column["kind"] = levels != nullptr ? "category" : "number";
  if (levels != nullptr) column["n_levels"] = levels->size();
  if (statistics == nullptr) return column;
  column["missing"] = json_number(statistics->missing);
  if (levels != nullptr) {
    column["levels"] = levels_json(*levels, statistics->shares);
  } else {
    column["mean"] = json_number(statistics->mean);
    column["std"] = json_number(statistics->deviation);
  }
  return column;
}

/// Standard deviations of the output features on the training rows; empty if the model does not have them.
std::vector<double> feature_deviations(const Preprocessing& preprocessing) {
  std::vector<double> deviations;
  for (const InputColumn& column : preprocessing.inputs) {
    if (!column.statistics) return {};
    if (!column.categorical) {
      deviations.push_back(column.statistics->deviation);
      continue;
    }
    for (std::int64_t i = 0; i < column.width(); ++i) {
      const auto level = static_cast<std::size_t>(i);
      const double share = level < column.statistics->shares.size() ? column.statistics->shares[level] : 0.0;
      deviations.push_back(std::sqrt(std::max(0.0, share * (1.0 - share))));
    }
  }
  return deviations;
}

}  // namespace

Json data_json(const JobResult& result) {
  const Preprocessing& p = result.model.preprocessing;
  Json columns = Json::array();
  for (std::size_t t = 0; t < p.targets.size(); ++t) {
    const ColumnStatistics* statistics = t < p.target_statistics.size() ? &p.target_statistics[t] : nullptr;
    columns.push_back(column_json(p.targets[t], "target", p.classes.empty() ? nullptr : &p.classes, statistics));
  }
  if (!p.weight_column.empty()) columns.push_back({{"name", p.weight_column}, {"role", "weight"}});
  for (const InputColumn& input : p.inputs) {
    columns.push_back(column_json(input.name, "feature", input.categorical ? &input.categories : nullptr,
                                  input.statistics ? &*input.statistics : nullptr));
    if (columns.size() == kMostColumns) break;
  }
  for (const std::string& name : result.unused_columns) {
    if (columns.size() == kMostColumns) break;
    columns.push_back({{"name", name}, {"role", "not used"}});
  }
  const std::size_t n_columns =
      p.targets.size() + (p.weight_column.empty() ? 0U : 1U) + p.inputs.size() + result.unused_columns.size();
  const auto n_classes = static_cast<std::ptrdiff_t>(std::min(p.classes.size(), kMostClasses));
  return {{"n_columns", n_columns},
          {"n_features", p.n_features()},
          {"columns", columns},
          {"classes", std::vector<std::string>(p.classes.begin(), p.classes.begin() + n_classes)}};
}

Json coefficients_json(const Model& model) {
  const LinearCoefficients all = coefficients_in_original_units(model);
  const std::vector<double> deviations = feature_deviations(model.preprocessing);
  const std::size_t n = all.features.size();
  const bool has_effects = deviations.size() == n;
  const Preprocessing& p = model.preprocessing;
  Json outputs = Json::array();
  for (std::int64_t j = 0; j < std::min(std::ssize(all.intercepts), static_cast<std::ptrdiff_t>(kMostOutputs)); ++j) {
    const auto output = static_cast<std::size_t>(j);
    const auto coefficient = [&](std::size_t f) { return all.coefficients[output * n + f]; };
    const auto effect = [&](std::size_t f) { return coefficient(f) * (has_effects ? deviations[f] : 1.0); };
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t shown = std::min(n, kMostCoefficients);
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shown), order.end(),
                      [&](std::size_t a, std::size_t b) {
                        const double x = std::fabs(effect(a)), y = std::fabs(effect(b));
                        return x != y ? x > y : a < b;
                      });
    Json rows = Json::array();
    for (std::size_t i = 0; i < shown; ++i) {
      Json row = {{"feature", all.features[order[i]]}, {"coefficient", json_number(coefficient(order[i]))}};
      if (has_effects) row["effect"] = json_number(effect(order[i]));
      rows.push_back(std::move(row));
    }
    const bool several = all.intercepts.size() > 1;
    const std::vector<std::string>& names = several && !p.classes.empty() ? p.classes : p.targets;
    outputs.push_back({{"name", output < names.size() ? names[output] : ""},
                       {"intercept", json_number(all.intercepts[output])},
                       {"rows", rows}});
  }
  const bool zero_counts =
      std::any_of(all.coefficients.begin(), all.coefficients.end(), [](double c) { return c == 0.0; });
  Json json = {{"n_features", n}, {"n_outputs", all.intercepts.size()}, {"outputs", outputs}};
  if (zero_counts) json["n_zero"] = std::count(all.coefficients.begin(), all.coefficients.end(), 0.0);
  return json;
}

Json predictions_json(const PredictionDetails& details) {
  Json targets = Json::array(), classes = Json::array();
  for (const TargetDetails& target : details.targets) {
    Json sample = Json::array();
    for (const TargetDetails::Row& row : target.sample) {
      sample.push_back({json_number(row.actual), json_number(row.predicted)});
    }
    targets.push_back({{"name", target.name},
                       {"sample", sample},
                       {"residuals",
                        {{"low", json_number(target.residuals.low)},
                         {"width", json_number(target.residuals.width)},
                         {"counts", target.residuals.counts},
                         {"mean", json_number(target.mean)},
                         {"std", json_number(target.deviation)},
                         {"lowest", json_number(target.lowest)},
                         {"highest", json_number(target.highest)}}}});
  }
  for (const ClassDetails& of : details.classes) {
    Json curve = Json::array();
    for (const ClassDetails::Point& point : of.curve) {
      curve.push_back({json_number(point.threshold), point.recall, point.false_positive, point.precision});
    }
    classes.push_back({{"name", of.name},
                       {"positives", of.positives},
                       {"negatives", of.negatives},
                       {"area", of.area},
                       {"average_precision", of.average_precision},
                       {"curve", curve}});
  }
  return {{"validation", details.validation},
          {"rows", details.rows},
          {"judged_rows", details.judged_rows},
          {"n_targets", details.n_targets},
          {"targets", targets},
          {"thresholds_are_scores", details.scores},
          {"classes", classes}};
}

}  // namespace slalom::report
