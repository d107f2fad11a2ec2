// SPDX-License-Identifier: Apache-2.0
// Gives up on members of a tuning population that cannot win any more.
#pragma once

#include <limits>
#include <map>
#include <optional>
#include <vector>

#include <slalom/trainer.hpp>

namespace slalom::tuning {

/// The lowest loss that any member had, over all populations of a tuning job.
struct LowestLoss {
  double value = std::numeric_limits<double>::infinity();
};

struct JudgeRules {
  std::optional<double> target;
  /// From the third epoch on: gives up on a member that would end above the goal (the target, at least the lowest loss
  /// seen + 1 %) even if its best loss went on falling as fast as in the last half of its epochs.
  bool extrapolate = true;
  /// Successive halving (Jamieson & Talwalkar 2016) with a factor of 3: after a ninth and a third of the epochs the
  /// better third of the trials of every group goes on.
  bool halve = false;
  std::int64_t epochs = 1;  ///< of a full run
};

class TuneJudge : public Judge {
 public:
  /// `trials`: of every member, the trial it is a seed of; `groups`: of every trial, its group for halving.
  TuneJudge(const JudgeRules& rules, std::vector<std::size_t> trials, std::vector<std::int64_t> groups,
            LowestLoss& lowest);
  [[nodiscard]] std::vector<std::int64_t> give_up(std::span<const EpochReport> reports) override;

 private:
  [[nodiscard]] bool hopeless(std::int64_t member) const;
  [[nodiscard]] bool is_rung(std::int64_t epoch) const;
  /// Of the trials that `reports` are of, those that do not go on.
  [[nodiscard]] std::vector<bool> losers(std::span<const EpochReport> reports) const;

  JudgeRules rules_;
  std::vector<std::size_t> trials_;
  std::vector<std::int64_t> groups_;
  LowestLoss& lowest_;
  std::vector<std::vector<double>> best_;  ///< best loss up to each epoch, by member
};

/// The loss that is watched.
[[nodiscard]] inline double watched_loss(const EpochReport& report) {
  return report.valid ? report.valid->loss : report.train_loss;
}

/// The middle value, the mean of both middle ones if their number is even. Infinite values count; not empty.
[[nodiscard]] double median_of(std::vector<double> values);

/// `loss` + 1 % of its size.
[[nodiscard]] double within_one_percent(double loss);

}  // namespace slalom::tuning
