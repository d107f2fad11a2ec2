// SPDX-License-Identifier: Apache-2.0
// Progress for people: a live line on a terminal, one line an epoch elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>

#include <slalom/trainer.hpp>

namespace slalom::report {

class ProgressPrinter : public Observer {
 public:
  /// `every`: epochs between plain lines, > 0. A live line (rewritten in place) is used when `stream` is a terminal.
  ProgressPrinter(std::FILE* stream, std::int64_t every);
  void on_progress(const Progress& progress) override;
  void on_epoch(const EpochReport& report) override;

 private:
  void clear_live_line();

  std::FILE* stream_;
  std::int64_t every_;
  bool live_;
  bool line_shown_ = false;
};

}  // namespace slalom::report
