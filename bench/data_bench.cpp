// SPDX-License-Identifier: Apache-2.0
// What stands between a table and training: drawing an epoch's order, fitting and applying preprocessing.
#include <cmath>
#include <string>
#include <vector>

#include <slalom/preprocess.hpp>

#include "data/sampler.hpp"
#include "suite.hpp"
#include "tables.hpp"

namespace slalom::bench {
namespace {

/// An order has every row once, is not the order of the file, and is the same when it is drawn again.
std::string objection_to(std::span<const std::uint32_t> order, std::span<const std::uint32_t> again) {
  std::vector<bool> seen(order.size());
  bool moved = false;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] >= order.size() || seen[order[i]]) return "row " + std::to_string(order[i]) + " is visited twice";
    seen[order[i]] = true;
    moved = moved || order[i] != i;
  }
  if (!moved) return "the rows are in the order of the file";
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] != again[i]) return "the same epoch is drawn in another order";
  }
  return "";
}

void time_order(benchmark::State& state, Suite& suite, std::int64_t n_rows) {
  data::Sampler sampler(n_rows, {}, 1, 0, true);
  data::Sampler twin(n_rows, {}, 1, 0, true);
  if (const std::string objection = objection_to(sampler.order(0), twin.order(0)); !objection.empty()) {
    suite.fail(state, objection);
    return;
  }
  std::int64_t epoch = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sampler.order(++epoch).data());
  count_rate(state, "rows/s", static_cast<double>(n_rows));
}

/// The first numeric feature must have mean 0 and variance 1 over the rows it was fitted on.
std::string objection_to(const Dataset& data) {
  const FeatureView x = data.view();
  double sum = 0.0, squares = 0.0;
  for (std::int64_t i = 0; i < x.n_rows; ++i) {
    const auto value = static_cast<double>(x.row(i)[0]);
    sum += value;
    squares += value * value;
  }
  const auto n = static_cast<double>(x.n_rows);
  constexpr double kTolerance = 1e-4;  // of float32 sums' inputs; the sums are float64
  if (!(std::fabs(sum / n) <= kTolerance)) return "a feature's mean is " + std::to_string(sum / n);
  if (!(std::fabs(squares / n - 1.0) <= kTolerance)) return "a feature's variance is " + std::to_string(squares / n);
  return "";
}

struct Columns {
  int numeric = 0, categorical = 0;
};

/// Fit: means, deviations, categories of a table. Apply: the table's numbers gathered row by row, encoded and scaled.
void time_preprocessing(benchmark::State& state, Suite& suite, Columns columns, std::int64_t n_rows, bool fit) {
  const Table table = make_table(n_rows, columns.numeric, columns.categorical);
  PreprocessOptions options;
  options.targets = {"y"};
  Notes notes;
  const Preprocessing fitted = fit_preprocessing(table, {}, false, options, notes);
  const auto apply = [&] { return apply_preprocessing(fitted, table, {}, Purpose::kTrain, false, notes); };
  const Dataset data = apply();
  if (const std::string objection = objection_to(data); !objection.empty()) {
    suite.fail(state, objection);
    return;
  }
  if (fit) {
    for (auto _ : state) benchmark::DoNotOptimize(fit_preprocessing(table, {}, false, options, notes).offset.data());
  } else {
    for (auto _ : state) benchmark::DoNotOptimize(apply().features.data());
  }
  const auto cells = static_cast<double>(n_rows * (columns.numeric + columns.categorical + 1));
  count_rate(state, "rows/s", static_cast<double>(n_rows));
  count_rate(state, "cells/s", cells);
  count_rate(state, "bytes/s", 8.0 * cells);  // of the table
}

}  // namespace

void register_data(Suite& suite) {
  for (const std::int64_t n_rows : {20640, 1000000}) {
    suite.add("Order/rows:" + std::to_string(n_rows), benchmark::kMicrosecond,
              [&suite, n_rows](benchmark::State& state) { time_order(state, suite, n_rows); });
  }
  for (const bool fit : {true, false}) {
    for (const Columns columns : {Columns{16, 0}, Columns{8, 8}}) {
      constexpr std::int64_t kRows = 100000;
      suite.add(std::string("Preprocess/") + (fit ? "fit" : "apply") + "/numeric:" + std::to_string(columns.numeric) +
                    "/categorical:" + std::to_string(columns.categorical) + "/rows:" + std::to_string(kRows),
                benchmark::kMillisecond, [&suite, columns, fit](benchmark::State& state) {
                  time_preprocessing(state, suite, columns, kRows, fit);
                });
    }
  }
}

}  // namespace slalom::bench
