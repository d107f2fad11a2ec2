// SPDX-License-Identifier: Apache-2.0
// When and where a training job writes checkpoints.
#pragma once

#include <cstdint>
#include <string>

namespace slalom {

/// How often: every `count` of the unit.
struct CheckpointInterval {
  enum class Unit { kEpochs, kSteps, kSeconds };
  double count = 60.0;  ///< > 0; whole for epochs and steps
  Unit unit = Unit::kSeconds;
};

/// Checkpoints are also written when a run ends, for whatever reason but divergence.
struct CheckpointOptions {
  std::string folder;           ///< made if it is not there; empty: no checkpoints
  CheckpointInterval interval;  ///< looked at between blocks of steps, about four times a second
  std::int64_t keep = 3;        ///< newest checkpoints kept, besides the best; >= 1
  bool resume = false;          ///< go on from the newest good checkpoint in `folder`, if there is one
};

/// Throws UsageError that names the flag.
void validate(const CheckpointOptions& options);

/// What became of a job's checkpoints.
struct CheckpointReport {
  std::string resumed_from;  ///< file that the run went on from; empty: it began at the beginning
  std::string last;          ///< file of the last state that was saved; empty: none was
  std::string failure;       ///< why the last attempt to write one failed; empty: it did not
};

}  // namespace slalom
