// SPDX-License-Identifier: Apache-2.0
// How training is timed.
#pragma once

#include <benchmark/benchmark.h>

#include "suite.hpp"

namespace slalom::bench {

enum class Timed {
  kEpoch,  ///< whole epochs, the drawing of a new order included, as the trainer runs them
  kStep    ///< steps alone, of one epoch again and again; the time is a step's
};

/// The order in which Timed::kStep visits the rows.
enum class Visit { kShuffled, kInOrder };

/// What is run where.
struct Run {
  Problem problem;
  DeviceKind device = DeviceKind::kCpu;
  int threads = 1;  ///< of the cpu backend; the reference path has one, and cuda does not care
  Timed timed = Timed::kEpoch;
  Visit visit = Visit::kShuffled;
};

/// Checks the backend against the reference path, times it, and sets the counters samples/s, s/step and count_work's.
void time_training(benchmark::State& state, Suite& suite, const Run& run);

}  // namespace slalom::bench
