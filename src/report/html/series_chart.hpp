// SPDX-License-Identifier: Apache-2.0
// Curves over a common axis, in panels above each other: the spec behind most charts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/html/page.hpp"

namespace slalom::report::html {

/// A quantity that the horizontal axis can show.
struct Axis {
  std::string field;  ///< of the data: letters
  std::string title;
  bool logarithmic = false;
  std::vector<double> ticks = {};             ///< where its numbers are; empty: at round ones
  std::optional<double> low = {}, high = {};  ///< where it begins and ends; without: where the points do
};

struct SeriesPoint {
  std::vector<double> x;   ///< one an axis
  double y = 0.0;          ///< not finite: nothing is drawn, the curve has a gap
  std::int64_t piece = 0;  ///< points of different pieces are not connected
};

/// One curve; its points in the order in which they are connected.
struct Series {
  std::string name;  ///< unique in the chart
  std::vector<SeriesPoint> points;
  bool dashed = false;
  bool dots = false;  ///< with a symbol at every point, besides curves with few points, which always have them
};

struct Panel {
  std::string title;  ///< of the vertical axis, with its unit
  std::vector<Series> series;
  double height = 220.0;
  bool log_switch =
      false;  ///< the signal `log` makes the vertical axis logarithmic; at first if all is > 0 over a decade
  bool logarithmic = false;  ///< always; not with log_switch
  bool smooth = false;       ///< the signal `smooth` draws means over 2 smooth + 1 points
  bool from_zero = false;
  bool counts = false;  ///< numbers as k, M, ...
};

/// Something that happened at a place of the axis, or a place to be pointed out.
struct Event {
  std::vector<double> x;  ///< one an axis
  std::string label;      ///< short: beside the line
  std::string text;       ///< on hovering
  bool bad = false;       ///< in the colour of trouble
};

struct SeriesChart {
  std::vector<Axis> axes;  ///< several: the signal `axis` names the field that is shown; all linear then
  std::vector<Panel> panels;
  std::vector<Event> events = {};
};

/// The spec; with a line where reading.js reads its values (`usermeta.read`).
[[nodiscard]] Json series_spec(const SeriesChart& chart);

/// The inputs that go with it: for several axes, a switch to a logarithmic scale, smoothing.
[[nodiscard]] std::vector<Control> series_controls(const SeriesChart& chart);

/// `chart` with both.
[[nodiscard]] Chart series_chart(Chart chart, const SeriesChart& curves);

/// The points of a long curve that stand for all of it: of every stretch the first, the lowest and the highest, and the
/// last of all; at most about `most`. A curve that is short enough stays as it is.
[[nodiscard]] std::vector<SeriesPoint> thinned(const std::vector<SeriesPoint>& points, std::size_t most);

}  // namespace slalom::report::html
