// SPDX-License-Identifier: Apache-2.0
// Device and pinned memory: what a run needs is counted first, then allocated as one piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include <cuda_runtime_api.h>

#include "cuda/shortage.hpp"

namespace slalom::cuda {

/// Where a request lies in its arena: an index, typed. Only the layout that made it and arenas of it understand it.
template <class T>
struct Piece {
  std::size_t index = 0;
};

/// Counts what an arena must hold.
class ArenaLayout {
 public:
  static constexpr std::size_t kAlignment = 256;  ///< of every piece, as cudaMalloc's

  /// `count` elements of T, uninitialised; 0 is allowed and gives a piece with a null pointer.
  template <class T>
  [[nodiscard]] Piece<T> add(std::int64_t count) {
    static_assert(std::is_trivially_copyable_v<T>);
    sizes_.push_back({static_cast<std::size_t>(count) * sizeof(T), static_cast<std::size_t>(count)});
    return {sizes_.size() - 1};
  }
  struct Size {
    std::size_t bytes = 0, count = 0;
  };
  [[nodiscard]] const std::vector<Size>& sizes() const noexcept { return sizes_; }
  /// Of all pieces in one allocation.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  std::vector<Size> sizes_;
};

/// kOrdinary: the host's, not page-locked.
enum class MemoryKind { kDevice, kPinned, kOrdinary };

/// The memory of one layout; move-only. One allocation for all pieces, or, if the environment variable
/// SLALOM_SEPARATE_ALLOCATIONS is set, one for each, so that a memory checker sees an access that runs from one piece
/// into the next. Uninitialised. Throws OutOfMemory that names the bytes asked for and free, or std::bad_alloc for
/// ordinary memory.
class Arena {
 public:
  Arena() = default;
  /// `room`: bytes of a single allocation at least, for later layouts.
  Arena(const ArenaLayout& layout, MemoryKind kind, std::size_t room = 0);

  /// Page-locked memory, or if the system has none to give, ordinary memory: copies are then slower, and `shortages`
  /// (if any) are told.
  [[nodiscard]] static Arena on_host(const ArenaLayout& layout, Shortages* shortages, std::size_t room = 0);

  /// Lays the memory that there is out anew. False if it is too small: nothing has changed then.
  [[nodiscard]] bool lay_out(const ArenaLayout& layout);

  template <class T>
  [[nodiscard]] T* pointer(Piece<T> piece) const {
    return static_cast<T*>(places_.at(piece.index).address);
  }
  template <class T>
  [[nodiscard]] std::size_t count(Piece<T> piece) const {
    return places_.at(piece.index).count;
  }
  /// Memory of the host only: it may read and write it.
  template <class T>
  [[nodiscard]] std::span<T> span(Piece<T> piece) const {
    return {pointer(piece), count(piece)};
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  struct Deleter {
    MemoryKind kind = MemoryKind::kDevice;
    void operator()(void* memory) const noexcept;
  };
  using Memory = std::unique_ptr<void, Deleter>;
  struct Place {
    void* address = nullptr;
    std::size_t count = 0;
  };

  static Memory allocate(std::size_t bytes, MemoryKind kind);
  void place(const ArenaLayout& layout);

  bool separate_ = false;
  std::vector<Memory> memory_;  ///< one, or if separate, one a piece that is not empty
  std::vector<Place> places_;
  std::size_t bytes_ = 0;
};

}  // namespace slalom::cuda
