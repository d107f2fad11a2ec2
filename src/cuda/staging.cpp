// SPDX-License-Identifier: Apache-2.0
// Copies between page-locked and device memory, in stream order.
#include "cuda/staging.hpp"

#include "cuda/check.hpp"

namespace slalom::cuda {

std::int64_t Staging::overhead(std::int64_t members) {
  const ArenaLayout layout = Staging().lay_out({.members = members});
  return static_cast<std::int64_t>(layout.bytes() + layout.sizes().size() * ArenaLayout::kAlignment);
}

void Staging::reserve(std::int64_t bytes, Shortages* shortages) {
  if (memory_bytes() >= bytes) return;
  take({}, static_cast<std::size_t>(bytes), shortages);
}

void Staging::make_room(const Need& need, std::int64_t most_bytes, Shortages* shortages) {
  const ArenaLayout layout = lay_out(need);
  if (device_.lay_out(layout) && host_.lay_out(layout)) return;
  // Blocks get longer from one to the next at first.
  const std::size_t doubled = 2 * layout.bytes();
  if (doubled <= static_cast<std::size_t>(most_bytes)) {
    try {
      return take(layout, doubled, shortages);
    } catch (const OutOfMemory&) {  // then what is needed has to do
    }
  }
  take(layout, 0, shortages);
}

void Staging::take(const ArenaLayout& layout, std::size_t room, Shortages* shortages) {
  release();  // before the larger ones are made; if the allocation fails, nothing is there
  device_ = Arena(layout, MemoryKind::kDevice, room);
  host_ = Arena::on_host(layout, shortages, room);
}

void Staging::release() {
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
