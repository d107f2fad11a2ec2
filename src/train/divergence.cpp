// SPDX-License-Identifier: Apache-2.0
// Words for what went wrong.
#include "train/divergence.hpp"

#include <fmt/format.h>

namespace slalom::training {

std::string words_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::kNotFinite: return "the loss stopped being finite";
    case Trouble::kExploded: return "the loss exploded";
    case Trouble::kParametersNotFinite: return "the parameters stopped being finite";
  }
  return "";
}

std::string message_of(const Divergence& divergence, const std::vector<GuardEvent>& guard) {
  std::string before;
  if (!guard.empty()) {
    before = fmt::format("; the guard had lowered it {} time{}, from {:.6g}", guard.size(), guard.size() > 1 ? "s" : "",
                         guard.front().old_rate);
  }
  return fmt::format(
      "training diverged: {} at step {} (epoch {}) with learning rate {:.6g}{}; use a smaller --lr, --clip-norm, or "
      "scale "
      "the features",
      words_of(divergence.trouble), divergence.step + 1, divergence.epoch + 1, divergence.learning_rate, before);
}

}  // namespace slalom::training
