// SPDX-License-Identifier: Apache-2.0
// Turns Arrow's and Parquet's statuses and exceptions into slalom's errors.
#include "data/arrow_error.hpp"

#include <arrow/util/io_util.h>
#include <fmt/format.h>

#include <new>
#include <string>
#include <string_view>
#include <system_error>

namespace slalom {

void throw_arrow_error(const arrow::Status& status, const std::string& path) {
  std::string_view message = status.message();
  message = message.substr(0, message.find('\n'));  // what follows the first line are positions in Arrow's sources
  if (status.IsOutOfMemory()) throw std::bad_alloc();
  // Arrow calls corrupt files I/O errors, too; only what the system refused has its number.
  const int error_number = arrow::internal::ErrnoFromStatus(status);
  if (error_number != 0) {
    const std::string reason = std::generic_category().message(error_number);
    throw Error(ExitCode::kIo, fmt::format("{}: reading failed: {}", path, reason));
  }
  throw DataError(fmt::format("{}: cannot be read: {}", path, message));
}

}  // namespace slalom
