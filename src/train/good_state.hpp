// SPDX-License-Identifier: Apache-2.0
// A state that the guard may go back to, as a value.
#pragma once

#include <slalom/backend.hpp>

#include "train/run_state.hpp"

namespace slalom::training {

struct GoodState {
  RunState run;
  MemberState member;
};

}  // namespace slalom::training
