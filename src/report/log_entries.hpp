// SPDX-License-Identifier: Apache-2.0
// The entries of a metrics log, one JSON object a line (docs/formats.md lists their keys): what a report is made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <slalom/job.hpp>

#include "report/member_names.hpp"
#include "report/setting.hpp"

namespace slalom::report {

/// The format of the entries below; it grows when a reader of the old one would go wrong.
inline constexpr std::int64_t kLogFormat = 1;

/// What is known of a run before it begins.
struct RunHeader {
  std::string command;       ///< "train"
  std::string command_line;  ///< the whole of it
  std::vector<Setting> settings;
  MemberNames names;
};

/// How a run that gave a result ended, besides the result.
struct RunEnd {
  std::uint64_t seed = 1;
  std::string bound;         ///< what bound it, for people; empty: not known
  bool interrupted = false;  ///< by a signal
  std::string error;         ///< what failed when training was done, as the command says it; empty: nothing
};

/// With the machine and the time of now.
[[nodiscard]] nlohmann::ordered_json run_entry(const RunHeader& header);
[[nodiscard]] nlohmann::ordered_json resume_entry(std::int64_t member, std::int64_t epochs);
/// With the memory that this process holds now.
[[nodiscard]] nlohmann::ordered_json epoch_entry(const EpochReport& report);
[[nodiscard]] nlohmann::ordered_json guard_entry(const GuardEvent& event);
[[nodiscard]] nlohmann::ordered_json result_entry(const JobResult& result, const RunEnd& end);
/// Of a run that gave no result, since training diverged or something else failed.
[[nodiscard]] nlohmann::ordered_json failure_entry(const std::string& message);

}  // namespace slalom::report
