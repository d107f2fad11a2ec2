// SPDX-License-Identifier: Apache-2.0
// The plainest engine there can be, to test what is around engines.
#include "cuda/plain_engine.hpp"

#include "cuda/check.hpp"

namespace slalom::testing {
namespace {

constexpr int kMostFeatures = 8;

__global__ void plain_kernel(const cuda::MemberTask* tasks) {
  const cuda::MemberTask& task = tasks[blockIdx.x];
  const int d = static_cast<int>(task.data.x.n_features);
  for (std::int64_t step = 0; step * task.batch_size < task.n_rows; ++step) {
    const std::int64_t begin = step * task.batch_size;
    const std::int64_t n = min(task.batch_size, task.n_rows - begin);
    double loss = 0.0;
    float gradient[kMostFeatures] = {};
    bool finite = true;
    for (std::int64_t i = begin; i < begin + n; ++i) {
      const std::int64_t row = task.rows == nullptr ? i : static_cast<std::int64_t>(task.rows[i]);
      const float* x = task.data.x.data + row * task.data.x.stride;
      const float weight = task.data.weights == nullptr ? 1.0F : task.data.weights[row];
      float z = 0.0F;
      for (int j = 0; j < d; ++j) z += x[j] * task.parameters[j];
      const float residual = z - task.data.targets[row];
      loss += static_cast<double>(weight * residual * residual) / static_cast<double>(n);
      for (int j = 0; j < d; ++j) gradient[j] += 2.0F * weight * residual * x[j] / static_cast<float>(n);
      finite = finite && isfinite(residual);
    }
    task.losses[step] = loss;
    if (!finite) {
      *task.first_non_finite = static_cast<std::int32_t>(step);
      return;
    }
    for (int j = 0; j < d; ++j) task.parameters[j] -= task.constants[step].learning_rate * gradient[j];
  }
}

}  // namespace

void PlainEngine::run(std::span<const cuda::MemberTask> tasks, const cuda::MemberTask* device_tasks,
                      cudaStream_t stream) {
  plain_kernel<<<static_cast<unsigned>(tasks.size()), 1, 0, stream>>>(device_tasks);
  SLALOM_CHECK_LAUNCH(plain_kernel);
  ++launches;
  for (const cuda::MemberTask& task : tasks) saw_row_lists = saw_row_lists || task.rows != nullptr;
}

}  // namespace slalom::testing
