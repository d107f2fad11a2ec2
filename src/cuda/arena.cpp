// SPDX-License-Identifier: Apache-2.0
// Allocates arenas.
#include "cuda/arena.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr std::size_t kAlignment = ArenaLayout::kAlignment;

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

Arena Arena::on_host(const ArenaLayout& layout, Shortages* shortages, std::size_t room) {
  try {
    return {layout, MemoryKind::kPinned, room};
  } catch (const OutOfMemory& shortage) {
    if (shortages != nullptr) shortages->add(shortage, "ordinary memory is used, from which copies are slower");
    return {layout, MemoryKind::kOrdinary, room};
  }
}

std::size_t ArenaLayout::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Size& size : sizes_) bytes += aligned(size.bytes);
  return bytes;
}

Arena::Arena(const ArenaLayout& layout, MemoryKind kind, std::size_t room)
    : separate_(std::getenv("SLALOM_SEPARATE_ALLOCATIONS") != nullptr) {
  const auto add = [&](std::size_t bytes) {
    if (bytes == 0) return;
    memory_.push_back(allocate(bytes, kind));
    bytes_ += bytes;
  };
  if (separate_) {
    for (const ArenaLayout::Size& size : layout.sizes()) add(size.bytes);
  } else {
    add(std::max(layout.bytes(), room));
  }
  place(layout);
}

bool Arena::lay_out(const ArenaLayout& layout) {
  if (separate_) {  // the memory of a piece is as large as the piece
    const auto same = [](const Place& place, const ArenaLayout::Size& size) { return place.count == size.count; };
    return std::equal(places_.begin(), places_.end(), layout.sizes().begin(), layout.sizes().end(), same);
  }
  if (layout.bytes() > bytes_) return false;
  place(layout);
  return true;
}

void Arena::place(const ArenaLayout& layout) {
  places_.clear();
  std::size_t next = 0;    // of memory_
  std::size_t offset = 0;  // in the only one
  for (const ArenaLayout::Size& size : layout.sizes()) {
    Place place{.address = nullptr, .count = size.count};
    if (size.bytes > 0) {
      place.address = static_cast<std::byte*>(memory_.at(next).get()) + offset;
      if (separate_) {
        ++next;
      } else {
        offset += aligned(size.bytes);
      }
    }
    places_.push_back(place);
  }
}

}  // namespace slalom::cuda
