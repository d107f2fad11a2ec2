// SPDX-License-Identifier: Apache-2.0
// Rewrites a line that never reaches the terminal's last column, where it would break.
#include "text/live_line.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "text/width.hpp"

namespace slalom::text {
namespace {

constexpr std::size_t kLeastCurve = 6, kMostCurve = 24;

}  // namespace

void LiveLine::show(const std::vector<std::string>& parts, const Sparkline* curve) {
  if (!style_.live) return;
  const std::size_t columns = std::max<std::size_t>(terminal_columns(stream_), 2) - 1;
  std::string line;
  std::size_t width = 0;
  for (const std::string& part : parts) {
    const std::string shown = printable(part, style_.charset);
    const std::size_t gap = line.empty() ? 0 : kGap;
    if (width + gap + display_width(shown) > columns && !line.empty()) break;
    line += std::string(gap, ' ') + fit(shown, columns, style_.ellipsis());
    width = display_width(line);
  }
  if (curve != nullptr && style_.charset == Charset::kUtf8 && width + kGap + kLeastCurve <= columns) {
    const std::string drawn = curve->text(std::min(columns - width - kGap, kMostCurve));
    if (!drawn.empty()) line += std::string(kGap, ' ') + style_.paint(Tone::kNote, drawn);
  }
  clear();
  fmt::print(stream_, "{}", line);
  std::fflush(stream_);
  shown_ = true;
}

void LiveLine::clear() {
  if (shown_) std::fputs("\r\x1b[K", stream_);
  shown_ = false;
}

}  // namespace slalom::text
