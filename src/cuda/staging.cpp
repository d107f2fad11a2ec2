// SPDX-License-Identifier: Apache-2.0
// Copies between page-locked and device memory, in stream order.
#include "cuda/staging.hpp"

#include <algorithm>
#include <iterator>

#include "cuda/check.hpp"

namespace slalom::cuda {

namespace {

constexpr std::int64_t Staging::Need::*kSizes[] = {
    &Staging::Need::rows,    &Staging::Need::steps,  &Staging::Need::members, &Staging::Need::constants,
    &Staging::Need::targets, &Staging::Need::labels, &Staging::Need::weights, &Staging::Need::constant_values};

}  // namespace

void Staging::reserve(const Need& need, cudaStream_t stream) {
  const auto fits = [&](auto size) { return need.*size <= capacity_.*size; };
  if (std::all_of(std::begin(kSizes), std::end(kSizes), fits)) return;
  SLALOM_CHECK(cudaStreamSynchronize(stream));
  for (const auto size : kSizes) capacity_.*size = std::max(need.*size, capacity_.*size);
  ArenaLayout layout;
  rows_ = layout.add<std::uint32_t>(capacity_.rows);
  constants_ = layout.add<core::StepConstants<float>>(capacity_.constants);
  constant_values_ = layout.add<float>(capacity_.constant_values);
  targets_ = layout.add<float>(capacity_.targets);
  labels_ = layout.add<std::int32_t>(capacity_.labels);
  weights_ = layout.add<float>(capacity_.weights);
  tasks_ = layout.add<MemberTask>(capacity_.members);
  losses_ = layout.add<double>(capacity_.steps);
  flags_ = layout.add<std::int32_t>(capacity_.members);
  host_ = {};  // freed before the larger ones are made
  device_ = {};
  host_ = Arena(layout, MemoryKind::kPinned);
  device_ = Arena(layout, MemoryKind::kDevice);
}

void Staging::upload(const Need& used, cudaStream_t stream) const {
  const auto copy = [&](auto piece, std::int64_t count) {
    if (count == 0) return;
    SLALOM_CHECK(cudaMemcpyAsync(device_.pointer(piece), host_.pointer(piece),
                                 static_cast<std::size_t>(count) * sizeof(*host_.pointer(piece)),
                                 cudaMemcpyHostToDevice, stream));
  };
  copy(rows_, used.rows);
  copy(constants_, used.constants);
  copy(constant_values_, used.constant_values);
  copy(targets_, used.targets);
  copy(labels_, used.labels);
  copy(weights_, used.weights);
  copy(tasks_, used.members);
  SLALOM_CHECK(cudaMemsetAsync(device_flags(), 0xff, static_cast<std::size_t>(used.members) * sizeof(std::int32_t),
                               stream));  // -1
  SLALOM_CHECK(cudaMemsetAsync(device_losses(), 0, static_cast<std::size_t>(used.steps) * sizeof(double), stream));
}

void Staging::download(const Need& used, cudaStream_t stream) const {
  SLALOM_CHECK(cudaMemcpyAsync(host_.pointer(losses_), device_.pointer(losses_),
                               static_cast<std::size_t>(used.steps) * sizeof(double), cudaMemcpyDeviceToHost, stream));
  SLALOM_CHECK(cudaMemcpyAsync(host_.pointer(flags_), device_.pointer(flags_),
                               static_cast<std::size_t>(used.members) * sizeof(std::int32_t), cudaMemcpyDeviceToHost,
                               stream));
  SLALOM_CHECK(cudaStreamSynchronize(stream));
}

}  // namespace slalom::cuda
