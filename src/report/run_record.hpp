// SPDX-License-Identifier: Apache-2.0
// A run as its metrics log tells it: what a report is made from, after the run or from the file.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <slalom/trainer.hpp>

#include "report/log_entries.hpp"

namespace slalom::report {

/// The metrics of validation rows that curves are drawn of.
inline constexpr std::array<std::string_view, 8> kMetricNames{"mse",      "rmse",     "mae", "r2",
                                                              "log_loss", "accuracy", "auc", "f1"};

class RunRecord {
 public:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  /// An epoch that was reported. NaN: not in the log.
  struct Epoch {
    double epoch = kNone, step = kNone, seconds = kNone;
    double rate = kNone, train_loss = kNone, valid_loss = kNone;
    double samples_per_second = kNone;  ///< since the epoch before
    double device_memory = kNone, process_memory = kNone;
    std::array<double, kMetricNames.size()> metrics{};  ///< of validation rows
    std::int64_t piece = 0;                             ///< > 0: thrown away by the guard's piece-th act
  };
  struct Guard {
    double epoch = kNone, step = kNone, seconds = kNone, good_epoch = kNone;
    std::string text;  ///< one sentence
  };
  struct Member {
    std::vector<Epoch> epochs;  ///< in the order of the log
    std::vector<Guard> guards;
    double resumed_after = kNone;  ///< epochs that an earlier process did
  };

  std::string name;                        ///< for people: the file, or what the run is called
  nlohmann::ordered_json run, result;      ///< the entries of these kinds; null: not in the log
  std::map<std::int64_t, Member> members;  ///< by number
  bool cut_off = false;                    ///< the last line was not written to its end

  /// Takes the next entry of a log; kinds that are not known are ignored. Throws DataError if the entry is not an object
  /// or its format is newer than this program's.
  void add(const nlohmann::ordered_json& entry);

  /// What people call a member; "" for the only one.
  [[nodiscard]] std::string member_name(std::int64_t member) const;
  /// The member whose parameters are the model's.
  [[nodiscard]] std::int64_t chosen() const;
  [[nodiscard]] bool empty() const;
  /// Whether it is of slalom tune, whose result is one entry.
  [[nodiscard]] bool is_tuning() const;

 private:
  void add_epoch(const nlohmann::ordered_json& entry);
  void add_guard(const nlohmann::ordered_json& entry);
  void resume(const nlohmann::ordered_json& entry);

  /// What the log counts from the beginning of the run.
  struct Totals {
    double seconds = 0.0, samples = 0.0;
  };
  std::map<std::int64_t, Totals> totals_;  ///< after the last epoch of each member
  bool begun_again_ = false;               ///< the last entry began another process's part
};

/// Reads a metrics log. A last line without an end is left out (cut_off). Throws InputError if it cannot be opened and
/// DataError naming file and line.
[[nodiscard]] RunRecord read_run_log(const std::string& path);

/// Keeps a record of a run that happens now.
class RunRecorder : public Observer {
 public:
  explicit RunRecorder(const RunHeader& header) { record.add(run_entry(header)); }
  void on_epoch(const EpochReport& report) override { record.add(epoch_entry(report)); }
  void on_resume(std::int64_t member, std::int64_t epochs) override { record.add(resume_entry(member, epochs)); }
  void on_guard(const GuardEvent& event) override { record.add(guard_entry(event)); }

  RunRecord record;
};

}  // namespace slalom::report
