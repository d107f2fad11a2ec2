// SPDX-License-Identifier: Apache-2.0
// Converts Arrow arrays to slalom's columns.
#pragma once

#include <arrow/type_fwd.h>

#include <optional>
#include <string>

#include "data/typed_column.hpp"

namespace slalom {

/// Whether a column of Arrow type `type` is categorical when nothing else is known: booleans, strings, binaries and
/// dictionaries are; numbers, decimals, dates, times and nulls are not. Throws DataError naming column and type for
/// other types (lists, structs, ...).
[[nodiscard]] bool is_categorical_type(const arrow::DataType& type, const std::string& source,
                                       const std::string& column);

/// Appends all values of `array`, whose type is_categorical_type() has accepted; nulls are missing. Dates become days,
/// timestamps seconds since 1970-01-01 (UTC), times seconds since midnight and durations seconds. Throws DataError as
/// TypedColumn.
void append_array(const arrow::Array& array, TypedColumn& column);

}  // namespace slalom
