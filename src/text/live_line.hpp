// SPDX-License-Identifier: Apache-2.0
// A line on a terminal that is rewritten in place.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "text/sparkline.hpp"
#include "text/style.hpp"

namespace slalom::text {

class LiveLine {
 public:
  /// `stream` and what it can show; nothing is ever written unless style.live.
  LiveLine(std::FILE* stream, const Style& style) : stream_(stream), style_(style) {}
  ~LiveLine() { clear(); }
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;

  [[nodiscard]] bool works() const noexcept { return style_.live; }

  /// Puts the parts in place of what is shown, two blanks between them: as many as the terminal has room for now, and
  /// the curve (may be null) behind them if it has room and characters for that.
  void show(const std::vector<std::string>& parts, const Sparkline* curve = nullptr);
  /// Takes the line away; what is written next takes its place.
  void clear();

 private:
  std::FILE* stream_;
  Style style_;
  bool shown_ = false;
};

}  // namespace slalom::text
