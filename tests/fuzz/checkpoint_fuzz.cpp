// SPDX-License-Identifier: Apache-2.0
// Fuzzes checkpoints. The last four bytes become the right checksum: else hardly an input would get beyond it.
#include <cstring>

#include <slalom/error.hpp>

#include "fuzz/memory_file.hpp"
#include "train/checkpoint_file.hpp"
#include "train/checkpoint_json.hpp"
#include "train/checksum.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(slalom::fuzz::as_text(data, size));
  if (size >= sizeof(std::uint32_t)) {
    bytes.resize(size - sizeof(std::uint32_t));
    const std::uint32_t sum = slalom::training::checksum_of(bytes);
    bytes.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  }
  const slalom::fuzz::MemoryFile file(bytes);
  try {
    const slalom::training::Checkpoint checkpoint = slalom::training::read_checkpoint(file.path());
    static_cast<void>(checkpoint.steps());
    static_cast<void>(checkpoint.watched_loss());
    static_cast<void>(slalom::training::to_json(checkpoint));
  } catch (const slalom::Error&) {
  }
  return 0;
}
