// SPDX-License-Identifier: Apache-2.0
// What a run of known size is bound by on a machine of known speed.
#include "report/bound.hpp"

#include <gtest/gtest.h>

namespace slalom::report {
namespace {

/// 1000 rows of 8 features and 1 target, visited once in 100 steps: 36,000 bytes, 32,000 flops.
JobResult small_run() {
  JobResult result;
  result.model.spec.n_features = 8;
  result.training.samples = 1000;
  result.training.steps = 100;
  result.training.seconds = 4.0;
  return result;
}

TEST(Bound, CountsBytesFlopsAndSteps) {
  const Bounds bounds =
      lower_bounds(small_run(), {.bytes_per_second = 36000.0, .flops_per_second = 16000.0, .step_seconds = 0.03});
  EXPECT_DOUBLE_EQ(bounds.memory, 1.0);
  EXPECT_DOUBLE_EQ(bounds.arithmetic, 2.0);
  EXPECT_DOUBLE_EQ(bounds.steps, 3.0);
}

TEST(Bound, CountsBothDirectionsOfHiddenLayers) {
  JobResult result = small_run();
  result.model.spec.kind = ModelKind::kMlp;
  result.model.spec.hidden = {4};
  const Bounds bounds =
      lower_bounds(result, {.bytes_per_second = 1.0, .flops_per_second = 1000.0, .step_seconds = 1.0});
  EXPECT_DOUBLE_EQ(bounds.arithmetic, 4.0 * 8.0 * 4.0 + 6.0 * 4.0);  // the first layer passes no derivative down
}

TEST(Bound, NamesTheLargestFirstAndHowNearTheRunCame) {
  EXPECT_EQ(
      describe_bound(small_run(), {.bytes_per_second = 36000.0, .flops_per_second = 16000.0, .step_seconds = 0.03}),
      "step latency (floor 3 s of 4 s, 75 %); arithmetic 50 %, memory bandwidth 25 %");
  EXPECT_EQ(describe_bound(small_run(), {.bytes_per_second = 9000.0, .flops_per_second = 32000.0, .step_seconds = 0.0}),
            "memory bandwidth (floor 4 s of 4 s, 100 %); arithmetic 25 %, step latency 0 %");
}

TEST(Bound, IsNeverNearerThanAllTheWay) {
  EXPECT_EQ(describe_bound(small_run(), {.bytes_per_second = 3000.0, .flops_per_second = 4000.0, .step_seconds = 0.0}),
            "memory bandwidth (floor 4 s of 4 s, 100 %); arithmetic 100 %, step latency 0 %");
}

}  // namespace
}  // namespace slalom::report
