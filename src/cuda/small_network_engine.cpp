// SPDX-License-Identifier: Apache-2.0
// Launches the small-network kernels.
#include "cuda/small_network_engine.hpp"

#include <algorithm>

#include "small_network.cuh"

namespace slalom::cuda {

SmallNetworkEngine::SmallNetworkEngine(const ModelSpec& spec, const DeviceInfo& device)
    : network_(small_network(spec)),
      shared_limit_(static_cast<int>(device.shared_bytes_per_block)),
      multiprocessors_(device.multiprocessors) {
  if (network_) predict_plan_ = small_predict_plan(*network_, shared_limit_);
}

SmallPlan SmallNetworkEngine::plan_of(const MemberTask& task) const {
  return network_ ? small_plan(*network_, task.batch_size, task.rule.n_slots, shared_limit_) : SmallPlan{};
}

bool SmallNetworkEngine::trains(const MemberTask& task) const { return plan_of(task).fits(); }

std::string SmallNetworkEngine::description() const { return "one block a member"; }

void SmallNetworkEngine::run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  if (!network_) return;
  SmallTrainArguments arguments{.network = *network_,
                                .tasks = device_tasks,
                                .n_members = static_cast<int>(tasks.size()),
                                .shared_limit = shared_limit_};
  for (const MemberTask& task : tasks) {
    if (task.n_rows == 0) continue;
    const SmallPlan plan = plan_of(task);
    arguments.warps = std::max(arguments.warps, plan.warps);
    arguments.shared_bytes = std::max(arguments.shared_bytes, plan.bytes());
  }
  launch_small_train(arguments, stream);
}

void SmallNetworkEngine::predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows,
                                 std::int64_t n_rows, float* outputs, cudaStream_t stream) {
  launch_small_predict({.network = *network_,
                        .plan = predict_plan_,
                        .multiprocessors = multiprocessors_,
                        .parameters = parameters,
                        .x = x,
                        .rows = rows,
                        .n_rows = n_rows,
                        .outputs = outputs},
                       stream);
}

}  // namespace slalom::cuda
