// SPDX-License-Identifier: Apache-2.0
// A member's parameters and optimiser state in a backend's arithmetic, and their exchange as MemberState.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/dataset.hpp>
#include <slalom/error.hpp>

#include "core/rules.hpp"

namespace slalom::core {

/// From the start of a cache line: engines read vectors of weights where they lie.
template <class Real>
using AlignedValues = std::vector<Real, CacheAlignedAllocator<Real>>;

template <class Real>
struct MemberValues {
  AlignedValues<Real> parameters;  ///< the arena
  AlignedValues<Real> state;       ///< slot after slot, as many values each as are trainable
};

/// Optimiser state before the first step: zeros, AdaGrad's initial accumulator, averaged SGD's mean of one iterate.
template <class Real>
[[nodiscard]] AlignedValues<Real> fresh_state(const RuleSettings& settings, const AlignedValues<Real>& parameters,
                                              std::size_t n_trainable) {
  AlignedValues<Real> state(n_trainable * static_cast<std::size_t>(settings.n_slots), Real(0));
  if (settings.rule == Rule::kAdagrad) {
    std::fill(state.begin(), state.end(), static_cast<Real>(settings.initial_accumulator));
  }
  if (settings.rule == Rule::kAveragedSgd) std::copy_n(parameters.begin(), n_trainable, state.begin());
  return state;
}

/// Rounds a MemberState to the backend's arithmetic. An empty optimizer_state means a fresh start from its parameters.
/// Throws DataError if the sizes are not those of `n_total` parameters, `n_trainable` of them trained by this rule.
template <class Real>
[[nodiscard]] MemberValues<Real> values_of(const MemberState& from, const RuleSettings& settings, std::size_t n_total,
                                           std::size_t n_trainable) {
  const bool fresh = from.optimizer_state.empty();
  const std::size_t n_state = n_trainable * static_cast<std::size_t>(settings.n_slots);
  if (from.parameters.size() != n_total || (!fresh && from.optimizer_state.size() != n_state)) {
    throw DataError("training state: found " + std::to_string(from.parameters.size()) + " parameters and " +
                    std::to_string(from.optimizer_state.size()) + " optimizer values, expected " +
                    std::to_string(n_total) + " and " + std::to_string(n_state));
  }
  const auto rounded = [](const std::vector<double>& values) {
    AlignedValues<Real> result(values.size());
    std::transform(values.begin(), values.end(), result.begin(), [](double v) { return static_cast<Real>(v); });
    return result;
  };
  MemberValues<Real> values{.parameters = rounded(from.parameters), .state = {}};
  values.state = fresh ? fresh_state(settings, values.parameters, n_trainable) : rounded(from.optimizer_state);
  return values;
}

}  // namespace slalom::core
