// SPDX-License-Identifier: Apache-2.0
// Linear models of every kind, and backends that train them with a kernel of the test's choice.
#pragma once

#include <string>

#include "cpu/random_problem.hpp"
#include "cuda/cuda_backend.hpp"
#include "cuda/linear_engine.hpp"

namespace slalom::testing {

/// A model without hidden layers for a loss.
inline ModelSpec linear_spec(LossKind loss, std::int64_t d, std::int64_t outputs) {
  ModelSpec spec;
  spec.loss = {.kind = loss, .huber_delta = 0.7, .quantile = 0.8};
  spec.n_features = d;
  spec.n_outputs = outputs;
  spec.kind = loss == LossKind::kCrossEntropy                      ? ModelKind::kSoftmax
              : loss == LossKind::kBce || loss == LossKind::kHinge ? ModelKind::kLogistic
                                                                   : ModelKind::kLinear;
  return spec;
}

/// A kernel, chosen by telling the rule something else about the device. Grids are small: a test machine may execute
/// blocks one after another.
struct Kernel {
  const char* name;
  int multiprocessors;
  std::int64_t exchange_ns;
  bool rows_in_registers;
};
inline constexpr Kernel kBlockKernel{"block", 1, 0, true};
inline constexpr Kernel kGridKernel{"grid", 3, 0, true};
inline constexpr Kernel kTilesKernel{"tiles", 4, 0, false};

inline std::unique_ptr<Backend> linear_backend(const Kernel& kernel, const ModelSpec& spec, const Dataset& data,
                                               std::span<const MemberConfig> members) {
  const cuda::DeviceInfo device = cuda::usable_device();
  const cuda::DeviceLimits limits{.multiprocessors = kernel.multiprocessors,
                                  .shared_bytes = device.shared_bytes_per_block,
                                  .exchange_ns = kernel.exchange_ns,
                                  .rows_in_registers = kernel.rows_in_registers};
  auto backend = std::make_unique<cuda::CudaBackend>(
      device, spec, data, members, BackendOptions{},
      std::make_unique<cuda::LinearEngine>(spec, limits, static_cast<std::int64_t>(members.size())));
  for (std::int64_t m = 0; m < backend->n_members(); ++m) {
    const auto& member = members[static_cast<std::size_t>(m)];
    backend->import_state(m, {.parameters = initial_parameters(spec, member.seed, member.stream)});
  }
  return backend;
}

inline std::unique_ptr<Backend> linear_backend(const Kernel& kernel, const ModelSpec& spec, const Dataset& data,
                                               const OptimizerConfig& optimizer) {
  const MemberConfig member{.optimizer = optimizer, .seed = 3, .stream = 0};
  return linear_backend(kernel, spec, data, {&member, 1});
}

}  // namespace slalom::testing
