// SPDX-License-Identifier: Apache-2.0
// The update of one parameter by a rule that is chosen at run time.
#pragma once

#include "core/rules.hpp"

namespace slalom::cuda {

/// core::update on memory. What a rule does not need is not loaded. (A functor: nvcc refuses lambdas of device
/// functions here.)
template <class Pitch>
struct SlotUpdate {
  const float* from;  ///< the parameter
  float* to;
  const float* state_from;  ///< its first state slot; the others follow `pitch` apart
  float* state_to;
  Pitch pitch;
  int n_slots;
  float gradient;
  const core::StepConstants<float>* constants;
  bool penalised;
  core::RuleFlags flags;

  template <core::Rule kRule>
  SLALOM_HD void operator()() const {
    const core::StepConstants<float> c = penalised ? *constants : core::without_penalty(*constants);
    float state[core::kMaxSlots] = {};
    for (int a = 0; a < core::kMaxSlots; ++a) {
      if (a < n_slots) state[a] = state_from[a * pitch];
    }
    *to = core::update<kRule>(*from, gradient, state, c, flags);
    for (int a = 0; a < core::kMaxSlots; ++a) {
      if (a < n_slots) state_to[a * pitch] = state[a];
    }
  }
};

}  // namespace slalom::cuda
