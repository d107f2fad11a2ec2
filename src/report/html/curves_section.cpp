// SPDX-License-Identifier: Apache-2.0
// What happened epoch by epoch.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "report/html/epoch_curve.hpp"
#include "report/html/sections.hpp"
#include "report/json_fields.hpp"

namespace slalom::report::html {
namespace {

using Epoch = RunRecord::Epoch;
using Member = RunRecord::Member;

constexpr std::size_t kMostPoints = 800, kMostMembers = 8;
constexpr double kMebibyte = 1048576.0;

bool was_thinned(const Member& member) { return member.epochs.size() > kMostPoints; }

/// A curve of one number of the epochs; empty if the log has none.
Series curve(const Member& member, const std::string& name, double Epoch::*value, bool dashed = false) {
  return epoch_curve(member.epochs, name, value, kMostPoints, dashed);
}

void add_if_any(Panel& panel, Series series) {
  if (!series.points.empty()) panel.series.push_back(std::move(series));
}

std::string thinning_note(std::size_t n) {
  return fmt::format(
      "{} epochs are too many to draw one by one: of every stretch the first, the last, the lowest and the highest are "
      "drawn, so no extreme is lost. Smoothing is over drawn points.",
      n);
}

std::vector<Event> events_of(const Member& member) {
  std::vector<Event> events;
  for (std::size_t i = 0; i < member.guards.size(); ++i) {
    const RunRecord::Guard& guard = member.guards[i];
    events.push_back({{guard.epoch, guard.step, guard.seconds}, std::to_string(i + 1), guard.text, true});
  }
  if (member.resumed_after > 0.0) {
    for (const Epoch& epoch : member.epochs) {
      if (epoch.epoch == member.resumed_after) {
        events.push_back({place_of(epoch), "resumed", "the run went on from a checkpoint", false});
      }
    }
  }
  return events;
}

/// A table of the epochs, evenly spaced ones if there are many. `cells` gives the row of one.
template <class Cells>
TextTable table_of(const Member& member, std::string caption, std::vector<TextTable::Column> columns, Cells&& cells) {
  TextTable table{.caption = std::move(caption), .columns = std::move(columns)};
  const std::size_t n = member.epochs.size(), rows = std::min(n, kMostRows);
  for (std::size_t r = 0; r < rows; ++r)
    table.rows.push_back(cells(member.epochs[rows < 2 ? 0 : r * (n - 1) / (rows - 1)]));
  if (n > rows) table.note = fmt::format("{} of {} epochs, evenly spaced.", rows, n);
  return table;
}

TextTable epochs_table(const Member& member) {
  return table_of(member, "Epochs",
                  {{"epoch", true},
                   {"step", true},
                   {"seconds", true},
                   {"learning rate", true},
                   {"training loss", true},
                   {"validation loss", true}},
                  [](const Epoch& e) {
                    return std::vector<std::string>{number_text(e.epoch) + (e.piece > 0 ? " (thrown away)" : ""),
                                                    number_text(e.step),
                                                    number_text(e.seconds, 4),
                                                    number_text(e.rate, 4),
                                                    number_text(e.train_loss),
                                                    number_text(e.valid_loss)};
                  });
}

/// ": mean squared error, in squared units of the target"; "" if the log does not name the loss.
std::string loss_words(const RunRecord& record) {
  static const std::map<std::string, std::pair<const char*, const char*>> kWords{
      {"mse", {"mean squared error", "squared units of the target"}},
      {"mae", {"mean absolute error", "units of the target"}},
      {"huber", {"Huber loss", "squared units of the target"}},
      {"quantile", {"quantile loss", "units of the target"}},
      {"bce", {"binary cross-entropy", "nats"}},
      {"cross-entropy", {"cross-entropy", "nats"}},
      {"hinge", {"hinge loss", "logits"}}};
  const auto found = kWords.find(text_of(record.result, "loss"));
  if (found == kWords.end()) return "";
  const auto& [name, unit] = found->second;
  const bool several = number_of(field(record.result, "predictions"), "n_targets") > 1.0;
  return fmt::format(": {}, in {}", name, several ? "standardised units" : unit);
}

Chart loss_chart(const RunRecord& record, const Member& member) {
  SeriesChart curves{.axes = time_axes(),
                     .panels = {{.title = "loss", .series = {}, .height = 250, .log_switch = true, .smooth = true}},
                     .events = events_of(member)};
  add_if_any(curves.panels[0], curve(member, "training", &Epoch::train_loss));
  add_if_any(curves.panels[0], curve(member, "validation", &Epoch::valid_loss, true));
  Panel rate{.title = "learning rate", .series = {}, .height = 80};
  add_if_any(rate, curve(member, "learning rate", &Epoch::rate));
  if (!rate.series.empty()) curves.panels.push_back(std::move(rate));
  const std::string name = record.member_name(record.chosen());
  Chart chart = series_chart(
      {.id = "loss",
       .title = "Loss and learning rate" + (name.empty() ? "" : " of " + name),
       .description = "Mean loss of each epoch" + loss_words(record) + ", and the learning rate of its last step.",
       .table = epochs_table(member)},
      curves);
  if (was_thinned(member)) chart.notes.push_back(thinning_note(member.epochs.size()));
  for (std::size_t i = 0; i < member.guards.size(); ++i) {
    chart.notes.push_back(fmt::format("{}: guard: {}", i + 1, member.guards[i].text));
  }
  if (!member.guards.empty()) {
    chart.notes.emplace_back("Pieces of a curve that end at a numbered line were thrown away by the guard.");
  }
  if (member.resumed_after > 0.0) {
    const bool has_earlier = !member.epochs.empty() && member.epochs.front().epoch <= member.resumed_after;
    chart.notes.push_back(fmt::format(
        "The run went on from a checkpoint after epoch {:.0f}.{}", member.resumed_after,
        has_earlier ? "" : " What came before is in no log that this report was made from (--metrics keeps it)."));
  }
  return chart;
}

/// The metrics on validation rows, a panel each.
std::optional<Chart> metrics_chart(const Member& member) {
  SeriesChart curves{.axes = time_axes(), .panels = {}};
  std::vector<TextTable::Column> columns{{"epoch", true}};
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) {
    const std::string name(kMetricNames[i]);
    if (name == "mse" || name == "log_loss") continue;  // what is trained, or its square: the loss shows it
    Series series = epoch_curve(
        member.epochs, name, [i](const Epoch& epoch) { return epoch.metrics[i]; }, kMostPoints / 2);
    if (series.points.empty()) continue;
    curves.panels.push_back({.title = name, .series = {std::move(series)}, .height = 90, .smooth = true});
    columns.push_back({name, true});
    shown.push_back(i);
  }
  if (curves.panels.empty() || member.epochs.size() < 2) return std::nullopt;
  const std::size_t n = member.epochs.size();
  const bool has_errors = columns.size() > 1 && columns[1].name == "rmse";
  Chart chart =
      series_chart({.id = "metrics",
                    .title = "Validation metrics",
                    .description = std::string("What the model was worth on the held-out rows after each epoch.") +
                                   (has_errors ? " rmse and mae are in the target's own units." : ""),
                    .table = table_of(member, "Validation metrics", columns,
                                      [&](const Epoch& epoch) {
                                        std::vector<std::string> row{number_text(epoch.epoch)};
                                        for (const std::size_t i : shown) row.push_back(number_text(epoch.metrics[i]));
                                        return row;
                                      })},
                   curves);
  if (n > kMostPoints / 2) chart.notes.push_back(thinning_note(n));
  return chart;
}

std::optional<Chart> speed_chart(const Member& member) {
  SeriesChart curves{.axes = time_axes(), .panels = {}};
  const auto add = [&](const char* title, const char* name, double Epoch::*value, double unit) {
    Series series = curve(member, name, value);
    if (series.points.empty()) return;
    for (SeriesPoint& point : series.points) point.y /= unit;
    curves.panels.push_back(
        {.title = title, .series = {std::move(series)}, .height = 110, .from_zero = true, .counts = true});
  };
  add("samples per second", "throughput", &Epoch::samples_per_second, 1.0);
  add("device memory, MiB", "device memory", &Epoch::device_memory, kMebibyte);
  add("process memory, MiB", "process memory", &Epoch::process_memory, kMebibyte);
  if (curves.panels.empty()) return std::nullopt;
  const std::vector<TextTable::Column> columns{
      {"epoch", true}, {"samples/s", true}, {"device memory, MiB", true}, {"process memory, MiB", true}};
  Chart chart = series_chart(
      {.id = "speed",
       .title = "Throughput and memory",
       .description = "Rows trained a second in each epoch, over all members. Device memory is what the backend counts "
                      "for its data and "
                      "work; process memory is what the whole process held in the machine's memory.",
       .table = table_of(member, "Throughput and memory", columns,
                         [](const Epoch& e) {
                           return std::vector<std::string>{number_text(e.epoch), number_text(e.samples_per_second, 4),
                                                           number_text(e.device_memory / kMebibyte, 4),
                                                           number_text(e.process_memory / kMebibyte, 4)};
                         })},
      curves);
  if (std::none_of(member.epochs.begin(), member.epochs.end(),
                   [](const Epoch& epoch) { return std::isfinite(epoch.device_memory); })) {
    chart.notes.emplace_back("Device memory is not in the log: the device that trained does not count it.");
  }
  if (was_thinned(member)) chart.notes.push_back(thinning_note(member.epochs.size()));
  return chart;
}

/// The watched loss of every restart or fold.
std::optional<Chart> members_chart(const RunRecord& record) {
  if (record.members.size() < 2) return std::nullopt;
  const bool has_valid = std::any_of(record.members.begin(), record.members.end(), [](const auto& member) {
    return std::any_of(member.second.epochs.begin(), member.second.epochs.end(),
                       [](const Epoch& epoch) { return std::isfinite(epoch.valid_loss); });
  });
  SeriesChart curves{.axes = time_axes(),
                     .panels = {{.title = has_valid ? "validation loss" : "training loss",
                                 .series = {},
                                 .height = 240,
                                 .log_switch = true,
                                 .smooth = true}}};
  TextTable table{.caption = "Lowest loss", .columns = {{"member"}, {"epochs", true}, {"lowest loss", true}}};
  for (const auto& [number, member] : record.members) {
    std::string name = record.member_name(number);
    if (name.empty()) name = "the model";
    double Epoch::*const value = has_valid ? &Epoch::valid_loss : &Epoch::train_loss;
    double lowest = RunRecord::kNone;
    for (const Epoch& epoch : member.epochs) lowest = std::fmin(lowest, epoch.*value);
    table.rows.push_back({name, std::to_string(member.epochs.size()), number_text(lowest)});
    if (curves.panels[0].series.size() == kMostMembers) continue;
    Series series = curve(member, name, value, curves.panels[0].series.size() % 2 == 1);
    series.points = thinned(series.points, kMostPoints / 4);
    add_if_any(curves.panels[0], std::move(series));
  }
  if (curves.panels[0].series.empty()) return std::nullopt;
  const std::string noun = text_of(record.run, "member_noun");
  Chart chart = series_chart({.id = "members",
                              .title = noun.empty() ? "All members" : "All " + noun + "s",
                              .description = "The watched loss of every restart or fold, epoch by epoch.",
                              .table = std::move(table)},
                             curves);
  if (record.members.size() > kMostMembers) {
    chart.notes.push_back(
        fmt::format("The first {} of {} members are drawn; the table has all.", kMostMembers, record.members.size()));
  }
  return chart;
}

}  // namespace

std::optional<Section> curves_section(const RunRecord& record) {
  const auto member = record.members.find(record.chosen());
  if (member == record.members.end() || member->second.epochs.empty()) return std::nullopt;
  Section section{"curves", "Training curves"};
  section.blocks.push_back(loss_chart(record, member->second));
  if (std::optional<Chart> chart = members_chart(record)) section.blocks.push_back(std::move(*chart));
  if (std::optional<Chart> chart = metrics_chart(member->second)) section.blocks.push_back(std::move(*chart));
  if (std::optional<Chart> chart = speed_chart(member->second)) section.blocks.push_back(std::move(*chart));
  return section;
}

}  // namespace slalom::report::html
