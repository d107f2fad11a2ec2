// SPDX-License-Identifier: Apache-2.0
// The correctness check of training benchmarks: a backend has to arrive where the reference path arrives.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>

#include "problem.hpp"

namespace slalom::bench {

/// What the reference path makes of the first steps of one member's first epoch: up to a whole epoch, as far as a good
/// second of float64 loops reaches, and at least two steps.
class Yardstick {
 public:
  /// Relative error of a loss that is put up with: ten times the largest that float32 arithmetic (relative rounding error
  /// 6e-8) made in any benchmark when this was written.
  static constexpr double kTolerance = 3e-5;
  /// Training has to change the loss by this many tolerances, or the check would pass a backend that does nothing.
  static constexpr double kLeastChange = 100.0;

  /// `data` must outlive the yardstick. Throws Error(kSoftware) if the loss changes too little for a check.
  Yardstick(const Problem& problem, const Dataset& data, std::uint64_t stream);

  /// The rows of the checked steps in visiting order.
  [[nodiscard]] std::span<const std::uint32_t> rows() const noexcept { return rows_; }

  /// Judges a member that has run exactly rows() from its initial parameters: the losses that it reported, and the loss
  /// that the reference path finds at the parameters that it arrived at. Returns what is wrong, or nullopt.
  [[nodiscard]] std::optional<std::string> objection(const Backend& backend, std::int64_t member,
                                                     const BlockResult& reported);

  /// Loss of the initial parameters, and where the reference path arrived, over rows().
  [[nodiscard]] double initial_loss() const noexcept { return initial_; }
  [[nodiscard]] double final_loss() const noexcept { return final_; }

 private:
  [[nodiscard]] double loss_at(const std::vector<double>& parameters);

  const Dataset& data_;
  std::unique_ptr<Backend> judge_;  ///< the reference path; only evaluates
  std::vector<std::uint32_t> rows_;
  double initial_ = 0.0, final_ = 0.0;
  double mean_step_loss_ = 0.0;
};

}  // namespace slalom::bench
