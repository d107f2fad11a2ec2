// SPDX-License-Identifier: Apache-2.0
// Progress for people: a live line on a terminal, one line an epoch elsewhere.
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include <slalom/trainer.hpp>

#include "report/member_names.hpp"
#include "text/live_line.hpp"

namespace slalom::report {

class ProgressPrinter : public Observer {
 public:
  /// `style`: of `stream`; with style.live there is a line rewritten in place, with the curve of the loss. `every`: epochs
  /// between plain lines, > 0.
  ProgressPrinter(std::FILE* stream, const text::Style& style, std::int64_t every, MemberNames names = {});
  void on_progress(const Progress& progress) override;
  void on_epoch(const EpochReport& report) override;
  void on_guard(const GuardEvent& event) override;
  void on_note(const std::string& note) override;

 private:
  [[nodiscard]] std::string prefix(std::int64_t member) const;
  void print_line(const std::string& line);

  std::FILE* stream_;
  text::Style style_;
  std::int64_t every_;
  MemberNames names_;
  text::LiveLine live_;
  std::map<std::int64_t, text::Sparkline> curves_;  ///< of the members that the live line shows
};

}  // namespace slalom::report
