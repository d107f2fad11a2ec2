// SPDX-License-Identifier: Apache-2.0
// Turns Arrow's and Parquet's statuses and exceptions into slalom's errors.
#include "data/arrow_error.hpp"

#include <fmt/format.h>

#include <string_view>

namespace slalom {

void throw_arrow_error(const arrow::Status& status, const std::string& path) {
  std::string_view message = status.message();
  message = message.substr(0, message.find('\n'));  // what follows the first line are positions in Arrow's sources
  if (status.IsOutOfMemory()) throw Error(ExitCode::kDevice, fmt::format("{}: not enough memory: {}", path, message));
  throw DataError(fmt::format("{}: cannot be read: {}", path, message));
}

}  // namespace slalom
