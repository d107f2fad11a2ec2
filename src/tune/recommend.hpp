// SPDX-License-Identifier: Apache-2.0
// What the measurements say: target, epochs and seconds to it, and which row to take.
#pragma once

#include <slalom/tune.hpp>

namespace slalom::tuning {

/// Fills lowest_loss, the target, what each row needed to reach it, and the recommendation with its reason, from the
/// rows' speeds and curves. Pure.
void evaluate_rows(TuneResult& result, std::optional<double> target);

}  // namespace slalom::tuning
