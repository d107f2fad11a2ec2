// SPDX-License-Identifier: Apache-2.0
// What a CPU backend keeps of one member: parameters, optimiser state, clock and snapshots.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/error.hpp>
#include <slalom/model.hpp>

#include "core/member_values.hpp"
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
        state_(core::fresh_state(settings_, parameters_, n_trainable_)) {}

  [[nodiscard]] const MemberConfig& config() const noexcept { return config_; }
  [[nodiscard]] const core::RuleSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] core::StepClock& clock() noexcept { return clock_; }
  [[nodiscard]] core::AlignedValues<Real>& parameters() noexcept { return parameters_; }
  [[nodiscard]] core::AlignedValues<Real>& state() noexcept { return state_; }

  /// What prediction uses: the mean of the iterates for averaged SGD.
  [[nodiscard]] std::vector<Real> evaluation_parameters() const {
    std::vector<Real> result(parameters_.begin(), parameters_.end());
    if (settings_.rule == core::Rule::kAveragedSgd) {
      std::copy_n(state_.begin(), n_trainable_, result.begin());
    }
    return result;
  }

  [[nodiscard]] MemberState export_state() const {
    return {.step = clock_.step(),
            .parameters = std::vector<double>(parameters_.begin(), parameters_.end()),
            .optimizer_state = std::vector<double>(state_.begin(), state_.end()),
            .clock = clock_.memory()};
  }

  /// An empty optimizer_state means a fresh start from these parameters.
  void import_state(const MemberState& state) {
    core::MemberValues<Real> values = core::values_of<Real>(state, settings_, parameters_.size(), n_trainable_);
    parameters_ = std::move(values.parameters);
    state_ = std::move(values.state);
    clock_.reset(state.step, state.clock);
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
    core::AlignedValues<Real> parameters;
    core::AlignedValues<Real> state;
  };

  MemberConfig config_;
  core::RuleSettings settings_;
  core::StepClock clock_;
  std::size_t n_trainable_;
  core::AlignedValues<Real> parameters_;
  core::AlignedValues<Real> state_;  ///< slot after slot, n_trainable_ each
  std::array<std::optional<Snapshot>, kSnapshotSlots> snapshots_;
};

}  // namespace slalom::cpu
