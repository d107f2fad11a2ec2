// SPDX-License-Identifier: Apache-2.0
// Temporary device memory that is kept for the next time.
#include "cuda/scratch.hpp"

#include <algorithm>
#include <utility>

namespace slalom::cuda {
namespace {

Arena make_arena(std::size_t bytes) {
  ArenaLayout layout;
  static_cast<void>(layout.add<char>(static_cast<std::int64_t>(bytes)));
  return {layout, MemoryKind::kDevice};
}

}  // namespace

char* ScratchMemory::allocate(std::ptrdiff_t n_bytes) {
  if (n_bytes == 0) return nullptr;
  const auto bytes = static_cast<std::size_t>(n_bytes);
  const std::size_t most = std::max(2 * bytes, ArenaLayout::kAlignment);  // more would be wasted on it
  Arena arena;
  const auto found = free_.lower_bound(bytes);
  if (found != free_.end() && found->first <= most) {
    arena = std::move(found->second);
    free_.erase(found);
  } else {
    try {
      arena = make_arena(bytes);
    } catch (const OutOfMemory&) {
      if (free_.empty()) throw;
      free_.clear();
      arena = make_arena(bytes);
    }
  }
  char* const address = arena.pointer(Piece<char>{});
  used_.emplace(address, std::move(arena));
  return address;
}

std::int64_t ScratchMemory::memory_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const auto& [address, arena] : used_) bytes += arena.bytes();
  for (const auto& [size, arena] : free_) bytes += arena.bytes();
  return static_cast<std::int64_t>(bytes);
}

void ScratchMemory::deallocate(char* address, std::size_t) {
  auto node = used_.extract(address);
  if (node.empty()) return;  // nothing was asked for
  const std::size_t bytes = node.mapped().bytes();
  free_.emplace(bytes, std::move(node.mapped()));
}

}  // namespace slalom::cuda
