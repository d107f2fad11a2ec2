// SPDX-License-Identifier: Apache-2.0
// Prints how far tuning is.
#include "report/tune_progress.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace slalom::report {

std::string progress_text(const TuneProgress& p) {
  switch (p.stage) {
    case TuneProgress::Stage::kRates:
      return fmt::format("range tests on {}: {}/{}", name_of(p.device), p.done, p.total);
    case TuneProgress::Stage::kSpeed: return fmt::format("speed on {}: {}/{}", name_of(p.device), p.done, p.total);
    case TuneProgress::Stage::kTraining: {
      const std::string lowest = p.lowest ? fmt::format(", lowest loss {:.6g}", *p.lowest) : "";
      return fmt::format("training {} members on {}: epoch {}/{}{}", p.members, name_of(p.device), p.done, p.total,
                         lowest);
    }
    case TuneProgress::Stage::kNoise:
      return fmt::format("noise scale on {}: {}/{}", name_of(p.device), p.done, p.total);
  }
  return "";
}

void TuneProgressPrinter::on_progress(const TuneProgress& p) {
  if (!live_.works()) {  // about six lines a stage
    const std::int64_t every = std::max<std::int64_t>(1, p.total / 4);
    if (p.done % every == 0 || p.done == 1 || p.done == p.total) fmt::print(stream_, "{}\n", progress_text(p));
    return;
  }
  const bool has_curve = p.stage == TuneProgress::Stage::kTraining && p.lowest && p.total > 0;
  if (has_curve) lowest_.add(static_cast<double>(p.done) / static_cast<double>(p.total), *p.lowest);
  live_.show({progress_text(p)}, has_curve ? &lowest_ : nullptr);
}

}  // namespace slalom::report
