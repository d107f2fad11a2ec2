// SPDX-License-Identifier: Apache-2.0
// Fuzzes --config files.
#include <slalom/error.hpp>

#include "cli/config_file.hpp"
#include "fuzz/memory_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const slalom::fuzz::MemoryFile file(slalom::fuzz::as_text(data, size));
  try {
    static_cast<void>(slalom::cli::expand_config({"train", "--config", file.path(), "--lr", "0.1"}));
  } catch (const slalom::Error&) {
  }
  return 0;
}
