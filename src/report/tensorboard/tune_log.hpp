// SPDX-License-Identifier: Apache-2.0
// A tuning run for TensorBoard: a run a trial, to be compared by hyperparameters (docs/reports.md).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <slalom/tune.hpp>

#include "report/tensorboard/event_file.hpp"
#include "report/tensorboard/hyper_parameters.hpp"

namespace slalom::report {

struct TuneLogOptions {
  std::string flag;  ///< that errors begin with
  std::string folder;
  std::vector<std::pair<std::string, std::string>> texts;  ///< tag, preformatted text
  HyperParameters hyperparameters;                         ///< that all trials have
};

class TuneLog {
 public:
  /// Makes the folder with the texts, and takes what an earlier tuning run left of trials in it away. Throws
  /// OutputError.
  explicit TuneLog(const TuneLogOptions& options);

  /// A folder for every trial, and in it for every seed if there are several, with curves, speed and hyperparameters;
  /// the table with the recommendation beside them. Throws OutputError.
  void write(const TuneResult& result);

 private:
  TuneLogOptions options_;
  EventFile file_;
};

}  // namespace slalom::report
