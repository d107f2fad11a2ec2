// SPDX-License-Identifier: Apache-2.0
// The constants of batch normalisation (Ioffe & Szegedy 2015), PyTorch's defaults.
#pragma once

namespace slalom::core {

inline constexpr double kNormEpsilon = 1e-5;  ///< added to a variance before its root is taken
inline constexpr double kNormMomentum = 0.1;  ///< weight of the newest batch in running statistics

}  // namespace slalom::core
