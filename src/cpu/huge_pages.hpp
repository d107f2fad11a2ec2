// SPDX-License-Identifier: Apache-2.0
// Large pages for data that is read in random order.
#pragma once

#include <cstddef>

namespace slalom::cpu {

/// Asks the kernel to hold memory in pages of 2 MiB from now on, so that a random row does not cost a walk of the page
/// tables (docs/performance.md). Contents and addresses stay. Does nothing for less than some MB or where the kernel
/// will not.
void use_huge_pages(const void* data, std::size_t bytes) noexcept;

}  // namespace slalom::cpu
