// SPDX-License-Identifier: Apache-2.0
// Large pages for data that is read in random order.
#pragma once

#include <cstddef>

namespace slalom::core {

/// Asks the kernel to hold memory in pages of 2 MiB, so that a random row does not cost a walk of the page tables
/// (docs/performance.md). Contents and addresses stay. These do nothing for less than some MB or where the kernel will
/// not.

/// For memory that nobody has written to: it gets such pages at the first write.
void expect_huge_pages(const void* data, std::size_t bytes) noexcept;

/// For memory in use: its pages are copied together now.
void use_huge_pages(const void* data, std::size_t bytes) noexcept;

}  // namespace slalom::core
