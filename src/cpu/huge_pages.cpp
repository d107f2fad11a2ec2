// SPDX-License-Identifier: Apache-2.0
// madvise, where there is one.
#include "cpu/huge_pages.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <memory>

namespace slalom::cpu {

void use_huge_pages([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  constexpr std::size_t kPage = std::size_t{2} << 20U;
  constexpr std::size_t kWorthWhile = std::size_t{4} << 20U;  // less is covered by the second-level TLB
  constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1: at once, for pages that are in use already
  if (bytes < kWorthWhile) return;
  void* pages = const_cast<void*>(data);
  std::size_t space = bytes;
  if (std::align(kPage, kPage, pages, space) == nullptr) return;
  const std::size_t whole = space / kPage * kPage;
  // Both are hints: what they return does not matter.
  static_cast<void>(madvise(pages, whole, MADV_HUGEPAGE));
  static_cast<void>(madvise(pages, whole, kCollapse));
#endif
}

}  // namespace slalom::cpu
