// SPDX-License-Identifier: Apache-2.0
// What a CPU backend keeps of one member: parameters, optimiser state, clock and snapshots.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "core/rules.hpp"

namespace slalom::cpu {

/// Parameters and optimiser state of one member in the backend's arithmetic, and their exchange with the outside.
template <class Real>
class MemberStore {
 public:
  MemberStore(const ParameterLayout& layout, const MemberConfig& config)
      : config_(config),
        settings_(core::resolve_rule(config.optimizer)),
        clock_(settings_),
        n_trainable_(static_cast<std::size_t>(layout.n_trainable)),
        parameters_(static_cast<std::size_t>(layout.n_total)),
        state_(n_trainable_ * static_cast<std::size_t>(settings_.n_slots)) {
    start_fresh();
  }

  [[nodiscard]] const MemberConfig& config() const noexcept { return config_; }
  [[nodiscard]] const core::RuleSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] core::StepClock& clock() noexcept { return clock_; }
  [[nodiscard]] std::vector<Real>& parameters() noexcept { return parameters_; }
  [[nodiscard]] std::vector<Real>& state() noexcept { return state_; }

  /// What prediction uses: the mean of the iterates for averaged SGD.
  [[nodiscard]] std::vector<Real> evaluation_parameters() const {
    std::vector<Real> result = parameters_;
    if (settings_.rule == core::Rule::kAveragedSgd) {
      std::copy_n(state_.begin(), n_trainable_, result.begin());
    }
    return result;
  }

  [[nodiscard]] MemberState export_state() const {
    return {.step = clock_.step(),
            .parameters = std::vector<double>(parameters_.begin(), parameters_.end()),
            .optimizer_state = std::vector<double>(state_.begin(), state_.end())};
  }

  /// An empty optimizer_state means a fresh start from these parameters.
  void import_state(const MemberState& state) {
    const bool fresh = state.optimizer_state.empty();
    if (state.parameters.size() != parameters_.size() || (!fresh && state.optimizer_state.size() != state_.size())) {
      throw DataError("training state: found " + std::to_string(state.parameters.size()) + " parameters and " +
                      std::to_string(state.optimizer_state.size()) + " optimizer values, expected " +
                      std::to_string(parameters_.size()) + " and " + std::to_string(state_.size()));
    }
    const auto narrow = [](double value) { return static_cast<Real>(value); };
    std::transform(state.parameters.begin(), state.parameters.end(), parameters_.begin(), narrow);
    if (fresh) {
      start_fresh();
    } else {
      std::transform(state.optimizer_state.begin(), state.optimizer_state.end(), state_.begin(), narrow);
    }
    clock_.reset(state.step);
  }

  void save(SnapshotSlot slot) { snapshots_[static_cast<std::size_t>(slot)] = Snapshot{clock_, parameters_, state_}; }
  void restore(SnapshotSlot slot) {
    const auto& snapshot = snapshots_[static_cast<std::size_t>(slot)];
    if (!snapshot) throw Error(ExitCode::kSoftware, "internal error: restore of a snapshot that was never saved");
    clock_ = snapshot->clock;
    parameters_ = snapshot->parameters;
    state_ = snapshot->state;
  }

 private:
  struct Snapshot {
    core::StepClock clock;
    std::vector<Real> parameters;
    std::vector<Real> state;
  };

  void start_fresh() {
    std::fill(state_.begin(), state_.end(), Real(0));
    if (settings_.rule == core::Rule::kAdagrad) {
      std::fill(state_.begin(), state_.end(), static_cast<Real>(settings_.initial_accumulator));
    }
    if (settings_.rule == core::Rule::kAveragedSgd) std::copy_n(parameters_.begin(), n_trainable_, state_.begin());
  }

  MemberConfig config_;
  core::RuleSettings settings_;
  core::StepClock clock_;
  std::size_t n_trainable_;
  std::vector<Real> parameters_;
  std::vector<Real> state_;  ///< slot after slot, n_trainable_ each
  std::array<std::optional<Snapshot>, 2> snapshots_;
};

}  // namespace slalom::cpu
