// SPDX-License-Identifier: Apache-2.0
// madvise, where there is one.
#include "cpu/huge_pages.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdint>

namespace slalom::cpu {

void use_huge_pages([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t kPage = std::uintptr_t{2} << 20U;
  constexpr std::size_t kWorthWhile = std::size_t{4} << 20U;  // less is covered by the second-level TLB
  constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1: at once, for pages that are in use already
  if (bytes < kWorthWhile) return;
  const auto address = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t begin = (address + kPage - 1) / kPage * kPage;
  const std::uintptr_t end = (address + bytes) / kPage * kPage;
  if (begin >= end) return;
  void* pages = reinterpret_cast<void*>(begin);
  // Both are hints: what they return does not matter.
  static_cast<void>(madvise(pages, end - begin, MADV_HUGEPAGE));
  static_cast<void>(madvise(pages, end - begin, kCollapse));
#endif
}

}  // namespace slalom::cpu
