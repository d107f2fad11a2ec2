// SPDX-License-Identifier: Apache-2.0
// What a checkpoint says besides its lists of numbers, as JSON text.
#pragma once

#include <string>
#include <string_view>

#include "train/checkpoint_file.hpp"

namespace slalom::training {

/// All of a checkpoint but the lists of numbers; doubles in their shortest exact form.
[[nodiscard]] std::string to_json(const Checkpoint& checkpoint);

/// Reads what to_json wrote into a checkpoint without lists of numbers (`best` is there, but empty, where it was).
/// Throws DataError (without a file name) if anything is missing, of the wrong type or impossible.
[[nodiscard]] Checkpoint checkpoint_of_json(std::string_view text);

}  // namespace slalom::training
