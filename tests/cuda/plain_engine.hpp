// SPDX-License-Identifier: Apache-2.0
// The plainest engine there can be, to test what is around engines.
#pragma once

#include "cuda/engine.hpp"

namespace slalom::testing {

/// Trains one-output linear models without bias under squared loss by plain gradient descent, one thread a member.
/// Reads targets by row number and constants step by step. Cannot predict.
class PlainEngine : public cuda::DeviceEngine {
 public:
  [[nodiscard]] std::string description() const override { return "plain"; }
  void run(std::span<const cuda::MemberTask> tasks, const cuda::MemberTask* device_tasks, cudaStream_t stream) override;
  void predict(const float*, const cuda::DeviceFeatures&, const std::uint32_t*, std::int64_t, float*,
               cudaStream_t) override {}

  std::int64_t launches = 0;
  bool saw_row_lists = false;
};

}  // namespace slalom::testing
