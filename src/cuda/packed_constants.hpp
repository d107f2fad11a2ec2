// SPDX-License-Identifier: Apache-2.0
// Packs the constants of a launch's steps: what never changes stands once.
#pragma once

#include <cstdint>
#include <span>

#include "member_task.hpp"

namespace slalom::cuda {

/// Writes what changes from step to step to the front of `values`, which has room for all fields of all steps, and
/// returns how many values that is. `packed.values` is left for the caller to point at their copy on the device.
std::int64_t pack_constants(std::span<const core::StepConstants<float>> steps, std::span<float> values,
                            PackedConstants& packed);

}  // namespace slalom::cuda
