// SPDX-License-Identifier: Apache-2.0
// How well a model does that knows nothing.
#pragma once

#include <cstdint>
#include <span>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

namespace slalom::training {

/// Mean loss (stored-target units) of a model that answers 0 to everything, over a few thousand of `rows` (empty: all),
/// evenly spaced. 0 if the data has neither targets nor labels.
[[nodiscard]] double zero_loss(const ModelSpec& spec, const Dataset& data, std::span<const std::uint32_t> rows);

}  // namespace slalom::training
