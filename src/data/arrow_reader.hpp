// SPDX-License-Identifier: Apache-2.0
// What reading Parquet and Arrow IPC files has in common: record batches become pieces of a table.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "data/table_reader.hpp"

namespace slalom {

/// Hands out the next batch of a file, null at the end.
using NextBatch = std::function<arrow::Result<std::shared_ptr<arrow::RecordBatch>>()>;

/// A reader over `next_batch`, whose batches have the given schema. Batches are released as soon as they are converted.
std::unique_ptr<TableReader> make_arrow_reader(const std::string& path, const ReadOptions& options,
                                               const arrow::Schema& schema, NextBatch next_batch);

}  // namespace slalom
