// SPDX-License-Identifier: Apache-2.0
// Progress of tuning for people: a live line on a terminal, one line now and then elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <slalom/tune.hpp>

namespace slalom::report {

class TuneProgressPrinter : public TuneObserver {
 public:
  explicit TuneProgressPrinter(std::FILE* stream);
  /// Ends a live line.
  ~TuneProgressPrinter() override;
  TuneProgressPrinter(const TuneProgressPrinter&) = delete;
  TuneProgressPrinter& operator=(const TuneProgressPrinter&) = delete;
  void on_progress(const TuneProgress& progress) override;

 private:
  void clear_live_line();

  std::FILE* stream_;
  bool live_;
  bool line_shown_ = false;
};

/// "training 24 members on cpu: epoch 3/20, lowest loss 0.351"
[[nodiscard]] std::string progress_text(const TuneProgress& progress);

}  // namespace slalom::report
