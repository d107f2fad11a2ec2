// SPDX-License-Identifier: Apache-2.0
// Fuzzes LIBSVM text.
#include "fuzz/read_both_ways.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const slalom::fuzz::MemoryFile file(slalom::fuzz::as_text(data, size));
  slalom::fuzz::read_both_ways(file.path(), {.format = "libsvm", .dense_limit_bytes = 1 << 24});
  return 0;
}
