// SPDX-License-Identifier: Apache-2.0
// Progress for people: a live line on a terminal, one line an epoch elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

#include <slalom/trainer.hpp>

#include "report/member_names.hpp"

namespace slalom::report {

class ProgressPrinter : public Observer {
 public:
  /// `every`: epochs between plain lines, > 0. A live line (rewritten in place) is used when `stream` is a terminal.
  ProgressPrinter(std::FILE* stream, std::int64_t every, MemberNames names = {});
  void on_progress(const Progress& progress) override;
  void on_epoch(const EpochReport& report) override;
  void on_guard(const GuardEvent& event) override;
  void on_note(const std::string& note) override;

 private:
  void clear_live_line();
  [[nodiscard]] std::string prefix(std::int64_t member) const;

  std::FILE* stream_;
  std::int64_t every_;
  MemberNames names_;
  bool live_;
  bool line_shown_ = false;
};

}  // namespace slalom::report
