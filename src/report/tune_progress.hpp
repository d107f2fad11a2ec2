// SPDX-License-Identifier: Apache-2.0
// Progress of tuning for people: a live line on a terminal, one line now and then elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <slalom/tune.hpp>

#include "text/live_line.hpp"

namespace slalom::report {

class TuneProgressPrinter : public TuneObserver {
 public:
  /// `style`: of `stream`; with style.live there is one line rewritten in place.
  TuneProgressPrinter(std::FILE* stream, const text::Style& style) : stream_(stream), live_(stream, style) {}
  void on_progress(const TuneProgress& progress) override;

 private:
  std::FILE* stream_;
  text::LiveLine live_;
  text::Sparkline lowest_;  ///< of the population in training
};

/// "training 24 members on cpu: epoch 3/20, lowest loss 0.351"
[[nodiscard]] std::string progress_text(const TuneProgress& progress);

}  // namespace slalom::report
