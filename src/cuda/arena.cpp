// SPDX-License-Identifier: Apache-2.0
// Allocates arenas.
#include "cuda/arena.hpp"

#include <cstdlib>
#include <new>
#include <string>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr std::size_t kAlignment = 256;

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

[[noreturn]] void report_no_memory(std::size_t bytes, MemoryKind kind) {
  if (kind == MemoryKind::kPinned) {
    throw OutOfMemory("out of page-locked host memory: asked for " + std::to_string(bytes) + " bytes");
  }
  std::size_t free = 0;
  std::size_t total = 0;
  SLALOM_CHECK(cudaMemGetInfo(&free, &total));
  throw OutOfMemory("out of device memory: asked for " + std::to_string(bytes) + " bytes, " + std::to_string(free) +
                    " of " + std::to_string(total) + " are free");
}

}  // namespace

void Arena::Deleter::operator()(void* memory) const noexcept {
  switch (kind) {
    case MemoryKind::kDevice: static_cast<void>(cudaFree(memory)); break;
    case MemoryKind::kPinned: static_cast<void>(cudaFreeHost(memory)); break;
    case MemoryKind::kOrdinary: ::operator delete(memory, std::align_val_t(kAlignment)); break;
  }
}

Arena::Memory Arena::allocate(std::size_t bytes, MemoryKind kind) {
  if (kind == MemoryKind::kOrdinary) return {::operator new(bytes, std::align_val_t(kAlignment)), Deleter{kind}};
  void* address = nullptr;
  const cudaError_t status =
      kind == MemoryKind::kDevice ? cudaMalloc(&address, bytes) : cudaHostAlloc(&address, bytes, cudaHostAllocDefault);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    report_no_memory(bytes, kind);
  }
  SLALOM_CHECK(status);
  return {address, Deleter{kind}};
}

Arena Arena::on_host(const ArenaLayout& layout, Shortages* shortages) {
  try {
    return {layout, MemoryKind::kPinned};
  } catch (const OutOfMemory& shortage) {
    if (shortages != nullptr) shortages->add(shortage, "ordinary memory is used, from which copies are slower");
    return {layout, MemoryKind::kOrdinary};
  }
}

Arena::Arena(const ArenaLayout& layout, MemoryKind kind) {
  const bool separate = std::getenv("SLALOM_SEPARATE_ALLOCATIONS") != nullptr;
  for (const ArenaLayout::Size& size : layout.sizes()) bytes_ += separate ? size.bytes : aligned(size.bytes);
  if (!separate && bytes_ > 0) memory_.push_back(allocate(bytes_, kind));
  std::size_t offset = 0;
  for (const ArenaLayout::Size& size : layout.sizes()) {
    Place place{.address = nullptr, .count = size.count};
    if (size.bytes > 0) {
      if (separate) memory_.push_back(allocate(size.bytes, kind));
      place.address = static_cast<std::byte*>(memory_.back().get()) + offset;
      if (!separate) offset += aligned(size.bytes);
    }
    places_.push_back(place);
  }
}

}  // namespace slalom::cuda
