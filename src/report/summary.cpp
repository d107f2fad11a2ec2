// SPDX-License-Identifier: Apache-2.0
// Formats the result of a job.
#include "report/summary.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/drift_report.hpp"
#include "report/guard_text.hpp"
#include "report/json_number.hpp"
#include "report/stop_reason.hpp"
#include "text/table.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;
using text::ColumnKind;

constexpr std::int64_t kShownClasses = 20;

Json to_json(const Metrics& metrics) {
  Json json = {{"rows", metrics.rows}, {"loss", json_number(metrics.loss)}};
  for (const auto& [name, value] : metrics.items()) json[name] = json_number(value);
  if (metrics.n_classes > 0 && metrics.n_classes <= kShownClasses) {
    Json rows = Json::array();
    for (std::int64_t i = 0; i < metrics.n_classes; ++i) {
      const auto begin = metrics.confusion.begin() + i * metrics.n_classes;
      rows.push_back(std::vector<std::int64_t>(begin, begin + metrics.n_classes));
    }
    json["confusion"] = rows;
  }
  return json;
}

struct Spread {
  std::string name;
  double mean = 0.0, deviation = 0.0;
};

/// Mean and standard deviation of every validation metric that all folds have. A fold has none at all if the training
/// part needed its rows, being the only ones of their class.
std::vector<Spread> fold_spread(const std::vector<MemberOutcome>& folds) {
  std::map<std::string, std::vector<double>> values;
  std::vector<std::string> names;  // in the order of Metrics::items
  std::size_t n_validated = 0;
  for (const MemberOutcome& fold : folds) {
    if (!fold.valid) continue;
    ++n_validated;
    for (const auto& [name, value] : fold.valid->items()) {
      if (values[name].empty()) names.push_back(name);
      values[name].push_back(value);
    }
  }
  std::vector<Spread> spreads;
  const auto n = static_cast<double>(n_validated);
  for (const std::string& name : names) {
    if (values[name].size() != n_validated) continue;
    Spread spread{name};
    for (const double value : values[name]) spread.mean += value / n;
    for (const double value : values[name]) spread.deviation += (value - spread.mean) * (value - spread.mean);
    spread.deviation = n_validated > 1 ? std::sqrt(spread.deviation / (n - 1.0)) : 0.0;
    spreads.push_back(spread);
  }
  return spreads;
}

Json guard_list(const std::vector<GuardEvent>& events) {
  Json list = Json::array();
  for (const GuardEvent& event : events) list.push_back(guard_json(event));
  return list;
}

Json members_json(const std::vector<MemberOutcome>& members) {
  Json list = Json::array();
  for (const MemberOutcome& member : members) {
    Json entry = {{"epochs", member.result.epochs},
                  {"stopped", reason_text(member.result.reason)},
                  {"guard", guard_list(member.result.guard)},
                  {"train", to_json(member.train)}};
    if (member.valid) entry["valid"] = to_json(*member.valid);
    list.push_back(entry);
  }
  return list;
}

const MemberOutcome& chosen(const JobResult& result) {
  return result.members.at(static_cast<std::size_t>(result.chosen));
}

/// Why the member stopped, and which parameters it has if they are not the last ones.
std::string ending(const MemberResult& member) {
  std::string text = reason_text(member.reason);
  if (member.best_epoch > 0 && member.best_epoch < member.epochs) {
    text += fmt::format("; the model is that of epoch {}", member.best_epoch);
  }
  return text;
}

/// Training and validation side by side.
text::TextTable losses_table(const MemberOutcome& member) {
  text::TextTable table({ColumnKind::kName, ColumnKind::kNumber, ColumnKind::kNumber});
  const auto add = [&](const std::string& name, const std::string& train, const std::string& valid) {
    table.add(member.valid ? std::vector<text::Cell>{name, train, valid} : std::vector<text::Cell>{name, train});
  };
  if (member.valid) {
    table.heading({"", "train", "valid"});
  } else {
    table.heading({"", "train"});
  }
  add("rows", std::to_string(member.train.rows), member.valid ? std::to_string(member.valid->rows) : "");
  for (const auto& [name, value] : member.train.items()) {
    std::string valid;
    if (member.valid) {
      for (const auto& [other, other_value] : member.valid->items()) {
        if (other == name) valid = fmt::format("{:.6g}", other_value);
      }
    }
    add(name, fmt::format("{:.6g}", value), valid);
  }
  return table;
}

text::TextTable restarts_table(const JobResult& result) {
  text::TextTable table({ColumnKind::kName, ColumnKind::kNumber, ColumnKind::kNote});
  table.heading({"restart", "watched loss"});
  for (std::size_t m = 0; m < result.members.size(); ++m) {
    const MemberResult& member = result.members[m].result;
    const bool diverged = member.reason == StopReason::kDiverged;
    const bool kept = static_cast<std::int64_t>(m) == result.chosen;
    const text::Tone tone = kept ? text::Tone::kGood : text::Tone::kPlain;
    table.add(
        {{std::to_string(m + 1), tone},
         {diverged ? "diverged" : fmt::format("{:.6g}", member.watched_loss), diverged ? text::Tone::kCaution : tone},
         {kept ? "kept" : "", tone}});
  }
  return table;
}

}  // namespace

std::string metrics_json(const Metrics& metrics) { return to_json(metrics).dump(); }

std::string metrics_table(const Metrics& metrics, const std::vector<std::string>& classes, const text::Style& style) {
  text::TextTable table({ColumnKind::kName, ColumnKind::kNumber});
  table.add({"rows", std::to_string(metrics.rows)});
  for (const auto& [name, value] : metrics.items()) table.add({name, fmt::format("{:.6g}", value)});
  if (metrics.n_classes == 0 || metrics.n_classes > kShownClasses) return table.text(style);
  std::vector<ColumnKind> kinds{ColumnKind::kName};
  std::vector<text::Cell> heading{""};
  for (const std::string& name : classes) {
    kinds.push_back(ColumnKind::kNumber);
    heading.emplace_back(name);
  }
  text::TextTable confusion(kinds);
  confusion.heading(heading);
  for (std::int64_t i = 0; i < metrics.n_classes; ++i) {
    std::vector<text::Cell> row{classes.at(static_cast<std::size_t>(i))};
    for (std::int64_t j = 0; j < metrics.n_classes; ++j) {
      const std::int64_t n = metrics.confusion[static_cast<std::size_t>(i * metrics.n_classes + j)];
      row.emplace_back(std::to_string(n), i == j ? text::Tone::kGood : text::Tone::kPlain);
    }
    confusion.add(row);
  }
  return table.text(style) + "\nconfusion (rows: true class, columns: predicted)\n" + confusion.text(style);
}

std::string summary_json(const JobResult& result, std::uint64_t seed) {
  const MemberOutcome& best = chosen(result);
  const TrainResult& t = result.training;
  const auto n_members = static_cast<double>(result.members.size() + result.folds.size());
  Json json = {
      {"model", name_of(result.model.spec.kind)},
      {"device", name_of(result.device)},
      {"seed", seed},
      {"epochs", best.result.epochs},
      {"best_epoch", best.result.best_epoch},
      {"steps", best.result.steps},
      {"stopped", reason_text(best.result.reason)},
      {"seconds", t.seconds},
      {"seconds_per_epoch",
       json_number(t.seconds / (n_members * std::max(1.0, static_cast<double>(best.result.epochs))))},
      {"us_per_step", json_number(1e6 * t.seconds / std::max(1.0, static_cast<double>(t.steps)))},
      {"samples_per_second", json_number(static_cast<double>(t.samples) / std::max(t.seconds, 1e-12))},
      {"train_loss", best.result.epoch_losses.empty() ? Json(nullptr) : json_number(best.result.epoch_losses.back())},
      {"guard", guard_list(best.result.guard)},
      {"train", to_json(best.train)}};
  if (result.drift) json["drift"] = drift_json(*result.drift);
  if (!result.checkpoints.resumed_from.empty()) json["resumed_from"] = result.checkpoints.resumed_from;
  if (!result.checkpoints.last.empty()) json["checkpoint"] = result.checkpoints.last;
  if (best.valid) json["valid"] = to_json(*best.valid);
  json["advice"] = Json::array();
  for (const Finding& finding : result.findings) {
    if (finding.advice.empty()) continue;
    json["advice"].push_back({{"subject", finding.subject}, {"text", finding.advice}});
  }
  if (!result.folds.empty()) {
    Json cross = {{"folds", result.folds.size()}};
    for (const Spread& s : fold_spread(result.folds)) {
      cross[s.name] = {{"mean", json_number(s.mean)}, {"std", json_number(s.deviation)}};
    }
    cross["members"] = members_json(result.folds);
    json["cross_validation"] = cross;
  }
  if (result.members.size() > 1) json["members"] = members_json(result.members);
  return json.dump();
}

std::string summary_table(const JobResult& result, const std::string& bound, const text::Style& style) {
  const MemberOutcome& best = chosen(result);
  const TrainResult& t = result.training;
  std::string text = losses_table(best).text(style);
  const auto out = std::back_inserter(text);
  if (!result.folds.empty()) {
    text::TextTable table({ColumnKind::kName, ColumnKind::kNumber, ColumnKind::kNumber});
    table.heading({fmt::format("{}-fold cross-validation", result.folds.size()), "mean", "std"});
    for (const Spread& s : fold_spread(result.folds)) {
      table.add({s.name, fmt::format("{:.6g}", s.mean), fmt::format("{:.6g}", s.deviation)});
    }
    text += "\n" + table.text(style);
  }
  if (result.members.size() > 1) text += "\n" + restarts_table(result).text(style);
  fmt::format_to(out, "\n{} epochs, {} steps ({}) in {:.3g} s on {}: {:.3g} us a step, {:.3g} samples/s\n",
                 best.result.epochs, best.result.steps, ending(best.result), t.seconds, result.device_description,
                 1e6 * t.seconds / std::max(1.0, static_cast<double>(t.steps)),
                 static_cast<double>(t.samples) / std::max(t.seconds, 1e-12));
  fmt::format_to(out, "bound by {}\n", bound);
  if (!best.result.guard.empty()) {
    text += style.paint(text::Tone::kCaution, guard_summary(best.result.guard)) + "\n";
  }
  return text;
}

}  // namespace slalom::report
