// SPDX-License-Identifier: Apache-2.0
// Reads Parquet files batch by batch.
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/properties.h>

#include <algorithm>

#include "data/arrow_error.hpp"
#include "data/arrow_reader.hpp"
#include "data/byte_source.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kBatchCells = std::int64_t{1} << 21;
constexpr std::int64_t kMaxBatchRows = std::int64_t{1} << 16;

/// The reader must outlive the batch reader made from it.
struct OpenParquet {
  std::unique_ptr<parquet::arrow::FileReader> file;
  std::unique_ptr<arrow::RecordBatchReader> batches;
};

std::shared_ptr<OpenParquet> open_file(const std::string& path) {
  auto input = check_arrow(arrow::io::ReadableFile::Open(path), path);
  parquet::arrow::FileReaderBuilder builder;
  check_arrow(builder.Open(std::move(input)), path);
  const std::int64_t n_columns = builder.raw_reader()->metadata()->num_columns();
  auto properties = parquet::default_arrow_reader_properties();
  properties.set_use_threads(true);
  properties.set_pre_buffer(false);  // which would hold the column chunks of whole row groups
  properties.set_batch_size(
      std::clamp<std::int64_t>(kBatchCells / std::max<std::int64_t>(n_columns, 1), 1, kMaxBatchRows));
  auto open = std::make_shared<OpenParquet>();
  check_arrow(builder.properties(properties)->Build(&open->file), path);
  open->batches = check_arrow(open->file->GetRecordBatchReader(), path);
  return open;
}

}  // namespace

std::unique_ptr<TableReader> open_parquet(const std::string& path, const ReadOptions& options) {
  check_input_file(path);
  return guard_arrow(path, [&] {
    const auto open = open_file(path);
    return make_arrow_reader(path, options, *open->batches->schema(), [open] { return open->batches->Next(); });
  });
}

}  // namespace slalom
