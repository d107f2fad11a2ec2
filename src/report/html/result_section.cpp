// SPDX-License-Identifier: Apache-2.0
// What came of a run, in numbers and sentences.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/html/sections.hpp"
#include "report/json_fields.hpp"
#include "text/number.hpp"

namespace slalom::report::html {
namespace {

/// Metrics that sum a model up, the most telling first.
constexpr std::array<std::string_view, 6> kTelling{"r2", "rmse", "accuracy", "auc", "f1", "log_loss"};

std::string rows_text(double rows) { return fmt::format("{:.0f}", rows); }

Facts tiles(const RunRecord& record) {
  const Json& summary = field(record.result, "summary");
  const bool has_valid = field(summary, "valid").is_object();
  const Json& metrics = field(summary, has_valid ? "valid" : "train");
  Facts facts{.items = {}, .large = true};
  for (const std::string_view name : kTelling) {
    const double value = number_of(metrics, std::string(name).c_str());
    if (std::isfinite(value) && facts.items.size() < 3) {
      facts.items.emplace_back(fmt::format("{} {}", has_valid ? "validation" : "training", name),
                               number_text(value, 5));
    }
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.items.emplace_back(name, value);
  };
  add("epochs", number_text(number_of(summary, "epochs")));
  if (const double seconds = number_of(summary, "seconds"); std::isfinite(seconds)) {
    add("training time", fmt::format("{:.3g} s", seconds));
  }
  if (const double rows = number_of(record.result, "train_rows"); std::isfinite(rows)) {
    add("training rows", rows_text(rows));
  }
  add("model", text_of(summary, "model"));
  add("device", text_of(summary, "device"));
  return facts;
}

/// What went wrong; nothing if nothing did.
Messages errors(const Json& result) {
  Messages messages;
  if (const std::string failure = text_of(result, "failure"); !failure.empty()) {
    messages.items.push_back({kErrorKind, "The run failed and left no model: " + failure});
  }
  if (const std::string error = text_of(result, "error"); !error.empty()) {
    messages.items.push_back({kErrorKind, "Training was done, but then this failed: " + error});
  }
  return messages;
}

/// How it ended, sentence by sentence.
std::vector<std::string> sentences(const RunRecord& record) {
  const Json &result = record.result, &summary = field(result, "summary");
  std::vector<std::string> text;
  if (result.is_null()) {
    text.emplace_back(
        "The log has no result: the run is still going on, was killed, or was logged by an older slalom. What it "
        "learned is not in this report.");
  }
  if (record.cut_off) text.emplace_back("The last line of the log was not written to its end and is left out.");
  if (const std::string failure = text_of(result, "failure"); !failure.empty()) {
    return text;
  }
  if (const std::string divergence = text_of(result, "divergence"); !divergence.empty()) {
    text.push_back("Training diverged for good; the model is the last good state. " + divergence);
  }
  if (flag_of(result, "interrupted")) text.emplace_back("The run was interrupted; the model is what it had learned.");
  const double epochs = number_of(summary, "epochs"), best = number_of(summary, "best_epoch");
  if (const std::string stopped = text_of(summary, "stopped"); !stopped.empty()) {
    std::string ending = fmt::format("Training ended after {:.0f} epochs and {:.0f} steps: {}.", epochs,
                                     number_of(summary, "steps"), stopped);
    if (best > 0.0 && best < epochs) ending += fmt::format(" The model is that of epoch {:.0f}.", best);
    text.push_back(std::move(ending));
  }
  if (const std::string from = text_of(summary, "resumed_from"); !from.empty()) {
    text.push_back("It went on from the checkpoint " + from + ".");
  }
  const auto member = record.members.find(record.chosen());
  if (member != record.members.end() && !member->second.guards.empty()) {
    const std::size_t n = member->second.guards.size();
    text.push_back(fmt::format("The guard went back to an earlier state {}; see the curves.",
                               n == 1 ? "once" : fmt::format("{} times", n)));
  }
  if (const std::string device = text_of(result, "device_description"); !device.empty()) {
    const std::string reason = text_of(result, "device_reason");
    text.push_back("It ran on " + device + (reason.empty() ? "." : "; --device auto chose " + reason + "."));
  }
  if (const std::string bound = text_of(result, "bound"); !bound.empty()) text.push_back("Bound by " + bound + ".");
  return text;
}

TextTable metrics_table(const Json& summary) {
  const Json &train = field(summary, "train"), &valid = field(summary, "valid");
  TextTable table{.caption = "Metrics of the model", .columns = {{"metric"}, {"training", true}}};
  if (valid.is_object()) table.columns.push_back({"validation", true});
  if (!train.is_object()) return table;
  for (const auto& [name, value] : train.items()) {
    if (!value.is_number()) continue;
    table.rows.push_back({name, number_text(value.get<double>()), number_text(number_of(valid, name.c_str()))});
  }
  return table;
}

/// Restarts or folds: how each ended and its metrics.
TextTable members_table(const Json& members, const std::string& noun, double kept) {
  TextTable table{.caption = noun == "fold" ? "Folds" : "Restarts",
                  .columns = {{noun}, {"epochs", true}, {"ended"}, {"guard acts", true}}};
  const auto metrics_of = [](const Json& member) -> const Json& {
    return field(member, field(member, "valid").is_object() ? "valid" : "train");
  };
  std::vector<std::string> names;
  for (const Json& member : members) {
    for (const auto& [name, value] : metrics_of(member).items()) {
      if (value.is_number() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  for (const std::string& name : names) table.columns.push_back({name, true});
  double number = 1.0;
  for (const Json& member : members) {
    std::vector<std::string> row{number_text(number) + (number == kept + 1.0 ? " (kept)" : ""),
                                 number_text(number_of(member, "epochs")), text_of(member, "stopped"),
                                 std::to_string(items_of(member, "guard").size())};
    for (const std::string& name : names) row.push_back(number_text(number_of(metrics_of(member), name.c_str())));
    table.rows.push_back(std::move(row));
    number += 1.0;
  }
  return table;
}

TextTable spread_table(const Json& cross) {
  TextTable table{.caption = "Cross-validation: validation metrics over the folds",
                  .columns = {{"metric"}, {"mean", true}, {"standard deviation", true}}};
  for (const auto& [name, spread] : cross.items()) {
    if (!spread.is_object()) continue;
    table.rows.push_back({name, number_text(number_of(spread, "mean")), number_text(number_of(spread, "std"))});
  }
  return table;
}

}  // namespace

std::string number_text(double value, int digits) {
  if (!std::isfinite(value)) return "";
  if (std::fabs(value) < 1e15 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return text::rounded(value, digits);
}

Section result_section(const RunRecord& record) {
  Section section{"result", "Result"};
  const Json& summary = field(record.result, "summary");
  if (Messages messages = errors(record.result); !messages.items.empty()) section.blocks.push_back(std::move(messages));
  if (summary.is_object()) section.blocks.push_back(tiles(record));
  for (std::string& sentence : sentences(record)) section.blocks.push_back(Paragraph{std::move(sentence)});
  if (TextTable table = metrics_table(summary); !table.rows.empty()) section.blocks.push_back(std::move(table));
  if (const Json& cross = field(summary, "cross_validation"); cross.is_object()) {
    section.blocks.push_back(spread_table(cross));
    section.blocks.push_back(members_table(items_of(cross, "members"), "fold", -1.0));
  }
  if (const Json& members = items_of(summary, "members"); !members.empty()) {
    section.blocks.push_back(members_table(members, "restart", number_of(record.result, "chosen")));
  }
  return section;
}

std::optional<Section> findings_section(const RunRecord& record) {
  Messages messages;
  for (const Json& finding : items_of(record.result, "findings")) {
    const std::string subject = text_of(finding, "subject"), advice = text_of(finding, "advice");
    if (!advice.empty()) messages.items.push_back({"Advice", subject + ": " + advice});
    if (const std::string text = text_of(finding, "explanation"); !text.empty()) {
      messages.items.push_back({advice.empty() ? "Looked at" : "Why", subject + ": " + text});
    }
  }
  for (const Json& note : items_of(record.result, "notes")) {
    if (note.is_string()) messages.items.push_back({"Note", note.get<std::string>()});
  }
  if (messages.items.empty()) return std::nullopt;
  Section section{"findings", "Findings and advice"};
  section.blocks.push_back(std::move(messages));
  return section;
}

}  // namespace slalom::report::html
