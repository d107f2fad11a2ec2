// SPDX-License-Identifier: Apache-2.0
// Decides which members of a tuning population go on.
#include "tune/judge.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace slalom::tuning {
namespace {

constexpr std::int64_t kGraceEpochs = 3;
constexpr std::int64_t kHalvingFactor = 3;
constexpr std::int64_t kRungs = 2;

}  // namespace

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1 || values[middle - 1] == values[middle]) return values[middle];
  return (values[middle - 1] + values[middle]) / 2.0;
}

double within_one_percent(double loss) { return loss + 0.01 * std::abs(loss); }

TuneJudge::TuneJudge(const JudgeRules& rules, std::vector<std::size_t> trials, std::vector<std::int64_t> groups,
                     LowestLoss& lowest)
    : rules_(rules), trials_(std::move(trials)), groups_(std::move(groups)), lowest_(lowest), best_(trials_.size()) {}

std::vector<std::int64_t> TuneJudge::give_up(std::span<const EpochReport> reports) {
  for (const EpochReport& report : reports) {
    std::vector<double>& best = best_[static_cast<std::size_t>(report.member)];
    const double watched = watched_loss(report);
    const double loss = std::isnan(watched) ? std::numeric_limits<double>::infinity() : watched;
    best.push_back(best.empty() ? loss : std::min(best.back(), loss));
    lowest_.value = std::min(lowest_.value, loss);
  }
  const bool rung = rules_.halve && is_rung(reports.front().epoch);
  const std::vector<bool> lost = rung ? losers(reports) : std::vector<bool>(groups_.size(), false);
  std::vector<std::int64_t> given_up;
  for (const EpochReport& report : reports) {
    if (lost[trials_[static_cast<std::size_t>(report.member)]] || hopeless(report.member)) {
      given_up.push_back(report.member);
    }
  }
  return given_up;
}

bool TuneJudge::hopeless(std::int64_t member) const {
  const std::vector<double>& best = best_[static_cast<std::size_t>(member)];
  const auto epochs = static_cast<std::int64_t>(best.size());
  if (!rules_.extrapolate || epochs < kGraceEpochs) return false;
  const std::int64_t span = std::max<std::int64_t>(2, epochs / 2);
  const double fall = (best[static_cast<std::size_t>(epochs - 1 - span)] - best.back()) / static_cast<double>(span);
  const double end = best.back() - fall * static_cast<double>(rules_.epochs - epochs);
  const double goal = std::max(rules_.target.value_or(lowest_.value), within_one_percent(lowest_.value));
  return !(end <= goal);
}

bool TuneJudge::is_rung(std::int64_t epoch) const {
  std::int64_t rung = rules_.epochs;
  for (std::int64_t i = 0; i < kRungs; ++i) {
    rung /= kHalvingFactor;
    if (epoch == rung && rung >= 1) return true;
  }
  return false;
}

std::vector<bool> TuneJudge::losers(std::span<const EpochReport> reports) const {
  std::map<std::size_t, std::vector<double>> losses;  // by trial
  for (const EpochReport& report : reports) {
    const auto member = static_cast<std::size_t>(report.member);
    losses[trials_[member]].push_back(best_[member].back());
  }
  std::map<std::int64_t, std::vector<std::pair<double, std::size_t>>> standings;  // by group, best first
  for (auto& [trial, values] : losses) standings[groups_[trial]].emplace_back(median_of(values), trial);
  std::vector<bool> lost(groups_.size(), false);
  for (auto& [group, trials] : standings) {
    std::sort(trials.begin(), trials.end());
    const std::size_t kept = (trials.size() + kHalvingFactor - 1) / kHalvingFactor;
    for (std::size_t i = kept; i < trials.size(); ++i) lost[trials[i].second] = true;
  }
  return lost;
}

}  // namespace slalom::tuning
