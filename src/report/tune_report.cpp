// SPDX-License-Identifier: Apache-2.0
// Formats the result of tuning.
#include "report/tune_report.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/byte_text.hpp"
#include "report/json_number.hpp"
#include "report/stop_reason.hpp"
#include "text/number.hpp"
#include "text/table.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

std::string batch_text(std::int64_t batch_size) { return batch_size == 0 ? "all" : std::to_string(batch_size); }

/// "0.351 (0.349-0.356)"; the range only if there is one.
std::string range_text(const std::optional<MedianRange>& range, int digits) {
  if (!range) return "-";
  std::string median = fmt::format("{:.{}g}", range->median, digits);
  if (range->low == range->high) return median;
  return fmt::format("{} ({:.{}g}-{:.{}g})", median, range->low, digits, range->high, digits);
}

/// What became of a row's runs, if not all went to their end.
std::string fate_of(const TuneRow& row) {
  const auto count = [&](StopReason reason) {
    return std::count_if(row.runs.begin(), row.runs.end(), [&](const TrialRun& run) { return run.reason == reason; });
  };
  std::string text;
  for (const StopReason reason : {StopReason::kDiverged, StopReason::kGivenUp, StopReason::kInterrupted}) {
    const auto n = count(reason);
    if (n == 0) continue;
    std::int64_t epochs = 0;
    for (const TrialRun& run : row.runs) {
      if (run.reason == reason) epochs = std::max(epochs, static_cast<std::int64_t>(run.curve.size()));
    }
    const std::string part = n == static_cast<std::int64_t>(row.runs.size()) ? "" : fmt::format("{} ", n);
    text += fmt::format("{}{}{} after {}", text.empty() ? "" : ", ", part, reason_text(reason), epochs);
  }
  return text;
}

using Cells = std::vector<text::Cell>;

/// Which optional columns differ between rows.
struct Varying {
  explicit Varying(const std::vector<TuneRow>& rows) {
    for (const TuneRow& row : rows) {
      const Trial &a = row.trial, &b = rows.front().trial;
      device = device || a.device != b.device;
      optimizer = optimizer || a.optimizer.kind != b.optimizer.kind;
      l1 = l1 || a.optimizer.l1 != b.optimizer.l1;
      l2 = l2 || a.optimizer.l2 != b.optimizer.l2;
      repeats = repeats || row.runs.size() > 1;
    }
  }
  bool device = false, optimizer = false, l1 = false, l2 = false, repeats = false;
};

Cells header_of(const Varying& varying, bool validated) {
  Cells cells;
  if (varying.device) cells.emplace_back("device");
  cells.emplace_back("batch");
  if (varying.optimizer) cells.emplace_back("optimizer");
  cells.emplace_back("lr");
  if (varying.l1) cells.emplace_back("l1");
  if (varying.l2) cells.emplace_back("l2");
  for (const char* name : {"samples/s", "steps/s", "s/epoch", "memory"}) cells.emplace_back(name);
  cells.emplace_back(validated ? "lowest valid loss" : "lowest train loss");
  for (const char* name : {"epochs to target", "s to target", ""}) cells.emplace_back(name);
  return cells;
}

Cells cells_of(const TuneRow& row, const Varying& varying, bool recommended) {
  const OptimizerConfig& optimizer = row.trial.optimizer;
  Cells cells;
  if (varying.device) cells.emplace_back(std::string(name_of(row.trial.device)));
  cells.emplace_back(batch_text(row.trial.batch_size));
  if (varying.optimizer) cells.emplace_back(std::string(name_of(optimizer.kind)));
  cells.emplace_back(fmt::format("{:.3g}", optimizer.learning_rate));
  if (varying.l1) cells.emplace_back(fmt::format("{:.3g}", optimizer.l1));
  if (varying.l2) cells.emplace_back(fmt::format("{:.3g}", optimizer.l2));
  if (row.speed) {
    cells.emplace_back(fmt::format("{:.3g}", row.speed->samples_per_second));
    cells.emplace_back(fmt::format("{:.3g}", row.speed->steps_per_second));
    cells.emplace_back(fmt::format("{:.3g}", row.speed->seconds_per_epoch));
    cells.emplace_back((row.speed->memory_measured ? "" : "~") + byte_text(row.speed->memory_bytes));
  } else {
    cells.insert(cells.end(), 4, text::Cell("-"));
  }
  cells.emplace_back(range_text(row.lowest_loss, 5));
  cells.emplace_back(range_text(row.epochs_to_target, 3));
  cells.emplace_back(range_text(row.seconds_to_target, 3));
  const std::string fate = fate_of(row);
  cells.emplace_back(recommended ? "<- recommended" + (fate.empty() ? "" : ", " + fate) : fate,
                     recommended ? text::Tone::kGood : text::Tone::kCaution);
  if (recommended) {
    for (text::Cell& cell : cells) cell.tone = text::Tone::kGood;
  }
  return cells;
}

std::string noise_text(const NoiseReport& noise) {
  std::string text = fmt::format("gradient noise scale (batches of {} and {}):", noise.small_batch, noise.big_batch);
  for (const NoisePoint& point : noise.points) {
    text += fmt::format("{} {} after {} epochs", point.epoch == 0 ? "" : ",",
                        point.estimate.scale ? fmt::format("{:.3g}", *point.estimate.scale) : "beyond measure",
                        point.epoch);
  }
  if (!noise.critical_batch_size) {
    return text + "\ncritical batch size: beyond measure, noise drowns the gradient for most of the run\n";
  }
  return text + fmt::format(
                    "\ncritical batch size: about {}; well below it doubling the batch nearly halves the steps, "
                    "well above it it only doubles the work\n",
                    text::rounded(*noise.critical_batch_size, 2));
}

Json range_json(const std::optional<MedianRange>& range) {
  if (!range) return nullptr;
  return {{"median", range->median}, {"low", range->low}, {"high", range->high}};
}

Json speed_json(const TrialSpeed& speed) {
  return {{"samples_per_second", speed.samples_per_second}, {"samples_per_second_low", speed.slowest},
          {"samples_per_second_high", speed.fastest},       {"steps_per_second", speed.steps_per_second},
          {"seconds_per_epoch", speed.seconds_per_epoch},   {"memory_bytes", speed.memory_bytes},
          {"memory_measured", speed.memory_measured}};
}

Json runs_json(const TuneRow& row) {
  Json runs = Json::array();
  for (const TrialRun& run : row.runs) {
    Json curve = Json::array();
    for (const CurvePoint& point : run.curve) {
      const double epochs = static_cast<double>(point.step) / static_cast<double>(row.steps_per_epoch);
      const Json seconds = row.speed ? json_number(epochs * row.speed->seconds_per_epoch) : Json(nullptr);
      curve.push_back(
          {{"step", point.step}, {"epoch", epochs}, {"seconds", seconds}, {"loss", json_number(point.loss)}});
    }
    runs.push_back({{"seed", run.seed}, {"stopped", reason_text(run.reason)}, {"curve", curve}});
  }
  return runs;
}

Json noise_json(const NoiseReport& noise) {
  Json points = Json::array();
  for (const NoisePoint& point : noise.points) {
    points.push_back({{"epoch", point.epoch},
                      {"gradient_squared", json_number(point.estimate.gradient_squared)},
                      {"noise_trace", json_number(point.estimate.noise_trace)},
                      {"scale", json_number(point.estimate.scale)}});
  }
  return {{"small_batch", noise.small_batch},
          {"big_batch", noise.big_batch},
          {"points", points},
          {"critical_batch_size", json_number(noise.critical_batch_size)}};
}

}  // namespace

std::string tune_table(const TuneResult& result, const text::Style& style) {
  const Varying varying(result.rows);
  const Cells heading = header_of(varying, result.validated);
  std::vector<text::ColumnKind> kinds(heading.size(), text::ColumnKind::kNumber);
  kinds.back() = text::ColumnKind::kNote;
  text::TextTable table(kinds);
  table.heading(heading);
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    table.add(cells_of(result.rows[i], varying, static_cast<std::int64_t>(i) == result.recommended));
  }
  std::string text = table.text(style);
  const auto out = std::back_inserter(text);
  text += '\n';
  if (varying.repeats) text += "medians over seeds, with their range in brackets\n";
  if (result.target_loss) {
    fmt::format_to(out, "target: {} loss {:.6g} ({})\n", result.validated ? "validation" : "training",
                   *result.target_loss, result.target_given ? "--target-loss" : "the best seen + 1 %");
  }
  if (result.noise) text += noise_text(*result.noise);
  fmt::format_to(out, "{}{}\n", result.recommended ? style.paint(text::Tone::kGood, "recommended:") + " " : "",
                 text::printable(result.reason, style.charset));
  return text;
}

std::string tune_json(const TuneResult& result) {
  Json rows = Json::array();
  for (const TuneRow& row : result.rows) {
    const OptimizerConfig& optimizer = row.trial.optimizer;
    Json json = {{"device", name_of(row.trial.device)},
                 {"batch_size", row.trial.batch_size == 0 ? Json("all") : Json(row.trial.batch_size)},
                 {"rows_per_step", row.rows_per_step},
                 {"steps_per_epoch", row.steps_per_epoch},
                 {"optimizer", name_of(optimizer.kind)},
                 {"lr", optimizer.learning_rate},
                 {"l1", optimizer.l1},
                 {"l2", optimizer.l2},
                 {"speed", row.speed ? speed_json(*row.speed) : Json(nullptr)},
                 {"lowest_loss", range_json(row.lowest_loss)},
                 {"runs_that_reached_target", row.n_reached},
                 {"epochs_to_target", range_json(row.epochs_to_target)},
                 {"seconds_to_target", range_json(row.seconds_to_target)},
                 {"runs", runs_json(row)}};
    rows.push_back(std::move(json));
  }
  Json devices = Json::object();
  for (const auto& [device, description] : result.devices) devices[std::string(name_of(device))] = description;
  const Json json = {{"train_rows", result.train_rows},
                     {"valid_rows", result.valid_rows},
                     {"devices", devices},
                     {"target_loss", json_number(result.target_loss)},
                     {"target_given", result.target_given},
                     {"recommended", result.recommended ? Json(*result.recommended) : Json(nullptr)},
                     {"reason", result.reason},
                     {"noise", result.noise ? noise_json(*result.noise) : Json(nullptr)},
                     {"interrupted", result.interrupted},
                     {"notes", result.notes},
                     {"rows", rows}};
  return json.dump();
}

}  // namespace slalom::report
