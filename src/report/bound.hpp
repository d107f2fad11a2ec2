// SPDX-License-Identifier: Apache-2.0
// What bound a run on this machine: memory bandwidth, arithmetic, or the latency of its steps.
#pragma once

#include <string>

#include <slalom/job.hpp>

namespace slalom::report {

/// What this machine can do with one core, measured in well under 0.1 s.
struct MachineSpeed {
  double bytes_per_second = 0.0;  ///< sum over an array of the size of the run's data
  double flops_per_second = 0.0;  ///< independent multiply-adds in registers, as this program was compiled
  double step_seconds = 0.0;      ///< a step of a one-feature model at batch 1, through the same backend
};
[[nodiscard]] MachineSpeed measure_machine(const JobResult& result);

/// Lower bounds of a run's seconds: every visited row read once; 4 d k flops a row and layer (6 for layers with one
/// below); steps x step_seconds.
struct Bounds {
  double memory = 0.0, arithmetic = 0.0, steps = 0.0;
};
[[nodiscard]] Bounds lower_bounds(const JobResult& result, const MachineSpeed& machine);

/// "step latency (floor 0.21 s of 0.35 s, 60 %); arithmetic 12 %, memory bandwidth 3 %"
[[nodiscard]] std::string describe_bound(const JobResult& result, const MachineSpeed& machine);

}  // namespace slalom::report
