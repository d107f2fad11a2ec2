// SPDX-License-Identifier: Apache-2.0
// Draws what a tuning measured.
#include "report/html/tune_page.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "report/html/sections.hpp"
#include "report/html/series_chart.hpp"
#include "report/json_fields.hpp"
#include "text/number.hpp"

namespace slalom::report::html {
namespace {

constexpr std::size_t kMostTestPoints = 300;

std::string batch_text(const Json& of) {
  const double size = number_of(of, "batch_size");
  return std::isfinite(size) ? number_text(size) : text_of(of, "batch_size");
}

double median_of(const Json& row, const char* what) { return number_of(field(row, what), "median"); }

/// "0.351 (0.349 to 0.356)"
std::string range_text(const Json& range, int digits) {
  const double median = number_of(range, "median"), low = number_of(range, "low"), high = number_of(range, "high");
  const std::string text = number_text(median, digits);
  return low == high || text.empty()
             ? text
             : fmt::format("{} ({} to {})", text, number_text(low, digits), number_text(high, digits));
}

/// What a terminal says in a clause, as a sentence.
std::string sentence(std::string clause) {
  if (clause.empty()) return clause;
  clause[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(clause[0])));
  return clause.ends_with('.') ? clause : clause + ".";
}

/// The row that is recommended, or null.
const Json& recommended_row(const Json& tune) {
  static const Json kNone;
  const Json& rows = items_of(tune, "rows");
  const double index = number_of(tune, "recommended");
  return index >= 0.0 && index < static_cast<double>(rows.size()) && rows.is_array()
             ? rows[static_cast<std::size_t>(index)]
             : kNone;
}

std::string setting_text(const Json& row) {
  return fmt::format("batch {}, lr {}, {}", batch_text(row), number_text(number_of(row, "lr"), 3),
                     text_of(row, "optimizer"));
}

/// "cpu", "cpu, adam": what tells the curves of a chart against batch size apart.
std::string group_of(const Json& row) { return text_of(row, "device") + ", " + text_of(row, "optimizer"); }

std::vector<Event> recommended_event(const Json& tune) {
  const Json& row = recommended_row(tune);
  if (row.is_null()) return {};
  return {{{number_of(row, "rows_per_step")}, "recommended", "recommended: " + setting_text(row), false}};
}

Section recommendation(const Json& tune) {
  Section section{"recommendation", "Recommendation"};
  const Json& row = recommended_row(tune);
  if (!row.is_null()) {
    Facts tiles{.items = {{"batch size", batch_text(row)},
                          {"learning rate", number_text(number_of(row, "lr"), 3)},
                          {"optimizer", text_of(row, "optimizer")},
                          {"device", text_of(row, "device")}},
                .large = true};
    const double seconds = median_of(row, "seconds_to_target");
    if (std::isfinite(seconds)) tiles.items.emplace_back("time to target", fmt::format("{:.3g} s", seconds));
    section.blocks.push_back(std::move(tiles));
  }
  section.blocks.push_back(Paragraph{sentence(text_of(tune, "reason"))});
  if (flag_of(tune, "interrupted")) {
    section.blocks.push_back(Paragraph{"Tuning was interrupted: not everything was measured."});
  }
  const double target = number_of(tune, "target_loss"), valid_rows = number_of(tune, "valid_rows");
  Facts facts{.items = {{"training rows", number_text(number_of(tune, "train_rows"))},
                        {"validation rows", number_text(valid_rows)}}};
  if (std::isfinite(target)) {
    facts.items.emplace_back(valid_rows > 0.0 ? "target validation loss" : "target training loss",
                             fmt::format("{} ({})", number_text(target),
                                         flag_of(tune, "target_given") ? "--target-loss" : "the best seen + 1 %"));
  }
  const Json& devices = items_of(tune, "devices");
  if (devices.is_object()) {
    for (const auto& [name, text] : devices.items()) {
      if (text.is_string()) facts.items.emplace_back("device " + name, text.get<std::string>());
    }
  }
  section.blocks.push_back(std::move(facts));
  Messages notes;
  for (const Json& note : items_of(tune, "notes")) {
    if (note.is_string()) notes.items.push_back({"Note", note.get<std::string>()});
  }
  if (!notes.items.empty()) section.blocks.push_back(std::move(notes));
  return section;
}

/// A number of the rows over batch size, the lowest or highest of each group; drawn from small to large batches.
Panel batch_panel(const Json& tune, const std::string& title, const std::string& suffix, bool lowest,
                  double (*value)(const Json&)) {
  std::map<std::string, std::map<double, double>> groups;
  for (const Json& row : items_of(tune, "rows")) {
    const double y = value(row), x = number_of(row, "rows_per_step");
    if (!std::isfinite(y) || !std::isfinite(x)) continue;
    const auto [at, added] = groups[group_of(row)].try_emplace(x, y);
    if (!added) at->second = lowest ? std::min(at->second, y) : std::max(at->second, y);
  }
  Panel panel{.title = title, .series = {}, .height = 170, .from_zero = true, .counts = true};
  double least = HUGE_VAL, most = 0.0;
  for (const auto& [group, points] : groups) {
    if (panel.series.size() == kMostCurves) break;
    Series series{.name = group + suffix, .points = {}, .dashed = panel.series.size() % 2 == 1, .dots = true};
    for (const auto& [x, y] : points) {
      series.points.push_back({{x}, y});
      least = std::min(least, y);
      most = std::max(most, y);
    }
    panel.series.push_back(std::move(series));
  }
  panel.logarithmic = least > 0.0 && most > 10.0 * least;
  return panel;
}

/// Rows a step of all trials, ascending.
std::vector<double> batch_sizes(const Json& tune) {
  std::set<double> sizes;
  for (const Json& row : items_of(tune, "rows")) {
    if (const double size = number_of(row, "rows_per_step"); std::isfinite(size)) sizes.insert(size);
  }
  return {sizes.begin(), sizes.end()};
}

std::optional<Chart> batch_chart(const Json& tune) {
  SeriesChart curves{.axes = {{.field = "x", .title = "batch size", .logarithmic = true, .ticks = batch_sizes(tune)}},
                     .panels = {},
                     .events = recommended_event(tune)};
  const auto add = [&](Panel panel) {
    if (!panel.series.empty()) curves.panels.push_back(std::move(panel));
  };
  add(batch_panel(tune, "samples per second", ": samples/s", false,
                  [](const Json& row) { return number_of(field(row, "speed"), "samples_per_second"); }));
  add(batch_panel(tune, "seconds to target", ": seconds to target", true,
                  [](const Json& row) { return median_of(row, "seconds_to_target"); }));
  if (curves.panels.empty()) return std::nullopt;
  TextTable table{
      .caption = "By batch size",
      .columns = {{"batch size", true}, {"device"}, {"optimizer"}, {"samples/s", true}, {"seconds to target", true}}};
  for (const Json& row : items_of(tune, "rows")) {
    if (table.rows.size() == kMostRows) break;
    table.rows.push_back({batch_text(row), text_of(row, "device"), text_of(row, "optimizer"),
                          number_text(number_of(field(row, "speed"), "samples_per_second"), 4),
                          number_text(median_of(row, "seconds_to_target"), 4)});
  }
  Chart chart = series_chart(
      {.id = "batch",
       .title = "Speed and time to the target against batch size",
       .description =
           "Larger batches are faster a row but learn less from each. What counts is the time until the target "
           "loss: the best setting of each batch size. The line marks the recommended one.",
       .table = std::move(table)},
      curves);
  if (std::none_of(curves.panels.begin(), curves.panels.end(),
                   [](const Panel& panel) { return panel.title == "seconds to target"; })) {
    chart.notes.emplace_back("No setting reached the target, so there is no time to it.");
  }
  return chart;
}

std::optional<Chart> rates_chart(const Json& result) {
  const Json& tests = items_of(result, "rate_tests");
  if (tests.empty()) return std::nullopt;
  SeriesChart curves{.axes = {{"x", "learning rate", true}},
                     .panels = {{.title = "smoothed loss", .series = {}, .height = 260, .logarithmic = true}}};
  TextTable table{.caption = "Range tests",
                  .columns = {{"batch size", true}, {"optimizer"}, {"suggested rate", true}, {"diverged"}, {"why"}}};
  const std::size_t n = tests.size(), drawn = std::min(n, kMostCurves);
  std::size_t i = 0;
  for (const Json& test : tests) {
    table.rows.push_back({batch_text(test), text_of(test, "optimizer"), number_text(number_of(test, "suggested"), 3),
                          flag_of(test, "diverged") ? "yes" : "no", text_of(test, "reason")});
    const bool shown = i * drawn / n != (i + 1) * drawn / n;  // evenly spaced ones
    ++i;
    if (!shown) continue;
    Series series{.name = fmt::format("batch {}, {}", batch_text(test), text_of(test, "optimizer")),
                  .points = {},
                  .dashed = curves.panels[0].series.size() % 2 == 1};
    for (const Json& point : items_of(test, "curve")) {
      if (point.is_array() && point.size() == 3) series.points.push_back({{to_number(point[0])}, to_number(point[2])});
    }
    series.points = thinned(series.points, kMostTestPoints);
    curves.panels[0].series.push_back(std::move(series));
  }
  Chart chart = series_chart(
      {.id = "rates",
       .title = "Range tests of the learning rate",
       .description =
           "A short training whose rate grows step by step: where the loss falls fastest the rate is good, where "
           "it rises the rate is too large.",
       .table = std::move(table)},
      curves);
  if (drawn < n) chart.notes.push_back(fmt::format("{} of {} tests are drawn; the table has all.", drawn, n));
  return chart;
}

/// The first seed of the recommended row and of others.
std::optional<Chart> trials_chart(const Json& tune) {
  SeriesChart curves{.axes = {{"seconds", "seconds of training"}, {"epoch", "epoch"}},
                     .panels = {{.title = "loss", .series = {}, .height = 240, .log_switch = true}}};
  const Json &rows = items_of(tune, "rows"), &best = recommended_row(tune);
  TextTable table{.caption = "Curves", .columns = {{"setting"}, {"epochs", true}, {"lowest loss", true}}};
  const auto add = [&](const Json& row, const std::string& name) {
    const Json& runs = items_of(row, "runs");
    if (runs.empty() || !runs.is_array() || curves.panels[0].series.size() == kMostCurves) return;
    const auto same = [&](const Series& series) { return series.name == name; };
    if (std::any_of(curves.panels[0].series.begin(), curves.panels[0].series.end(), same)) return;
    Series series{.name = name, .points = {}, .dashed = curves.panels[0].series.size() % 2 == 1};
    for (const Json& point : items_of(runs[0], "curve")) {
      series.points.push_back({{number_of(point, "seconds"), number_of(point, "epoch")}, number_of(point, "loss")});
    }
    if (series.points.empty()) return;
    table.rows.push_back({name, number_text(series.points.back().x[1]), range_text(field(row, "lowest_loss"), 5)});
    series.points = thinned(series.points, kMostTestPoints);
    curves.panels[0].series.push_back(std::move(series));
  };
  if (!best.is_null()) add(best, "recommended: " + setting_text(best));
  std::vector<const Json*> others;
  for (const Json& row : rows) {
    if (&row != &best) others.push_back(&row);
  }
  std::stable_sort(others.begin(), others.end(), [](const Json* a, const Json* b) {
    const auto key = [](const Json* row) {
      const double seconds = median_of(*row, "seconds_to_target");
      return std::isfinite(seconds) ? seconds : HUGE_VAL;
    };
    return key(a) < key(b);
  });
  for (const Json* row : others) add(*row, setting_text(*row));
  if (curves.panels[0].series.empty()) return std::nullopt;
  const std::size_t drawn = curves.panels[0].series.size();
  Chart chart = series_chart(
      {.id = "trials",
       .title = "Loss of the trials",
       .description = "The watched loss of the first seed of each setting, the soonest at the target first.",
       .table = std::move(table)},
      curves);
  if (drawn < rows.size()) chart.notes.push_back(fmt::format("{} of {} settings are drawn.", drawn, rows.size()));
  return chart;
}

std::optional<Chart> noise_chart(const Json& tune) {
  const Json& noise = field(tune, "noise");
  Series series{.name = "noise scale", .points = {}, .dots = true};
  TextTable table{
      .caption = "Gradient noise scale",
      .columns = {{"after epoch", true}, {"noise scale", true}, {"squared gradient", true}, {"noise", true}}};
  bool any = false;
  for (const Json& point : items_of(noise, "points")) {
    const double scale = number_of(point, "scale"), epoch = number_of(point, "epoch");
    any = any || std::isfinite(scale);
    series.points.push_back({{epoch}, scale});
    table.rows.push_back({number_text(epoch), std::isfinite(scale) ? number_text(scale, 3) : "beyond measure",
                          number_text(number_of(point, "gradient_squared"), 3),
                          number_text(number_of(point, "noise_trace"), 3)});
  }
  if (table.rows.empty()) return std::nullopt;
  SeriesChart curves{.axes = {{"x", "epoch"}},
                     .panels = {{.title = "rows", .series = {std::move(series)}, .height = 160, .logarithmic = any}}};
  const double critical = number_of(noise, "critical_batch_size");
  Chart chart = series_chart(
      {.id = "noise",
       .title = "Gradient noise scale",
       .description =
           "Well below this batch size doubling the batch nearly halves the steps; well above it, it only doubles "
           "the work.",
       .table = std::move(table)},
      curves);
  chart.notes.push_back(std::isfinite(critical)
                            ? fmt::format("Critical batch size, the median: about {}.", text::rounded(critical, 2))
                            : "The critical batch size is beyond measure: noise drowns the gradient.");
  return chart;
}

TextTable trials_table(const Json& tune) {
  TextTable table{.caption = "All trials; medians over seeds, with their range",
                  .columns = {{"batch size", true},
                              {"device"},
                              {"optimizer"},
                              {"lr", true},
                              {"l1", true},
                              {"l2", true},
                              {"samples/s", true},
                              {"steps/s", true},
                              {"s/epoch", true},
                              {"memory, MiB", true},
                              {"lowest loss", true},
                              {"epochs to target", true},
                              {"seconds to target", true},
                              {"seeds at target", true},
                              {"note"}}};
  const Json& best = recommended_row(tune);
  for (const Json& row : items_of(tune, "rows")) {
    const Json& speed = field(row, "speed");
    const std::string memory = number_text(number_of(speed, "memory_bytes") / 1048576.0, 3);
    table.rows.push_back({batch_text(row), text_of(row, "device"), text_of(row, "optimizer"),
                          number_text(number_of(row, "lr"), 3), number_text(number_of(row, "l1"), 3),
                          number_text(number_of(row, "l2"), 3), number_text(number_of(speed, "samples_per_second"), 4),
                          number_text(number_of(speed, "steps_per_second"), 4),
                          number_text(number_of(speed, "seconds_per_epoch"), 4),
                          memory.empty() || flag_of(speed, "memory_measured") ? memory : memory + " (estimated)",
                          range_text(field(row, "lowest_loss"), 5), range_text(field(row, "epochs_to_target"), 3),
                          range_text(field(row, "seconds_to_target"), 3),
                          number_text(number_of(row, "runs_that_reached_target")), &row == &best ? "recommended" : ""});
  }
  return table;
}

}  // namespace

Page tune_page(const RunRecord& record) {
  const Json& tune = field(record.result, "tune");
  const std::string started = text_of(record.run, "started");
  std::string subtitle = "Batch size and learning rate";
  if (!record.name.empty()) subtitle += ", " + record.name;
  if (!started.empty()) subtitle += ", started " + started;
  Page page("Tuning report", subtitle);
  page.add(recommendation(tune));
  Section measured{"measured", "What was measured"};
  for (auto chart : {batch_chart(tune), rates_chart(record.result), trials_chart(tune), noise_chart(tune)}) {
    if (chart) measured.blocks.push_back(std::move(*chart));
  }
  if (!measured.blocks.empty()) page.add(std::move(measured));
  Section trials{"all-trials", "Trials"};
  trials.blocks.push_back(trials_table(tune));
  page.add(std::move(trials));
  page.add(run_section(record));
  return page;
}

}  // namespace slalom::report::html
