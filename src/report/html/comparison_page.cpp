// SPDX-License-Identifier: Apache-2.0
// Several runs side by side.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "report/html/epoch_curve.hpp"
#include "report/html/run_page.hpp"
#include "report/html/sections.hpp"
#include "report/json_fields.hpp"

namespace slalom::report::html {
namespace {

using Records = std::vector<RunRecord>;
using Epoch = RunRecord::Epoch;

constexpr std::size_t kMostRunPoints = 400;

/// File names where they tell the runs apart, else whole paths, numbered if even they are the same.
std::vector<std::string> names_of(const Records& records) {
  std::vector<std::string> names;
  for (const RunRecord& record : records) names.push_back(std::filesystem::path(record.name).filename().string());
  if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < records.size(); ++i) {
    names[i] = records[i].name;
    for (int n = 2; !taken.insert(names[i]).second; ++n) names[i] = fmt::format("{} ({})", records[i].name, n);
  }
  return names;
}

std::vector<TextTable::Column> run_columns(const char* first, const std::vector<std::string>& names, bool numeric) {
  std::vector<TextTable::Column> columns{{first}};
  for (const std::string& name : names) columns.push_back({name, numeric});
  return columns;
}

const std::vector<Epoch>& epochs_of(const RunRecord& record) {
  static const std::vector<Epoch> kNoEpochs;
  const auto member = record.members.find(record.chosen());
  return member == record.members.end() ? kNoEpochs : member->second.epochs;
}

/// One number of the epochs of every run; nothing if no run has it.
std::optional<Chart> curves_chart(const Records& records, const std::vector<std::string>& names, Chart chart,
                                  const std::string& title, double Epoch::*value) {
  SeriesChart curves{
      .axes = time_axes(),
      .panels = {{.title = title, .series = {}, .height = 240, .log_switch = true, .smooth = value != &Epoch::rate}}};
  chart.table = {.caption = chart.title,
                 .columns = {{"run"}, {"epochs", true}, {"lowest", true}, {"last", true}, {"seconds", true}}};
  std::size_t thinned_runs = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::vector<Epoch>& epochs = epochs_of(records[i]);
    double lowest = RunRecord::kNone;
    for (const Epoch& epoch : epochs) lowest = std::fmin(lowest, epoch.*value);
    if (!std::isfinite(lowest)) continue;
    const Epoch& last = epochs.back();
    chart.table.rows.push_back({names[i], number_text(last.epoch), number_text(lowest), number_text(last.*value),
                                number_text(last.seconds, 4)});
    if (curves.panels[0].series.size() == kMostCurves) continue;
    if (epochs.size() > kMostRunPoints) ++thinned_runs;
    const bool dashed = curves.panels[0].series.size() % 2 == 1;
    curves.panels[0].series.push_back(epoch_curve(epochs, names[i], value, kMostRunPoints, dashed));
  }
  if (curves.panels[0].series.empty()) return std::nullopt;
  if (chart.table.rows.size() > kMostCurves) {
    chart.notes.push_back(fmt::format("The first {} runs are drawn; the table has all.", kMostCurves));
  }
  if (thinned_runs > 0) {
    chart.notes.emplace_back(
        "Long curves are thinned: of every stretch the first, the last, the lowest and the highest epoch are drawn.");
  }
  return series_chart(std::move(chart), curves);
}

std::string ended_text(const RunRecord& record) {
  if (record.result.is_null()) return "no result in the log";
  if (!text_of(record.result, "failure").empty()) return "failed";
  if (!text_of(record.result, "error").empty())
    return text_of(field(record.result, "summary"), "stopped") + ", then an error";
  return text_of(field(record.result, "summary"), "stopped");
}

TextTable results_table(const Records& records, const std::vector<std::string>& names) {
  TextTable table{.caption = "Results", .columns = run_columns("result", names, true)};
  const auto add = [&](const std::string& name, auto&& cell) {
    std::vector<std::string> row{name};
    for (const RunRecord& record : records) row.push_back(cell(record));
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& text) { return !text.empty(); })) {
      table.rows.push_back(std::move(row));
    }
  };
  const auto summary_number = [](const char* name, int digits) {
    return [=](const RunRecord& r) { return number_text(number_of(field(r.result, "summary"), name), digits); };
  };
  add("ended", ended_text);
  add("model", [](const RunRecord& r) { return text_of(field(r.result, "summary"), "model"); });
  add("device", [](const RunRecord& r) { return text_of(r.result, "device_description"); });
  add("training rows", [](const RunRecord& r) { return number_text(number_of(r.result, "train_rows")); });
  add("validation rows", [](const RunRecord& r) { return number_text(number_of(r.result, "valid_rows")); });
  add("epochs", summary_number("epochs", 6));
  add("epoch of the model", summary_number("best_epoch", 6));
  add("steps", summary_number("steps", 6));
  add("seconds", summary_number("seconds", 4));
  add("samples per second", summary_number("samples_per_second", 4));
  for (const char* part : {"valid", "train"}) {
    for (const std::string_view metric : kMetricNames) {
      const std::string key(metric);
      add((part == std::string("valid") ? "validation " : "training ") + key, [&](const RunRecord& r) {
        return number_text(number_of(field(field(r.result, "summary"), part), key.c_str()));
      });
    }
  }
  return table;
}

/// Flags whose values are not the same in all runs.
TextTable differences_table(const Records& records, const std::vector<std::string>& names) {
  TextTable table{.caption = "Settings that differ", .columns = run_columns("flag", names, false)};
  std::vector<std::string> flags;
  std::vector<std::map<std::string, std::string>> values(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    for (const Json& setting : items_of(records[i].run, "settings")) {
      const std::string flag = text_of(setting, "name");
      if (std::find(flags.begin(), flags.end(), flag) == flags.end()) flags.push_back(flag);
      values[i][flag] = text_of(setting, "value");
    }
  }
  const std::set<std::string> outputs{"out", "metrics", "report", "tensorboard", "checkpoint-dir"};
  for (const std::string& flag : flags) {
    if (outputs.contains(flag)) continue;  // every run has files of its own
    std::vector<std::string> row{"--" + flag};
    for (auto& of : values) row.push_back(of[flag]);
    if (std::any_of(row.begin() + 2, row.end(), [&](const std::string& value) { return value != row[1]; })) {
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace

Page comparison_page(const std::vector<RunRecord>& records) {
  const std::vector<std::string> names = names_of(records);
  Page page("Comparison of training runs", fmt::format("{} runs", records.size()));
  Section curves{"curves", "Curves"};
  const auto add = [&](const char* id, const char* title, const char* description, double Epoch::*value) {
    auto chart = curves_chart(records, names, {.id = id, .title = title, .description = description}, title, value);
    if (chart) curves.blocks.push_back(std::move(*chart));
  };
  add("valid-loss", "Validation loss", "Mean loss of the held-out rows after each epoch.", &Epoch::valid_loss);
  add("loss", "Training loss", "Mean loss of each epoch.", &Epoch::train_loss);
  add("rate", "Learning rate", "Of the last step of each epoch.", &Epoch::rate);
  add("speed", "Samples per second", "Rows trained a second over all members.", &Epoch::samples_per_second);
  Section results{"results", "Results"};
  results.blocks.push_back(results_table(records, names));
  page.add(std::move(results));
  if (!curves.blocks.empty()) page.add(std::move(curves));
  Section settings{"settings", "Settings"};
  const bool all_known = std::none_of(records.begin(), records.end(), [](const auto& r) { return r.run.is_null(); });
  if (!all_known) settings.blocks.push_back(Paragraph{"Some logs do not say how their run was called."});
  TextTable differences = differences_table(records, names);
  if (differences.rows.empty()) {
    settings.blocks.push_back(Paragraph{"No setting differs, but for the files that were written."});
  } else {
    settings.blocks.push_back(std::move(differences));
  }
  Facts commands;
  for (std::size_t i = 0; i < records.size(); ++i) {
    commands.items.emplace_back(names[i], text_of(records[i].run, "command_line"));
  }
  settings.blocks.push_back(std::move(commands));
  page.add(std::move(settings));
  return page;
}

}  // namespace slalom::report::html
