// SPDX-License-Identifier: Apache-2.0
// Trains small networks of a population, a thread block a member, all steps in one launch; and predicts with one.
#pragma once

#include <cuda_runtime_api.h>

#include "member_task.hpp"
#include "small_network.hpp"

namespace slalom::cuda {

struct SmallTrainArguments {
  SmallNetwork network;
  const MemberTask* tasks = nullptr;  ///< [n_members] on the device
  int n_members = 0;
  int shared_limit = 0;       ///< as given to small_plan(); members whose plan does not fit are left alone
  int warps = 0;              ///< most of the members' plans
  unsigned shared_bytes = 0;  ///< most of the members' plans
};

/// Runs all steps of all tasks that fit. Enqueued on `stream`.
void launch_small_train(const SmallTrainArguments& arguments, cudaStream_t stream);

struct SmallPredictArguments {
  SmallNetwork network;
  SmallPredictPlan plan;
  int multiprocessors = 1;
  const float* parameters = nullptr;  ///< the arena
  DeviceFeatures x;
  const std::uint32_t* rows = nullptr;  ///< [n_rows]; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  float* outputs = nullptr;  ///< [n_rows, n_outputs]
};

/// Raw outputs, batch normalisation by running statistics. Enqueued on `stream`.
void launch_small_predict(const SmallPredictArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
