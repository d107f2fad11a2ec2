// SPDX-License-Identifier: Apache-2.0
// Copies between page-locked and device memory, in stream order.
#include "cuda/staging.hpp"

#include <algorithm>
#include <iterator>

#include "cuda/check.hpp"

namespace slalom::cuda {

namespace {

using Need = Staging::Need;

constexpr std::int64_t Need::*kSizes[] = {&Need::rows,      &Need::steps,           &Need::members,
                                          &Need::constants, &Need::constant_values, &Need::features,
                                          &Need::targets,   &Need::labels,          &Need::weights};

std::int64_t bytes_of(const ArenaLayout& layout) {
  std::int64_t bytes = 0;
  for (const ArenaLayout::Size& size : layout.sizes()) bytes += static_cast<std::int64_t>(size.bytes);
  return bytes;
}

}  // namespace

void Staging::reserve(const Need& need, std::int64_t most_bytes, Shortages* shortages) {
  const auto fits = [&](auto size) { return need.*size <= capacity_.*size; };
  if (std::all_of(std::begin(kSizes), std::end(kSizes), fits)) return;
  // Blocks get longer from one to the next at first: room for twice of what did not fit, if there may be so much.
  Need larger = capacity_;
  Need doubled = capacity_;
  for (const auto size : kSizes) {
    larger.*size = std::max(need.*size, capacity_.*size);
    doubled.*size = need.*size > capacity_.*size ? 2 * need.*size : capacity_.*size;
  }
  ArenaLayout layout = lay_out(doubled);
  if (bytes_of(layout) <= most_bytes)
    larger = doubled;
  else
    layout = lay_out(larger);
  if (bytes_of(layout) > most_bytes) layout = lay_out(larger = need);
  release();  // before the larger ones are made; if the allocation fails, nothing is there
  device_ = Arena(layout, MemoryKind::kDevice);
  host_ = Arena::on_host(layout, shortages);
  capacity_ = larger;
}

void Staging::release() {
  capacity_ = {};
  host_ = {};
  device_ = {};
}

ArenaLayout Staging::lay_out(const Need& need) {
  ArenaLayout layout;
  rows_ = layout.add<std::uint32_t>(need.rows);
  constants_ = layout.add<core::StepConstants<float>>(need.constants);
  constant_values_ = layout.add<float>(need.constant_values);
  features_ = layout.add<float>(need.features);
  targets_ = layout.add<float>(need.targets);
  labels_ = layout.add<std::int32_t>(need.labels);
  weights_ = layout.add<float>(need.weights);
  tasks_ = layout.add<MemberTask>(need.members);
  losses_ = layout.add<double>(need.steps);
  flags_ = layout.add<std::int32_t>(need.members);
  return layout;
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
  copy(features_, used.features);
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
}

}  // namespace slalom::cuda
