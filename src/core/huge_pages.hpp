// SPDX-License-Identifier: Apache-2.0
// Large pages for data that is read in random order: with pages of 2 MiB a random row does not cost a walk of the page
// tables (docs/performance.md). Contents and addresses stay. Nothing is done for less than 4 MiB or where the kernel
// will not.
#pragma once

#include <cstddef>

#include <slalom/dataset.hpp>

namespace slalom::core {

/// Makes `values`, which are empty, n zeros. New memory gets such pages as it is written.
void assign_zeros(AlignedFloats& values, std::size_t n);

/// Asks for them for memory in use: its pages are copied together now.
void use_huge_pages(const void* data, std::size_t bytes) noexcept;

}  // namespace slalom::core
