// SPDX-License-Identifier: Apache-2.0
// Memory for parts of Arrow that end the process where it runs out.
#pragma once

#include <arrow/memory_pool.h>

namespace slalom {

/// The system's memory; std::bad_alloc where there is none. For Arrow's CSV parser, which aborts on the status that
/// other pools answer. May be used by several threads.
[[nodiscard]] arrow::MemoryPool* throwing_pool();

}  // namespace slalom
