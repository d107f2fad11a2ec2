// SPDX-License-Identifier: Apache-2.0
// How a run went wrong, and the sentences that say so.
#pragma once

#include <cstdint>
#include <string>

#include <slalom/trainer.hpp>

namespace slalom::training {

/// Where a member's run went wrong (losses in stored-target units).
struct Divergence {
  Trouble trouble = Trouble::kNotFinite;
  std::int64_t epoch = 0;  ///< from 0
  std::int64_t step = 0;   ///< from 0: the first one whose loss or gradient is not finite; that with which the loss
                           ///< counts as exploded; or whose update made the parameters what they are
  std::int64_t since = 0;  ///< first of the steps up to it whose loss was already far too high
  double loss = 0.0;
  double learning_rate = 0.0;  ///< of the step
};

/// "the loss stopped being finite".
[[nodiscard]] std::string words_of(Trouble trouble);

/// The whole sentence, with advice. `guard`: what the guard had done before.
[[nodiscard]] std::string message_of(const Divergence& divergence, const std::vector<GuardEvent>& guard);

}  // namespace slalom::training
