// SPDX-License-Identifier: Apache-2.0
// Why a run ended, in words.
#pragma once

#include <slalom/trainer.hpp>

namespace slalom::report {

[[nodiscard]] inline const char* reason_text(StopReason reason) {
  switch (reason) {
    case StopReason::kEpochs: return "all epochs done";
    case StopReason::kSteps: return "--max-steps reached";
    case StopReason::kTime: return "--max-time reached";
    case StopReason::kConverged: return "no more progress";
    case StopReason::kInterrupted: return "interrupted";
    case StopReason::kDiverged: return "diverged";
    case StopReason::kGivenUp: return "given up";
  }
  return "";
}

}  // namespace slalom::report
