// SPDX-License-Identifier: Apache-2.0
// What two runs must have in common for one to go on where the other stopped.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <slalom/job.hpp>

#include "train/prepared.hpp"

namespace slalom::training {

/// Names (flags, or parts of the data) and values as text, in the order in which differences are reported.
using Fingerprint = std::vector<std::pair<std::string, std::string>>;

/// The settings that decide the numbers of a run, and its data after preprocessing. Not in it: what only decides how
/// long a run takes (--threads, --device-memory), what is written, and --epochs unless the schedule depends on it.
/// Reads the whole data once.
[[nodiscard]] Fingerprint fingerprint_of(const TrainJob& job, const Prepared& data, DeviceKind device);

/// "--lr: found 0.01, expected 0.001": where `found` first differs from `expected`; empty if nowhere.
[[nodiscard]] std::string first_difference(const Fingerprint& found, const Fingerprint& expected);

}  // namespace slalom::training
