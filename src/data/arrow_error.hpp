// SPDX-License-Identifier: Apache-2.0
// Turns Arrow's and Parquet's statuses and exceptions into slalom's errors.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "slalom/error.hpp"

namespace slalom {

/// Throws what `status` means for the input file `path`: Error (kIo) if reading failed, std::bad_alloc if memory ran
/// out, else DataError.
[[noreturn]] void throw_arrow_error(const arrow::Status& status, const std::string& path);

inline void check_arrow(const arrow::Status& status, const std::string& path) {
  if (!status.ok()) throw_arrow_error(status, path);
}

template <class T>
T check_arrow(arrow::Result<T> result, const std::string& path) {
  if (!result.ok()) throw_arrow_error(result.status(), path);
  return std::move(result).ValueUnsafe();
}

/// Calls `action`; exceptions that Arrow or Parquet let out while they read a corrupt file become DataError.
template <class Action>
auto guard_arrow(const std::string& path, const Action& action) {
  try {
    return action();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& exception) {
    throw_arrow_error(arrow::Status::Invalid(exception.what()), path);
  }
}

}  // namespace slalom
