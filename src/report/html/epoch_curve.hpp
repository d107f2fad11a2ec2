// SPDX-License-Identifier: Apache-2.0
// Curves over the epochs of a run.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "report/html/series_chart.hpp"
#include "report/run_record.hpp"

namespace slalom::report::html {

/// What such curves may be drawn against.
[[nodiscard]] inline std::vector<Axis> time_axes() {
  return {{"epoch", "epoch"}, {"step", "step"}, {"seconds", "seconds of training"}};
}

/// Where an epoch lies on them.
[[nodiscard]] inline std::vector<double> place_of(const RunRecord::Epoch& epoch) {
  return {epoch.epoch, epoch.step, epoch.seconds};
}

/// `value` of every epoch (a member of Epoch, or a function of one), thinned to at most `most` points; no points if none
/// is finite.
template <class Value>
[[nodiscard]] Series epoch_curve(const std::vector<RunRecord::Epoch>& epochs, const std::string& name, Value&& value,
                                 std::size_t most, bool dashed = false) {
  Series series{.name = name, .points = {}, .dashed = dashed};
  bool any = false;
  for (const RunRecord::Epoch& epoch : epochs) {
    const double y = std::invoke(value, epoch);
    series.points.push_back({place_of(epoch), y, epoch.piece});
    any = any || std::isfinite(y);
  }
  series.points = any ? thinned(series.points, most) : std::vector<SeriesPoint>{};
  return series;
}

}  // namespace slalom::report::html
