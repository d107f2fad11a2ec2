// SPDX-License-Identifier: Apache-2.0
// The numbers of an epoch under the names that logs give them.
#pragma once

#include <array>
#include <utility>

#include <slalom/trainer.hpp>

namespace slalom::report {

/// What every epoch has; the metrics on validation rows (Metrics::items) come beside it.
[[nodiscard]] inline std::array<std::pair<const char*, double>, 4> epoch_values(const EpochReport& report) {
  return {{{"lr", report.learning_rate},
           {"train_loss", report.train_loss},
           {"seconds", report.seconds},
           {"samples_per_second", report.samples_per_second}}};
}

}  // namespace slalom::report
