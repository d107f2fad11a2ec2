// SPDX-License-Identifier: Apache-2.0
// A backend whose loss is a function of the caller, so that the trainer minimises it.
#pragma once

#include <array>
#include <atomic>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <slalom/minimize.hpp>

#include "cpu/member_store.hpp"

namespace slalom::minimization {

/// Euclidean, without overflow on the way; not finite if an element is not.
[[nodiscard]] double norm_of(std::span<const double> values);

/// One member whose parameters are x, in float64. There are no rows: every step is a whole epoch, its loss f(x), and
/// `evaluate` gives f at the point that the step led to, which the next step then has already.
class FunctionBackend : public Backend {
 public:
  /// `f` and `user_stop` (may be null) must outlive the backend.
  FunctionBackend(const Objective& f, std::span<const double> start, const MinimizeConfig& config,
                  const std::atomic<bool>* user_stop);

  [[nodiscard]] DeviceKind device() const noexcept override { return DeviceKind::kReference; }
  [[nodiscard]] std::string description() const override { return "a function (float64, 1 thread)"; }
  [[nodiscard]] std::vector<BlockResult> run(std::span<const StepBlock> blocks) override;
  /// There is nothing to predict: throws Error(kSoftware).
  void predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
               std::span<float> outputs) override;
  [[nodiscard]] Metrics evaluate(std::int64_t member, const Dataset& data,
                                 std::span<const std::uint32_t> rows) override;
  [[nodiscard]] MemberState export_state(std::int64_t) const override { return store_.export_state(); }
  void import_state(std::int64_t, const MemberState& state) override { store_.import_state(state); }
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t) const override {
    return store_.evaluation_parameters();
  }
  void save(std::int64_t, SnapshotSlot slot) override {
    store_.save(slot);
    saved_rates_[static_cast<std::size_t>(slot)] = learning_rate_;
  }
  void restore(std::int64_t, SnapshotSlot slot) override {
    store_.restore(slot);
    learning_rate_ = saved_rates_[static_cast<std::size_t>(slot)];
  }

  /// Takes the start in, before any step.
  void begin_path() { note(evaluate_at(store_.evaluation_parameters())); }
  /// The point that the parameters are now, evaluated.
  [[nodiscard]] PathPoint point();
  [[nodiscard]] std::int64_t steps() noexcept { return store_.clock().step(); }
  [[nodiscard]] std::int64_t evaluations() const noexcept { return evaluations_; }
  /// To be looked at after every step: the gradient is small enough, or the user asked to stop.
  [[nodiscard]] const std::atomic<bool>& stop() const noexcept { return stop_; }
  [[nodiscard]] bool gradient_is_small() const noexcept { return gradient_is_small_; }
  /// True while the caller's function runs, and after it has thrown.
  [[nodiscard]] bool in_function() const noexcept { return in_function_; }
  /// What is wrong with the latest point, as part of a sentence.
  [[nodiscard]] std::string trouble() const;
  /// The last point with finite f and gradient.
  [[nodiscard]] const PathPoint& last_finite() const noexcept { return last_finite_; }
  [[nodiscard]] std::vector<PathPoint>& path() noexcept { return path_; }

 private:
  /// f and its gradient at a point.
  struct Evaluation {
    std::vector<double> x, gradient;
    double value = 0.0;
    double gradient_norm = 0.0;
    [[nodiscard]] bool finite() const noexcept { return std::isfinite(value) && std::isfinite(gradient_norm); }
  };
  const Evaluation& evaluate_at(std::vector<double> x);
  /// Remembers where the member is.
  void note(const Evaluation& here);
  [[nodiscard]] PathPoint point_of(const Evaluation& evaluation);

  const Objective& f_;
  MinimizeConfig config_;
  const std::atomic<bool>* user_stop_;
  std::size_t n_penalized_;
  cpu::MemberStore<double> store_;
  Evaluation evaluation_;            ///< the latest
  std::int64_t evaluated_step_ = 0;  ///< steps done when it was made
  double evaluated_rate_ = 0.0;      ///< of the last of them
  std::vector<double> gradient_;
  double learning_rate_ = 0.0;  ///< of the last step
  std::array<double, kSnapshotSlots> saved_rates_{};
  std::int64_t evaluations_ = 0;
  bool in_function_ = false;
  std::atomic<bool> stop_{false};
  bool gradient_is_small_ = false;
  PathPoint last_finite_;
  std::vector<PathPoint> path_;
};

}  // namespace slalom::minimization
