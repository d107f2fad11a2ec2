// SPDX-License-Identifier: Apache-2.0
// A CUDA backend that trains networks of any size by graphs, however small they are.
#pragma once

#include <memory>
#include <span>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/cuda_backend.hpp"

namespace slalom::testing {

/// Nothing fits a block of a device that has no shared memory to give.
inline std::unique_ptr<Backend> make_graph_backend(const ModelSpec& spec, const Dataset& data,
                                                   std::span<const MemberConfig> members,
                                                   const BackendOptions& options = {}) {
  cuda::DeviceInfo device = cuda::usable_device();
  device.shared_bytes_per_block = 0;
  return std::make_unique<cuda::CudaBackend>(device, spec, data, members, options);
}

/// As started_backend.
inline std::unique_ptr<Backend> started_graph_backend(const ModelSpec& spec, const Dataset& data,
                                                      const OptimizerConfig& optimizer) {
  const MemberConfig member{.optimizer = optimizer, .seed = 3, .stream = 0};
  auto backend = make_graph_backend(spec, data, {&member, 1});
  backend->import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
  return backend;
}

}  // namespace slalom::testing
