// SPDX-License-Identifier: Apache-2.0
// Hidden units that no longer tell rows apart.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

namespace slalom::training {

/// Size beyond which a unit counts as saturated: |tanh|, and twice the distance of a sigmoid from 1/2.
inline constexpr double kSaturated = 0.99;

/// One hidden layer over some rows.
struct LayerUnits {
  std::int64_t units = 0;
  std::int64_t stuck = 0;  ///< relu: 0 on every row; tanh and sigmoid: beyond kSaturated, on one side, on every row
};

struct UnitCount {
  std::int64_t rows = 0;  ///< that were looked at
  std::vector<LayerUnits> layers;
};

/// Looks at the hidden layers of a network that predicts (no dropout, running statistics) at most 2048 rows, evenly
/// spaced; fewer where the network is so large that this would take a good part of a second. No layers if there are no
/// hidden ones, the activation is another one, or fewer than 32 rows would be looked at.
[[nodiscard]] UnitCount count_stuck_units(const ModelSpec& spec, const Dataset& data,
                                          std::span<const float> parameters);

}  // namespace slalom::training
