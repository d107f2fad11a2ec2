// SPDX-License-Identifier: Apache-2.0
// madvise, where there is one.
#include "core/huge_pages.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <memory>

namespace slalom::core {
namespace {

/// What is returned does not matter: all advice is a hint.
void advise([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes,
            [[maybe_unused]] int advice) noexcept {
#if defined(__linux__)
  constexpr std::size_t kPage = std::size_t{2} << 20U;
  constexpr std::size_t kWorthWhile = std::size_t{4} << 20U;  // less is covered by the second-level TLB
  if (bytes < kWorthWhile) return;
  void* pages = const_cast<void*>(data);
  std::size_t space = bytes;
  if (std::align(kPage, kPage, pages, space) == nullptr) return;
  static_cast<void>(madvise(pages, space / kPage * kPage, advice));
#endif
}

/// Memory that nobody has written to gets such pages at the first write.
void expect_huge_pages([[maybe_unused]] const void* data, [[maybe_unused]] std::size_t bytes) noexcept {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  advise(data, bytes, MADV_HUGEPAGE);
#endif
}

}  // namespace

void assign_zeros(AlignedFloats& values, std::size_t n) {
  values.reserve(n);
  expect_huge_pages(values.data(), n * sizeof(float));
  values.assign(n, 0.0F);
}

void use_huge_pages(const void* data, std::size_t bytes) noexcept {
  constexpr int kCollapse = 25;  // MADV_COLLAPSE of Linux 6.1
  expect_huge_pages(data, bytes);
  advise(data, bytes, kCollapse);
}

}  // namespace slalom::core
