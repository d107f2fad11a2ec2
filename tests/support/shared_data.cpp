// SPDX-License-Identifier: Apache-2.0
// Finds the shared test data through the environment or beside the source tree.
#include "support/shared_data.hpp"

#include <cstdlib>

namespace slalom::testing {

std::filesystem::path shared_dir() {
  if (const char* named = std::getenv("SLALOM_SHARED")) return named;
  const std::filesystem::path beside = std::filesystem::path(SLALOM_SOURCE_DIR) / ".." / "shared";
  if (std::filesystem::exists(beside / "golden")) return std::filesystem::canonical(beside);
  return {};
}

}  // namespace slalom::testing
